//! Check that every value of one schema is valid for another.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Break;

/// Direction of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Sent by clients: the old schema must be within the new one.
    Request,
    /// Received by clients: the new schema must be within the old one, which allows further
    /// members.
    Answer,
}

/// Two documents with their roles.
pub(super) struct Question<'a> {
    /// Document of the schema that must be within the other.
    inner: &'a Value,
    /// Document of the schema that must contain the other.
    outer: &'a Value,
    direction: Direction,
    /// Pairs of names that have been compared, because schemas may be recursive.
    asked: HashSet<(String, String)>,
}

/// Keywords whose larger values are stricter, and those whose smaller values are.
const FLOORS: [&str; 4] = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
const CEILINGS: [&str; 4] = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];

/// Keywords with a list of alternatives.
const ALTERNATIVES: [&str; 2] = ["anyOf", "oneOf"];

/// Keywords that must be equal if the outer schema has them.
const SAME: [&str; 7] = ["pattern", "format", "if", "then", "else", "not", "allOf"];

impl<'a> Question<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value, direction: Direction) -> Self {
        let (inner, outer) = match direction {
            Direction::Request => (old, new),
            Direction::Answer => (new, old),
        };
        Self {
            inner,
            outer,
            direction,
            asked: HashSet::new(),
        }
    }

    /// Collects the differences of two schemas.
    pub(super) fn ask(mut self, at: String, old: &Value, new: &Value, found: &mut Vec<Break>) {
        match self.direction {
            Direction::Request => self.within(&at, old, new, found),
            Direction::Answer => self.within(&at, new, old, found),
        }
    }

    fn within(&mut self, at: &str, inner: &Value, outer: &Value, found: &mut Vec<Break>) {
        let names = (inner["$ref"].as_str(), outer["$ref"].as_str());
        if let (Some(inner), Some(outer)) = names
            && !self
                .asked
                .insert((format!("{at} {inner}"), outer.to_owned()))
        {
            return;
        }
        // A recursive schema gets no deeper than its own members.
        if at.matches('/').count() > 24 {
            return;
        }
        let inner = whole(inner, self.inner);
        let outer = whole(outer, self.outer);
        if outer.is_empty() {
            return;
        }
        let is_union = !inner.contains_key("type") && !inner.contains_key("properties");
        let union = ALTERNATIVES
            .iter()
            .find_map(|kind| alternatives(&inner, kind));
        if let (true, Some(all)) = (is_union, union) {
            for one in all {
                let one = Value::Object(one);
                self.within(at, &one, &Value::Object(outer.clone()), found);
            }
            return;
        }
        let mut add = |rule: &'static str| {
            found.push(Break {
                at: at.to_owned(),
                rule,
            })
        };
        // Several schemas may restrict the type together.
        if !is_subset(&types(&inner), &types(&outer)) {
            add("type-changed");
            return;
        }
        self.values(&inner, &outer, &mut add);
        self.members(at, &inner, &outer, found);
        if let Some(items) = outer.get("items") {
            let any = Value::Bool(true);
            let own = inner.get("items").unwrap_or(&any);
            self.within(&format!("{at}/[]"), own, items, found);
        }
        // A schema may have both keywords.
        for kind in ALTERNATIVES {
            let Some(choices) = alternatives(&outer, kind) else {
                continue;
            };
            let own = alternatives(&inner, kind).unwrap_or_else(|| by_type(&inner));
            for one in own {
                let one = Value::Object(one);
                let fits = choices.iter().any(|choice| {
                    let mut wrong = Vec::new();
                    let asked = self.asked.clone();
                    self.within(at, &one, &Value::Object(choice.clone()), &mut wrong);
                    self.asked = asked;
                    wrong.is_empty()
                });
                if !fits {
                    found.push(Break {
                        at: at.to_owned(),
                        rule: "alternative-changed",
                    });
                }
            }
        }
    }

    /// Compares the keywords for a single value.
    fn values(
        &self,
        inner: &Map<String, Value>,
        outer: &Map<String, Value>,
        add: &mut impl FnMut(&'static str),
    ) {
        let is_open = self.direction == Direction::Answer && outer.contains_key("x-open");
        if let (Some(all), false) = (choices(outer), is_open) {
            match choices(inner) {
                Some(own) if own.iter().all(|one| all.contains(one)) => {}
                _ => add("enum-changed"),
            }
        }
        let number =
            |schema: &Map<String, Value>, key: &str| schema.get(key).and_then(Value::as_f64);
        let narrower = |key: &str, fits: fn(f64, f64) -> bool| match (
            number(inner, key),
            number(outer, key),
        ) {
            (_, None) => true,
            (Some(own), Some(bound)) => fits(own, bound),
            (None, Some(_)) => choices(inner).is_some(),
        };
        let floors = FLOORS
            .iter()
            .all(|key| narrower(key, |own, bound| own >= bound));
        if !floors
            || !CEILINGS
                .iter()
                .all(|key| narrower(key, |own, bound| own <= bound))
        {
            add("bound-changed");
        }
        for key in SAME {
            if outer.contains_key(key)
                && outer.get(key) != inner.get(key)
                && choices(inner).is_none()
            {
                add("constraint-changed");
            }
        }
    }

    fn members(
        &mut self,
        at: &str,
        inner: &Map<String, Value>,
        outer: &Map<String, Value>,
        found: &mut Vec<Break>,
    ) {
        let of = |schema: &Map<String, Value>| {
            let members = schema.get("properties").and_then(Value::as_object);
            members.cloned().unwrap_or_default()
        };
        let (own, all) = (of(inner), of(outer));
        let required = |schema: &Map<String, Value>| {
            let names = schema.get("required").and_then(Value::as_array);
            names.cloned().unwrap_or_default()
        };
        let own_required = required(inner);
        for name in required(outer) {
            if !own_required.contains(&name) {
                let rule = match self.direction {
                    Direction::Request => "member-required",
                    Direction::Answer if own.contains_key(name.as_str().unwrap_or_default()) => {
                        "member-optional"
                    }
                    Direction::Answer => "member-removed",
                };
                found.push(Break {
                    at: format!("{at}/{}", name.as_str().unwrap_or_default()),
                    rule,
                });
            }
        }
        let more = outer.get("additionalProperties");
        for (name, schema) in &own {
            let at = format!("{at}/{name}");
            match (all.get(name), more) {
                (Some(other), _) => self.within(&at, schema, other, found),
                (None, Some(Value::Bool(false))) => found.push(Break {
                    at,
                    rule: "member-removed",
                }),
                (None, Some(other)) => self.within(&at, schema, other, found),
                (None, None) => {}
            }
        }
        if self.direction == Direction::Answer {
            let is_object = !own.is_empty();
            for name in all
                .keys()
                .filter(|name| is_object && !own.contains_key(*name))
            {
                found.push(Break {
                    at: format!("{at}/{name}"),
                    rule: "member-removed",
                });
            }
        }
        match (inner.get("additionalProperties"), more) {
            (_, None | Some(Value::Bool(true))) | (Some(Value::Bool(false)), _) => {}
            // Only responses are open by default.
            (None, Some(_)) if self.direction == Direction::Answer => {}
            (_, Some(Value::Bool(false))) => found.push(Break {
                at: at.to_owned(),
                rule: "member-removed",
            }),
            (own, Some(schema)) => {
                let any = Value::Bool(true);
                self.within(&format!("{at}/*"), own.unwrap_or(&any), schema, found);
            }
        }
    }
}

/// Returns a schema merged with its references, whose siblings take precedence.
fn whole(schema: &Value, document: &Value) -> Map<String, Value> {
    let own = schema.as_object().cloned().unwrap_or_default();
    let Some(pointer) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'))
    else {
        return own;
    };
    let mut all = whole(document.pointer(pointer).unwrap_or(&Value::Null), document);
    for (key, value) in own {
        match (key.as_str(), all.get_mut(&key), value) {
            ("$ref" | "description", _, _) => {}
            ("properties", Some(Value::Object(members)), Value::Object(more)) => {
                members.extend(more)
            }
            (_, _, value) => {
                all.insert(key, value);
            }
        }
    }
    all
}

fn alternatives(schema: &Map<String, Value>, kind: &str) -> Option<Vec<Map<String, Value>>> {
    let all = schema.get(kind)?.as_array()?;
    Some(
        all.iter()
            .map(|one| one.as_object().cloned().unwrap_or_default())
            .collect(),
    )
}

/// Returns one schema per type of the values.
fn by_type(schema: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let Some(all) = types(schema).filter(|all| all.len() > 1) else {
        return vec![schema.clone()];
    };
    let is_one = |value: &Value, kind: &str| match kind {
        "null" => value.is_null(),
        _ => !value.is_null(),
    };
    all.into_iter()
        .map(|kind| {
            let mut one = schema.clone();
            if let Some(values) = one.get_mut("enum").and_then(Value::as_array_mut) {
                values.retain(|value| is_one(value, &kind));
            }
            one.insert("type".to_owned(), kind.into());
            one
        })
        .collect()
}

fn choices(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(all)), _) => Some(all.clone()),
        (_, Some(one)) => Some(vec![one.clone()]),
        _ => None,
    }
}

/// Returns the types, or `None` if all are allowed.
fn types(schema: &Map<String, Value>) -> Option<Vec<String>> {
    match schema.get("type")? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => Some(
            all.iter()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect(),
        ),
        _ => None,
    }
}

fn is_subset(inner: &Option<Vec<String>>, outer: &Option<Vec<String>>) -> bool {
    match (inner, outer) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => inner.iter().all(|one| {
            outer.contains(one) || (one == "integer" && outer.iter().any(|other| other == "number"))
        }),
    }
}
