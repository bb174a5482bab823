//! `app.json` of Expo (<https://docs.expo.dev/versions/latest/config/app/>).

use serde_json::Value;

use super::{
    super::finding::{Findings, Rule},
    line_of,
};

/// Checks an Expo configuration. A file without `expo` belongs to another tool and is skipped.
pub(super) fn check(text: &str, findings: &mut Findings) {
    let root: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(expo) = root.get("expo") else {
        return;
    };
    let mut wrong = |key: &str, message: &str| {
        findings.error(line_of(text, key), Rule::Manifest, message);
    };
    let text = |key: &str| {
        expo.get(key)
            .map(|value| value.as_str().unwrap_or_default())
    };
    let is_slug = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !expo.is_object() {
        return wrong("expo", "`expo` is an object");
    }
    if text("name").unwrap_or_default().trim().is_empty() {
        wrong("name", "`name` is a text");
    }
    if !text("slug").is_some_and(|slug| !slug.is_empty() && slug.chars().all(is_slug)) {
        wrong("slug", "`slug` is letters, digits, hyphens and underscores");
    }
    if text("version").is_some_and(str::is_empty) {
        wrong("version", "`version` is a text");
    }
    if expo
        .get("plugins")
        .is_some_and(|plugins| !plugins.is_array())
    {
        wrong("plugins", "`plugins` is a list");
    }
    let scheme = |scheme: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(fits)
    };
    if text("scheme").is_some_and(|text| !scheme(text)) {
        wrong(
            "scheme",
            "`scheme` begins with a letter and has letters, digits, `+`, `-` and `.`",
        );
    }
}
