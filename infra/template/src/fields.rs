//! Fields of a resource. Each is taken once, and the remaining ones are refused by name.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::{Map, Value};

use super::Refused;

/// An object of the template with resolved intrinsic functions.
pub(super) struct Fields {
    path: String,
    left: Map<String, Value>,
}

impl Fields {
    /// # Errors
    /// If the value is no object. A missing value is an empty object.
    pub(super) fn new(path: impl Into<String>, value: Option<Value>) -> Result<Self, Refused> {
        let path = path.into();
        match value {
            None | Some(Value::Null) => Ok(Self {
                path,
                left: Map::new(),
            }),
            Some(Value::Object(left)) => Ok(Self { path, left }),
            Some(_) => Err(Refused::new(path, "must be an object")),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        join(&self.path, name)
    }

    pub(super) fn refuse(&self, name: &str, reason: impl Into<String>) -> Refused {
        Refused::new(self.path(name), reason)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Fields, Refused> {
        Fields::new(self.path(name), self.left.remove(name))
    }

    /// Returns the objects in an object by name.
    pub(super) fn objects(mut self) -> Result<Vec<(String, Fields)>, Refused> {
        std::mem::take(&mut self.left)
            .into_iter()
            .map(|(name, value)| {
                let fields = Fields::new(self.path(&name), Some(value))?;
                Ok((name, fields))
            })
            .collect()
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Value>, Refused> {
        match self.left.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.refuse(name, "must be a list")),
        }
    }

    pub(super) fn list_of_objects(&mut self, name: &str) -> Result<Vec<Fields>, Refused> {
        let path = self.path(name);
        self.list(name)?
            .into_iter()
            .enumerate()
            .map(|(index, value)| Fields::new(format!("{path}[{index}]"), Some(value)))
            .collect()
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, Refused> {
        self.list(name)?
            .into_iter()
            .map(|value| text(&value).ok_or_else(|| self.refuse(name, "must be a list of texts")))
            .collect()
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Refused> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(value) => match text(&value) {
                Some(text) => Ok(Some(text)),
                None => Err(self.refuse(name, "must be a text")),
            },
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, Refused> {
        self.optional_text(name)?
            .ok_or_else(|| self.refuse(name, "is missing"))
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> Result<bool, Refused> {
        match self.optional_text(name)?.as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(self.refuse(name, "must be true or false")),
        }
    }

    pub(super) fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Refused> {
        let Some(text) = self.optional_text(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(self.refuse(
                name,
                format!(
                    "must be from {} to {}, not {text}",
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, Refused> {
        Ok(self.optional_number(name, range)?.unwrap_or(default))
    }

    /// Checks that the field is missing or has exactly this value.
    pub(super) fn only(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match self.optional_text(name)? {
            Some(found) if found != value => {
                Err(self.refuse(name, format!("`{found}` is not supported, only `{value}`")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn text_map(self) -> Result<BTreeMap<String, String>, Refused> {
        let path = self.path;
        self.left
            .into_iter()
            .map(|(name, value)| match text(&value) {
                Some(value) => Ok((name, value)),
                None => Err(Refused::new(join(&path, &name), "must be a text")),
            })
            .collect()
    }

    /// Refuses remaining fields, except those that have no effect locally.
    pub(super) fn finish(self, without_effect: &[&str]) -> Result<(), Refused> {
        match self
            .left
            .keys()
            .find(|name| !without_effect.contains(&name.as_str()))
        {
            Some(name) => Err(Refused::new(
                join(&self.path, name),
                "is not supported locally",
            )),
            None => Ok(()),
        }
    }
}

/// Returns a value as text. CloudFormation converts between texts, numbers and booleans.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
