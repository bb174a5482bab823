//! Intrinsic functions, parameters, conditions and pseudo parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    ACCOUNT, REGION, Refused,
    fields::{join, text},
    model::physical_name,
};

/// Meaning of a logical id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Function,
    Api,
    Queue,
    Table,
    Bucket,
    /// A resource without an effect locally, such as a role.
    Inert,
}

/// Names that the template may refer to.
pub(super) struct Scope<'a> {
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) conditions: BTreeMap<String, bool>,
    pub(super) resources: BTreeMap<String, Kind>,
    /// Base URL of SQS, for queue URLs.
    pub(super) sqs: &'a str,
}

impl Scope<'_> {
    /// Resolves the intrinsic functions of a value. Returns `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value, path: &str) -> Result<Option<Value>, Refused> {
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    resolved.extend(self.resolve(item, &format!("{path}[{index}]"))?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(fields) => {
                if let Some((name, argument)) = intrinsic(fields) {
                    return self.call(name, argument, path);
                }
                let mut resolved = Map::new();
                for (name, field) in fields {
                    if let Some(field) = self.resolve(field, &join(path, name))? {
                        resolved.insert(name.clone(), field);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value, path: &str) -> Result<Option<Value>, Refused> {
        let refused = |reason: String| Err(Refused::new(path, reason));
        match (name, argument) {
            ("Ref", Value::String(target)) if target == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(target)) => self.reference(target, path).map(Some),
            ("Fn::GetAtt", Value::String(target)) => match target.split_once('.') {
                Some((id, attribute)) => self.attribute(id, attribute, path).map(Some),
                None => refused(format!("GetAtt `{target}` names no attribute")),
            },
            ("Fn::GetAtt", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    self.attribute(id, attribute, path).map(Some)
                }
                _ => refused("GetAtt takes a logical id and an attribute".into()),
            },
            ("Fn::Sub", Value::String(pattern)) => {
                self.substitute(pattern, &BTreeMap::new(), path).map(Some)
            }
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(names)] => {
                    let mut local = BTreeMap::new();
                    for (name, value) in names {
                        let value = self.resolve(value, path)?.as_ref().and_then(text);
                        let Some(value) = value else {
                            return refused(format!("Sub `{name}` is no text"));
                        };
                        local.insert(name.clone(), value);
                    }
                    self.substitute(pattern, &local, path).map(Some)
                }
                _ => refused("Sub takes a text, or a text and an object".into()),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => match self.conditions.get(condition) {
                    Some(true) => self.resolve(yes, path),
                    Some(false) => self.resolve(no, path),
                    None => refused(format!("condition `{condition}` is not declared")),
                },
                _ => refused("If takes a condition and two values".into()),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(separator), list] => {
                    let Some(Value::Array(items)) = self.resolve(list, path)? else {
                        return refused("Join takes a list".into());
                    };
                    match items.iter().map(text).collect::<Option<Vec<_>>>() {
                        Some(items) => Ok(Some(items.join(separator).into())),
                        None => refused("Join takes a list of texts".into()),
                    }
                }
                _ => refused("Join takes a separator and a list".into()),
            },
            ("Fn::Split", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(separator), source] if !separator.is_empty() => {
                    match self.resolve(source, path)?.as_ref().and_then(text) {
                        Some(source) => Ok(Some(source.split(separator.as_str()).collect())),
                        None => refused("Split takes a text".into()),
                    }
                }
                _ => refused("Split takes a separator and a text".into()),
            },
            ("Ref" | "Fn::GetAtt" | "Fn::Sub" | "Fn::If" | "Fn::Join" | "Fn::Split", _) => {
                refused(format!("{name} has an argument of the wrong kind"))
            }
            _ => refused(format!("{name} is not supported locally")),
        }
    }

    fn reference(&self, target: &str, path: &str) -> Result<Value, Refused> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        let pseudo = match target {
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "local",
            _ => "",
        };
        if !pseudo.is_empty() {
            return Ok(pseudo.into());
        }
        match self.resources.get(target) {
            Some(Kind::Queue) => Ok(self.queue_url(target).into()),
            Some(Kind::Function) => Ok(target.into()),
            Some(_) => Ok(physical_name(target).into()),
            None => Err(Refused::new(
                path,
                format!("`{target}` is neither a parameter nor a resource"),
            )),
        }
    }

    fn attribute(&self, id: &str, attribute: &str, path: &str) -> Result<Value, Refused> {
        let Some(kind) = self.resources.get(id) else {
            return Err(Refused::new(path, format!("`{id}` is no resource")));
        };
        let name = physical_name(id);
        let value = match (kind, attribute) {
            (Kind::Function, "Arn") => function_arn(id),
            (Kind::Queue, "Arn") => queue_arn(id),
            (Kind::Queue, "QueueName") => name,
            (Kind::Queue, "QueueUrl") => self.queue_url(id),
            (Kind::Table, "Arn") => format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"),
            (Kind::Bucket, "Arn") => format!("arn:aws:s3:::{name}"),
            (Kind::Inert, "Arn") => format!("arn:aws:local:{REGION}:{ACCOUNT}:{name}"),
            _ => {
                return Err(Refused::new(
                    path,
                    format!("attribute `{attribute}` of `{id}` is not supported locally"),
                ));
            }
        };
        Ok(value.into())
    }

    fn queue_url(&self, id: &str) -> String {
        format!(
            "{}/{ACCOUNT}/{}",
            self.sqs.trim_end_matches('/'),
            physical_name(id)
        )
    }

    fn substitute(
        &self,
        pattern: &str,
        local: &BTreeMap<String, String>,
        path: &str,
    ) -> Result<Value, Refused> {
        let mut result = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Refused::new(path, "Sub has a `${` without `}`"));
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str("${");
                result.push_str(literal);
                result.push('}');
            } else if let Some(value) = local.get(name) {
                result.push_str(value);
            } else {
                let value = match name.split_once('.') {
                    Some((id, attribute)) => self.attribute(id, attribute, path)?,
                    None => self.reference(name, path)?,
                };
                let value = text(&value)
                    .ok_or_else(|| Refused::new(path, format!("Sub `{name}` is no text")))?;
                result.push_str(&value);
            }
        }
        result.push_str(rest);
        Ok(result.into())
    }

    /// Evaluates an expression of the section `Conditions`.
    pub(super) fn condition(
        &self,
        declared: &Map<String, Value>,
        expression: &Value,
        path: &str,
        depth: usize,
    ) -> Result<bool, Refused> {
        // Only conditions that refer to each other in a cycle nest this deep.
        if depth > declared.len() + 64 {
            return Err(Refused::new(path, "refers to itself"));
        }
        let call = expression.as_object().and_then(intrinsic);
        let each = |items: &Vec<Value>| {
            items
                .iter()
                .map(|item| self.condition(declared, item, path, depth + 1))
                .collect::<Result<Vec<_>, _>>()
        };
        match call {
            Some(("Fn::Equals", Value::Array(pair))) if pair.len() == 2 => {
                let side = |value| Ok(self.resolve(value, path)?.as_ref().and_then(text));
                Ok(side(&pair[0])? == side(&pair[1])?)
            }
            Some(("Fn::Not", Value::Array(items))) if items.len() == 1 => Ok(!each(items)?[0]),
            Some(("Fn::And", Value::Array(items))) if (2..=10).contains(&items.len()) => {
                Ok(each(items)?.into_iter().all(|truth| truth))
            }
            Some(("Fn::Or", Value::Array(items))) if (2..=10).contains(&items.len()) => {
                Ok(each(items)?.into_iter().any(|truth| truth))
            }
            Some(("Condition", Value::String(name))) => match declared.get(name) {
                Some(expression) => self.condition(declared, expression, path, depth + 1),
                None => Err(Refused::new(
                    path,
                    format!("condition `{name}` is not declared"),
                )),
            },
            Some((name, _)) => Err(Refused::new(path, format!("{name} is not supported here"))),
            None => Err(Refused::new(path, "is no condition")),
        }
    }
}

/// Returns name and argument of a call of an intrinsic function.
pub(super) fn intrinsic(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None)
            if name == "Ref"
                || name.starts_with("Fn::")
                || (name == "Condition" && argument.is_string()) =>
        {
            Some((name, argument))
        }
        _ => None,
    }
}

pub(super) fn function_arn(id: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{id}")
}

pub(super) fn queue_arn(id: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", physical_name(id))
}
