//! Breaking changes between two versions of the contract: pure functions of two documents.
//!
//! A request that was accepted must still be accepted, so each old request schema must be within
//! the new one. A response must be a known one, so each new response schema must be within the old
//! one, except for new members, which clients ignore. Both are the same question in opposite
//! directions.

mod schema;

use std::fmt;

use serde_json::Value;

use self::schema::{Direction, Question};
use crate::json::{list, members, resolved, text};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// Operation, and location within it.
    pub at: String,
    /// Violated rule, in kebab-case.
    pub rule: &'static str,
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.rule, self.at)
    }
}

/// Returns all breaking changes of the new document, sorted.
#[must_use]
pub fn breaks(old: &Value, new: &Value) -> Vec<Break> {
    let mut found = Vec::new();
    for (path, methods) in members(&old["paths"]) {
        for (method, before) in members(methods) {
            let at = format!("{} {path}", method.to_uppercase());
            match new["paths"]
                .get(path)
                .and_then(|methods| methods.get(method))
            {
                None => found.push(Break {
                    at,
                    rule: "operation-removed",
                }),
                Some(after) => Pair {
                    old,
                    new,
                    at,
                    found: &mut found,
                }
                .compare(before, after),
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// An operation that both documents have.
struct Pair<'a> {
    old: &'a Value,
    new: &'a Value,
    at: String,
    found: &'a mut Vec<Break>,
}

impl Pair<'_> {
    fn add(&mut self, rule: &'static str, place: &str) {
        let at = format!("{}{place}", self.at);
        self.found.push(Break { at, rule });
    }

    fn compare(&mut self, before: &Value, after: &Value) {
        if before["operationId"] != after["operationId"] {
            self.add("operation-renamed", "");
        }
        let security = |document: &Value, operation: &Value| {
            operation
                .get("security")
                .unwrap_or(&document["security"])
                .clone()
        };
        let (was, is) = (security(self.old, before), security(self.new, after));
        if was != is && is != Value::Array(Vec::new()) {
            self.add("security-changed", "");
        }
        self.parameters(before, after);
        self.body(before, after);
        self.answers(before, after);
    }

    fn schemas(&mut self, place: &str, direction: Direction, before: &Value, after: &Value) {
        let at = format!("{}{place}", self.at);
        Question::new(self.old, self.new, direction).ask(at, before, after, self.found);
    }

    fn parameters(&mut self, before: &Value, after: &Value) {
        let old = parameters(before, self.old);
        let new = parameters(after, self.new);
        let find = |all: &[Value], one: &Value| {
            let is_same = |other: &&Value| other["name"] == one["name"] && other["in"] == one["in"];
            all.iter().find(is_same).cloned()
        };
        for was in &old {
            let place = format!(" {} {}", text(&was["in"]), text(&was["name"]));
            match find(&new, was) {
                None => self.add("parameter-removed", &place),
                Some(is) => {
                    if is["required"] == true && was["required"] != true {
                        self.add("parameter-required", &place);
                    }
                    self.schemas(&place, Direction::Request, &was["schema"], &is["schema"]);
                }
            }
        }
        for is in &new {
            if is["required"] == true && find(&old, is).is_none() {
                let place = format!(" {} {}", text(&is["in"]), text(&is["name"]));
                self.add("parameter-required", &place);
            }
        }
    }

    fn body(&mut self, before: &Value, after: &Value) {
        let (was, is) = (&before["requestBody"], &after["requestBody"]);
        if is["required"] == true && was["required"] != true {
            self.add("body-required", "");
        }
        self.content(" body", Direction::Request, "body-removed", was, is);
    }

    /// Compares the schemas of each media type.
    fn content(
        &mut self,
        place: &str,
        direction: Direction,
        removed: &'static str,
        was: &Value,
        is: &Value,
    ) {
        for (media_type, content) in members(&was["content"]) {
            let place = format!("{place} {media_type}");
            match is["content"].get(media_type) {
                None => self.add(removed, &place),
                Some(now) => self.schemas(&place, direction, &content["schema"], &now["schema"]),
            }
        }
    }

    fn answers(&mut self, before: &Value, after: &Value) {
        let is_success = |status: &str| status.starts_with(['2', '3']);
        for (status, was) in members(&before["responses"]) {
            let place = format!(" {status}");
            match after["responses"].get(status) {
                // Clients do not miss an error that no longer occurs.
                None if is_success(status) => self.add("answer-removed", &place),
                None => {}
                Some(is) => {
                    let (was, is) = (resolved(was, self.old), resolved(is, self.new));
                    self.answer(&place, was, is);
                }
            }
        }
        for (status, _) in members(&after["responses"]) {
            // Only clients that send a condition get a 304.
            if is_success(status) && status != "304" && before["responses"].get(status).is_none() {
                self.add("answer-added", &format!(" {status}"));
            }
        }
    }

    fn answer(&mut self, place: &str, was: &Value, is: &Value) {
        self.content(place, Direction::Answer, "media-type-removed", was, is);
        for (name, header) in members(&was["headers"]) {
            let place = format!("{place} {name}");
            let header = resolved(header, self.old);
            let now = is["headers"].get(name).map(|now| resolved(now, self.new));
            match now {
                None => self.add("header-removed", &place),
                Some(now) if header["required"] == true && now["required"] != true => {
                    self.add("header-optional", &place);
                }
                Some(now) => {
                    self.schemas(&place, Direction::Answer, &header["schema"], &now["schema"]);
                }
            }
        }
    }
}

fn parameters(operation: &Value, document: &Value) -> Vec<Value> {
    let all = list(&operation["parameters"]);
    all.map(|one| resolved(one, document).clone()).collect()
}
