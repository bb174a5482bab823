//! Remarks that stand for code.

use super::super::{
    finding::{Findings, Rule, excerpt},
    fragment::ParsedFragment,
};

/// Longest remark that is judged, in characters: what is longer explains something.
const MAX_LENGTH: usize = 90;

/// How a remark begins that stands in place of code that was left out.
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

/// How one ends.
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

/// What one is.
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

/// How a model begins that does not write.
const DECLINES: [&str; 4] = ["as an ai", "i cannot ", "i can't ", "i'm unable"];

/// What is said of what is still to be done.
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
        // A comment of documentation has its text inside.
        false
    });
}

/// What a comment says besides what comments say.
pub(super) fn rule(comment: &str) -> Option<Rule> {
    // What documents may show an example that leaves something out.
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
