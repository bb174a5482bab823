//! Values in which two runs of the same story may differ.

use std::{collections::HashMap, sync::LazyLock};

use regex::{Captures, Regex};
use serde_json::Value;

static HOST: LazyLock<Regex> = LazyLock::new(|| pattern(r"http://127\.0\.0\.1:\d+"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"));
static DATE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"));
static SIGNED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(X-Amz-(?:Date|Signature|Credential))=[0-9A-Za-z%]+"));
/// UUIDs and hashes: of a content that has a time in it there is another hash.
static ID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b ([a-z]{2,8}_)?
        ([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}
        | [0-9a-f]{16} | [0-9a-f]{40} | [0-9a-f]{64}) \b",
    )
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
        let text = DATE.replace_all(&text, "moment");
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

/// Times, durations, and the sizes of what has a time in it and is compressed.
fn is_moment(name: &str) -> bool {
    name.ends_with("_ms") || ["bytes", "size_bytes"].contains(&name)
}

/// Differences of two documents, with their paths.
pub(crate) fn differing(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (name, value) in a {
                differing(&format!("{path}.{name}"), value, &b[name], found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differing(&format!("{path}[{at}]"), a, b, found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{path}\n  local    {ours}\n  emulated {theirs}")),
    }
}
