//! Remarks in place of code.

use super::super::{
    finding::{Findings, Rule, excerpt},
    fragment::ParsedFragment,
};

/// Maximum characters of a checked remark. Longer remarks explain something.
const MAX_LENGTH: usize = 90;

/// Beginnings of remarks that replace omitted code.
const BEGIN: [&str; 16] = [
    "rest of the code",
    "rest of your",
    "rest of the file",
    "rest of the implementation",
    "rest of the component",
    "the rest of the code",
    "the rest of the implementation",
    "remaining code",
    "remaining implementation",
    "existing code",
    "same as before",
    "code remains the same",
    "placeholder implementation",
    "add your",
    "your code",
    "insert your",
];

const END: [&str; 9] = [
    "goes here",
    "code here",
    "logic here",
    "implementation here",
    "would go here",
    "omitted for brevity",
    "for brevity",
    "left as an exercise",
    "remains the same",
];

const WHOLE: [&str; 10] = [
    "...",
    "…",
    "implement",
    "implement me",
    "implement this",
    "not implemented",
    "not implemented yet",
    "not yet implemented",
    "to be implemented",
    "placeholder",
];

/// Beginnings of a model's refusal.
const DECLINES: [&str; 4] = ["as an ai", "i cannot ", "i can't ", "i'm unable"];

/// Markers of unfinished work.
const TO_DO: [&str; 4] = ["TODO", "FIXME", "XXX:", "HACK:"];

pub(super) fn check(fragment: &ParsedFragment<'_>, findings: &mut Findings) {
    fragment.walk(|node, _| {
        if !node.kind().ends_with("comment") {
            return true;
        }
        let text = fragment.source(node);
        let (line, shown) = (fragment.line(node), excerpt(text));
        match rule(text) {
            Some(Rule::Omission) => {
                let message = format!("{shown} stands for code that is missing: write it");
                findings.error(line, Rule::Omission, message);
            }
            Some(Rule::Refusal) => {
                let message = format!("a model speaks in the file: {shown}");
                findings.error(line, Rule::Refusal, message);
            }
            Some(rule) => findings.warning(line, rule, format!("still to be done: {shown}")),
            None => {}
        }
        // Skips the child node with the text of a documentation comment.
        false
    });
}

/// Returns the rule that a comment violates.
pub(super) fn rule(comment: &str) -> Option<Rule> {
    // A documentation comment may show an abbreviated example.
    let documents = ["///", "//!", "/**"]
        .iter()
        .any(|begin| comment.starts_with(begin));
    let words = comment.trim_matches(|c: char| c.is_whitespace() || "/*#!<>-{}".contains(c));
    if TO_DO.iter().any(|word| words.contains(word)) {
        return Some(Rule::ToDo);
    }
    let lower = words.to_lowercase();
    if DECLINES.iter().any(|begin| lower.starts_with(begin)) {
        return Some(Rule::Refusal);
    }
    if documents || words.chars().count() > MAX_LENGTH {
        return None;
    }
    let plain = lower.trim_matches(|c: char| ".…:()[] ".contains(c));
    let elided = plain.len() < lower.len() && lower.starts_with(['.', '…']);
    let goes_on = ["rest", "other", "existing", "more", "remaining", "previous"];
    let omits = WHOLE.contains(&plain)
        || WHOLE.contains(&lower.as_str())
        || BEGIN.iter().any(|begin| plain.starts_with(begin))
        || END.iter().any(|end| plain.ends_with(end))
        || elided && goes_on.iter().any(|word| plain.starts_with(word))
        || plain.starts_with("implement ") && plain.ends_with("here");
    omits.then_some(Rule::Omission)
}
