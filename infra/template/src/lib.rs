//! Reader of `template.yaml`, the single source of everything that is deployed.
//!
//! It refuses what it does not understand. A template that runs locally but means something else on
//! AWS would be worse than one that does not run.

mod fields;
mod functions;
mod intrinsics;
pub mod model;
mod rules;
mod stores;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use self::yaml::parse;

use self::{
    fields::{Fields, join, text},
    intrinsics::{Kind, Scope},
    model::{Api, Template},
};

/// Region of all local services.
pub const REGION: &str = "us-east-1";

/// Account of all local services.
pub const ACCOUNT: &str = "000000000000";

/// Reason and location of an error in a template.
#[derive(Debug, thiserror::Error)]
#[error("{path}{}{reason}", if path.is_empty() { "the template " } else { ": " })]
pub struct Refused {
    path: String,
    reason: String,
}

impl Refused {
    fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
        }
    }
}

/// Local values for a template.
pub struct Site<'a> {
    /// Base URL of SQS, for queue URLs.
    pub sqs: &'a str,
    /// Replacements for environment variables of the same name. `DEFAULT_AUTHORIZER` replaces
    /// `DefaultAuthorizer`, `AWS_LAMBDA_LOG_LEVEL` every `ApplicationLogLevel`,
    /// `CORS_ALLOW_ORIGINS` the parameter `CorsAllowOrigins`, and `ANALYSIS_BATCH` the parameter
    /// `AnalysisBatch`.
    pub overrides: &'a BTreeMap<String, String>,
}

/// Parameters that no environment variable corresponds to, and their replacements.
const REPLACED: [(&str, &str); 2] = [
    ("AnalysisBatch", "ANALYSIS_BATCH"),
    ("CorsAllowOrigins", "CORS_ALLOW_ORIGINS"),
];

/// Resource types without an effect locally.
const INERT_TYPES: &[&str] = &[
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];

const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Reads a template.
///
/// # Errors
/// Names the first part that is unknown, or that AWS would refuse.
pub fn read(text: &str, site: &Site<'_>) -> Result<Template, Refused> {
    let mut document = Fields::new("", Some(yaml::parse(text)?))?;
    document.only("Transform", TRANSFORM)?;
    let globals = globals(document.object("Globals")?)?;
    let mut parameters = parameters(document.object("Parameters")?)?;
    for (name, variable) in REPLACED {
        if let Some(parameter) = parameters.get_mut(name)
            && let Some(value) = site.overrides.get(variable)
        {
            *parameter = value.clone().into();
        }
    }
    let conditions = document.take("Conditions");
    let resources = document.object("Resources")?.objects()?;
    let outputs = document.take("Outputs");
    document.finish(&[
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Rules",
    ])?;

    let mut scope = Scope {
        parameters,
        conditions: BTreeMap::new(),
        resources: BTreeMap::new(),
        sqs: site.sqs,
    };
    scope.conditions = evaluate(&scope, conditions)?;
    let resources = declare(&mut scope, resources)?;
    if let Some(outputs) = outputs {
        scope.resolve(&outputs, "Outputs")?;
    }

    let mut template = Template::default();
    let mut routes = Vec::new();
    for resource in resources {
        let Resource {
            id,
            kind,
            properties,
            binary,
        } = resource;
        let path = format!("Resources.{id}.Properties");
        let properties = match (kind, properties) {
            (Kind::Function, Some(own)) => Some(merge(globals.clone(), own)),
            (Kind::Function, None) => Some(globals.clone()),
            (_, properties) => properties,
        };
        let properties = match properties {
            Some(properties) => scope.resolve(&properties, &path)?,
            None => None,
        };
        if kind != Kind::Function {
            refuse_dynamic_reference(properties.as_ref(), &path)?;
        }
        let fields = Fields::new(path, properties)?;
        match kind {
            Kind::Function => {
                let (function, own) = functions::function(&id, binary, fields, &scope, site)?;
                template.functions.push(function);
                routes.extend(own);
            }
            Kind::Api if template.api.is_some() => {
                return Err(Refused::new(format!("Resources.{id}"), "is a second API"));
            }
            Kind::Api => template.api = Some(functions::api(&id, fields, &scope, site)?),
            Kind::Queue => template.queues.push(stores::queue(&id, fields, &scope)?),
            Kind::Table => template.tables.push(stores::table(&id, fields)?),
            Kind::Bucket => template.buckets.push(stores::bucket(&id, fields)?),
            Kind::Inert => {}
        }
    }
    attach(&mut template.api, routes)?;
    rules::check(&template)?;
    Ok(template)
}

/// A resource with unresolved properties.
struct Resource {
    id: String,
    kind: Kind,
    properties: Option<Value>,
    binary: Option<String>,
}

/// Declares every resource in the scope, so that they can refer to each other.
fn declare(
    scope: &mut Scope<'_>,
    resources: Vec<(String, Fields)>,
) -> Result<Vec<Resource>, Refused> {
    let mut declared = Vec::new();
    let mut depends_on = Vec::new();
    for (id, mut fields) in resources {
        if let Some(condition) = fields.optional_text("Condition")? {
            match scope.conditions.get(&condition) {
                Some(true) => {}
                Some(false) => continue,
                None => return Err(fields.refuse("Condition", "is not declared")),
            }
        }
        let kind = match fields.text("Type")?.as_str() {
            "AWS::Serverless::Function" => Kind::Function,
            "AWS::Serverless::HttpApi" => Kind::Api,
            "AWS::SQS::Queue" => Kind::Queue,
            "AWS::DynamoDB::Table" => Kind::Table,
            "AWS::S3::Bucket" => Kind::Bucket,
            name if INERT_TYPES.contains(&name) => Kind::Inert,
            name => return Err(fields.refuse("Type", format!("`{name}` is not supported locally"))),
        };
        let properties = fields.take("Properties");
        let binary = match kind {
            Kind::Function => {
                let mut metadata = fields.object("Metadata")?;
                metadata.only("BuildMethod", "rust-cargolambda")?;
                let binary = metadata
                    .object("BuildProperties")?
                    .optional_text("Binary")?;
                metadata.finish(&[])?;
                binary
            }
            _ => None,
        };
        match fields.take("DependsOn") {
            Some(Value::Array(names)) => depends_on.extend(names),
            other => depends_on.extend(other),
        }
        fields.finish(&["DeletionPolicy", "Metadata", "UpdateReplacePolicy"])?;
        scope.resources.insert(id.clone(), kind);
        declared.push(Resource {
            id,
            kind,
            properties,
            binary,
        });
    }
    for name in depends_on {
        if !text(&name).is_some_and(|name| scope.resources.contains_key(&name)) {
            return Err(Refused::new("DependsOn", format!("{name} is no resource")));
        }
    }
    Ok(declared)
}

fn attach(api: &mut Option<Api>, routes: Vec<(String, model::Route)>) -> Result<(), Refused> {
    for (api_id, route) in routes {
        match api {
            Some(api) if model::physical_name(&api.name) == api_id => api.routes.push(route),
            _ => {
                return Err(Refused::new(
                    format!("Resources.{}", route.function),
                    format!("its ApiId `{api_id}` is no API of the template"),
                ));
            }
        }
    }
    let Some(api) = api else { return Ok(()) };
    let default = api.default_authorizer.clone();
    for route in &mut api.routes {
        if let model::RouteAuthorizer::Default = route.authorizer {
            route.authorizer = match &default {
                Some(name) => model::RouteAuthorizer::Named(name.clone()),
                None => model::RouteAuthorizer::None,
            };
        }
    }
    Ok(())
}

fn globals(mut globals: Fields) -> Result<Value, Refused> {
    let function = globals.take("Function");
    globals.finish(&[])?;
    Ok(function.unwrap_or_else(|| Value::Object(Map::new())))
}

/// Merges maps and appends lists. Other values override
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>).
fn merge(global: Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(mut global), Value::Object(own))
            if intrinsics::intrinsic(&global).is_none()
                && intrinsics::intrinsic(&own).is_none() =>
        {
            for (name, value) in own {
                let merged = match global.remove(&name) {
                    Some(inherited) => merge(inherited, value),
                    None => value,
                };
                global.insert(name, merged);
            }
            Value::Object(global)
        }
        (Value::Array(mut global), Value::Array(own)) => {
            global.extend(own);
            Value::Array(global)
        }
        (_, own) => own,
    }
}

/// Returns the defaults of all parameters, which are the local values.
fn parameters(parameters: Fields) -> Result<BTreeMap<String, Value>, Refused> {
    let mut values = BTreeMap::new();
    for (name, mut fields) in parameters.objects()? {
        let kind = fields.text("Type")?;
        let default = fields.text("Default")?;
        let allowed = fields.texts("AllowedValues")?;
        if !allowed.is_empty() && !allowed.contains(&default) {
            return Err(fields.refuse("Default", "is none of AllowedValues"));
        }
        let value = match kind.as_str() {
            "String" => default.into(),
            "Number" if default.parse::<f64>().is_ok() => default.into(),
            "Number" => return Err(fields.refuse("Default", "is no number")),
            "CommaDelimitedList" => default
                .split(',')
                .map(|item| Value::from(item.trim()))
                .collect(),
            _ => return Err(fields.refuse("Type", format!("`{kind}` is not supported locally"))),
        };
        fields.finish(&[
            "AllowedPattern",
            "ConstraintDescription",
            "Description",
            "MaxLength",
            "MaxValue",
            "MinLength",
            "MinValue",
            "NoEcho",
        ])?;
        values.insert(name, value);
    }
    Ok(values)
}

fn evaluate(
    scope: &Scope<'_>,
    conditions: Option<Value>,
) -> Result<BTreeMap<String, bool>, Refused> {
    let declared = match conditions {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(declared)) => declared,
        Some(_) => return Err(Refused::new("Conditions", "must be an object")),
    };
    declared
        .iter()
        .map(|(name, expression)| {
            let path = format!("Conditions.{name}");
            let truth = scope.condition(&declared, expression, &path, 0)?;
            Ok((name.clone(), truth))
        })
        .collect()
}

/// Refuses `{{resolve:ssm…}}` and `{{resolve:secretsmanager…}}`, which have no local value.
fn refuse_dynamic_reference(value: Option<&Value>, path: &str) -> Result<(), Refused> {
    match value {
        Some(Value::String(text)) if text.contains("{{resolve:") => Err(Refused::new(
            path,
            format!("the dynamic reference `{text}` cannot be resolved locally"),
        )),
        Some(Value::Array(items)) => items.iter().enumerate().try_for_each(|(index, item)| {
            refuse_dynamic_reference(Some(item), &format!("{path}[{index}]"))
        }),
        Some(Value::Object(fields)) => fields
            .iter()
            .try_for_each(|(name, field)| refuse_dynamic_reference(Some(field), &join(path, name))),
        _ => Ok(()),
    }
}
