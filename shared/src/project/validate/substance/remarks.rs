//! Remarks that stand for code.

use super::super::{
    finding::{Findings, Rule, excerpt},
    piece::Piece,
};

/// What is said in place of code that was left out.
const OMITTED: [&str; 28] = [
    "rest of the code",
    "rest of your code",
    "rest of the file",
    "rest of the implementation",
    "rest of the component",
    "rest of the function",
    "remaining code",
    "remaining implementation",
    "existing code",
    "code remains the same",
    "same as before",
    "code goes here",
    "code here",
    "logic here",
    "logic goes here",
    "implementation here",
    "implementation goes here",
    "implement here",
    "implement me",
    "implement this",
    "not implemented",
    "to be implemented",
    "omitted for brevity",
    "left as an exercise",
    "fill in the",
    "add more as needed",
    "would go here",
    "placeholder implementation",
];

/// What is only said of what is still to be done.
const TO_DO: [&str; 4] = ["TODO", "FIXME", "XXX:", "HACK:"];

pub(super) fn check(piece: &Piece<'_>, findings: &mut Findings) {
    piece.walk(|node, _| {
        if node.kind().ends_with("comment") {
            let text = piece.of(node);
            let rule = rule(text);
            let shown = excerpt(text);
            let line = piece.line(node);
            match rule {
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
        }
        true
    });
}

/// What a comment says besides what comments say.
pub(super) fn rule(comment: &str) -> Option<Rule> {
    let words = comment.trim_matches(|c: char| c.is_whitespace() || "/*#!<>-{}".contains(c));
    let lower = words.to_lowercase();
    let dots = matches!(words, "..." | "…");
    // "... rest" and "rest ..." leave out; "wait..." only pauses.
    let elided = lower.starts_with("...")
        && (lower.contains("rest") || lower.contains("other") || lower.contains("existing"));
    let implement = lower.starts_with("implement ") && lower.ends_with("here");
    let yours = ["add your", "your code", "insert your", "put your"]
        .iter()
        .any(|words| lower.starts_with(words));
    match () {
        () if dots || elided || implement || yours => Some(Rule::Omission),
        () if OMITTED.iter().any(|words| lower.contains(words)) => Some(Rule::Omission),
        () if ["as an ai", "i cannot ", "i can't ", "i'm unable"]
            .iter()
            .any(|words| lower.starts_with(words)) =>
        {
            Some(Rule::Refusal)
        }
        () if is_to_do(words) => Some(Rule::ToDo),
        () => None,
    }
}

/// Whether a comment says that something is still to be done.
pub(super) fn is_to_do(words: &str) -> bool {
    TO_DO.iter().any(|word| words.contains(word))
}
