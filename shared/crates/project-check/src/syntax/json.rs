//! JSON syntax check (RFC 8259) without duplicate keys, and with comments in formats that permit
//! them.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};

use super::super::finding::{Findings, Rule, excerpt};

/// Prefix of the error message for a duplicate key.
const TWICE: &str = "the key ";

pub(super) fn check(path: &str, text: &str, findings: &mut Findings) {
    let without = with_comments(path).then(|| without_comments(text));
    let text = without.as_deref().unwrap_or(text);
    if let Err(error) = serde_json::from_str::<Unique>(text) {
        let shown = text.lines().nth(error.line().saturating_sub(1));
        let at = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        let message = error.to_string();
        let rule = if message.starts_with(TWICE) {
            Rule::DuplicateKey
        } else {
            Rule::Syntax
        };
        let shown = excerpt(shown.unwrap_or_default());
        findings.error(at, rule, format!("{message}: {shown}"));
    }
}

/// Returns true if a file is read as JSON with comments.
fn with_comments(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("tsconfig") || name == "jsconfig.json" || path.starts_with(".vscode/")
}

/// Replaces comments by white space, preserving lines.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut within, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = match () {
            () if within => None,
            () if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            () if rest.starts_with("/*") => Some(rest.find("*/").map_or(rest.len(), |at| at + 2)),
            () => None,
        };
        if let Some(end) = end {
            let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
            out.extend(rest[..end].chars().map(blank));
            rest = &rest[end..];
            continue;
        }
        match c {
            '"' if !escaped => within = !within,
            _ => {}
        }
        escaped = within && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Visitor that accepts any value and keeps nothing. Its reader bounds the depth.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                let message = format!("{TWICE}{} stands twice in one object", excerpt(&key));
                return Err(A::Error::custom(message));
            }
            keys.insert(key);
            entries.next_value::<Self>()?;
        }
        Ok(self)
    }
}
