//! What two runs of the same story may differ in.

use std::{collections::HashMap, sync::LazyLock};

use regex::{Captures, Regex};
use serde_json::Value;

static HOST: LazyLock<Regex> = LazyLock::new(|| pattern(r"http://127\.0\.0\.1:\d+"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"));
static SIGNED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(X-Amz-(?:Date|Signature|Credential))=[0-9A-Za-z%]+"));
static ID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b([a-z]{2,8}_)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Names for ids, in the order in which they are met.
#[derive(Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// A document in which everything that may differ has a name of its own.
    pub(crate) fn blurred(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.blurred(item)).collect(),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| {
                    let value = match value {
                        Value::Number(_) if is_moment(name) => "moment".into(),
                        value => self.blurred(value),
                    };
                    (name.clone(), value)
                });
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let text = HOST.replace_all(text, "http://host");
        let text = TIME.replace_all(&text, "moment");
        let text = SIGNED.replace_all(&text, "$1=signed");
        let named = ID.replace_all(&text, |id: &Captures<'_>| {
            let next = self.0.len();
            let kind = id.get(1).map_or("id_", |kind| kind.as_str());
            let name = self.0.entry(id[0].to_owned());
            name.or_insert_with(|| format!("{kind}{next}")).clone()
        });
        named.into_owned()
    }
}

/// A text without anything that may differ.
pub(crate) fn anonymous(text: &str) -> String {
    let text = HOST.replace_all(text, "http://host");
    let text = TIME.replace_all(&text, "moment");
    ID.replace_all(&text, "${1}id").into_owned()
}

fn is_moment(name: &str) -> bool {
    ["_ms", "_at", "_s_left"].iter().any(|end| name.ends_with(end))
}
