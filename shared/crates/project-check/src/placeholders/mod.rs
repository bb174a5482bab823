//! Checks for missing content: stubs, omissions, refusals and echoes of the prompt.

mod code;
mod remarks;
#[cfg(test)]
mod tests;

pub(super) use code::is_idle;

use super::{
    finding::{Findings, Rule, excerpt},
    fragment::ParsedFragment,
};
use eventrelay_project::Language;

/// Minimum length of a prompt phrase that counts as an echo.
const SHORTEST_PHRASE: usize = 12;

/// Phrases with which a model begins a comment on its answer.
const TALK: [&str; 16] = [
    "i cannot",
    "i can't",
    "i can’t",
    "i'm sorry",
    "i’m sorry",
    "i am sorry",
    "i apologize",
    "i apologise",
    "i'm unable",
    "i am unable",
    "as an ai",
    "here is the",
    "here's the",
    "here’s the",
    "sure, here",
    "certainly!",
];

/// Phrases with which a model describes itself.
const OF_ITSELF: [&str; 5] = [
    "as an ai language model",
    "as a large language model",
    "as an ai assistant",
    "i'm just an ai",
    "as an artificial intelligence",
];

/// Files that may be empty.
const MARKERS: [&str; 4] = ["__init__.py", ".gitkeep", "py.typed", ".nojekyll"];

/// Reports placeholders in a file. `fragments` are its parsed programs, `phrases` those of the
/// prompt.
pub(super) fn check(
    path: &str,
    text: &str,
    fragments: &[ParsedFragment<'_>],
    phrases: &[String],
    findings: &mut Findings,
) {
    let language = Language::of_path(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let marker = MARKERS.contains(&name) || name.ends_with(".d.ts");
    if text.trim().is_empty() {
        if !marker {
            findings.error(None, Rule::Empty, "the file is empty");
        }
        return;
    }
    talk(language, text, findings);
    echo(text, phrases, findings);
    for fragment in fragments {
        remarks::check(fragment, findings);
        code::check(fragment, findings);
    }
    let idle = match language {
        Language::Css => is_remark(text),
        Language::Html => !fragments.is_empty() && fragments.iter().all(code::is_idle),
        _ => language.is_code() && fragments.iter().all(code::is_idle),
    };
    let read = !findings.has(Rule::Syntax) && !findings.has(Rule::Notebook);
    if idle && read && !marker {
        findings.error(
            None,
            Rule::Empty,
            "there is nothing in the file but remarks",
        );
    }
    // The parser reports the same problem as a syntax error.
    if findings.has(Rule::Fence) || findings.has(Rule::Refusal) {
        findings.forget(Rule::Syntax);
    }
}

/// Returns true if a style sheet has only comments.
fn is_remark(sheet: &str) -> bool {
    let mut rest = sheet.trim();
    while let Some(comment) = rest.strip_prefix("/*") {
        rest = comment
            .split_once("*/")
            .map_or("", |(_, after)| after.trim_start());
    }
    rest.is_empty()
}

/// Reports code fences around the file, comments of a model, and filler text.
fn talk(language: Language, text: &str, findings: &mut Findings) {
    let trimmed = text.trim();
    // A Markdown page may begin with its own fence.
    let fences = trimmed
        .lines()
        .filter(|line| line.starts_with("```"))
        .count();
    let of_page = ["```markdown", "```md"]
        .iter()
        .any(|fence| trimmed.starts_with(fence));
    let around = language != Language::Markdown
        || of_page
        || fences < 2
        || fences == 2 && trimmed.ends_with("```");
    if trimmed.starts_with("```") && around {
        let message = "the file is inside a code fence: write what it contains, without ```";
        findings.error(1, Rule::Fence, message);
    }
    let first = trimmed.lines().next().unwrap_or_default();
    let opening = first
        .trim_start_matches(|c: char| !c.is_alphabetic())
        .to_lowercase();
    let lower = text.to_lowercase();
    let of_itself = OF_ITSELF.iter().find_map(|words| lower.find(words));
    if TALK.iter().any(|words| opening.starts_with(words)) {
        let message = format!(
            "this is no file but an answer about one: {}",
            excerpt(first)
        );
        findings.error(1, Rule::Refusal, message);
    } else if let Some(at) = of_itself {
        findings.error(
            line(&lower, at),
            Rule::Refusal,
            "a model speaks of itself in the file",
        );
    }
    if let Some(at) = lower.find("lorem ipsum") {
        let message = "`lorem ipsum` only fills: write what belongs there";
        findings.error(line(&lower, at), Rule::Filler, message);
    }
}

fn line(text: &str, at: usize) -> Option<u32> {
    u32::try_from(text[..at].matches('\n').count() + 1).ok()
}

/// Reports phrases of the prompt, independent of white space.
fn echo(text: &str, phrases: &[String], findings: &mut Findings) {
    let plain = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").to_lowercase()
    };
    let phrases: Vec<String> = phrases.iter().map(|phrase| plain(phrase)).collect();
    let whole = plain(text);
    let found =
        |phrase: &&String| phrase.len() >= SHORTEST_PHRASE && whole.contains(phrase.as_str());
    if let Some(phrase) = phrases.iter().find(found) {
        let row = text
            .lines()
            .position(|line| plain(line).contains(phrase.as_str()));
        let at = row.and_then(|row| u32::try_from(row + 1).ok());
        let message = format!("the file repeats its instructions: {}", excerpt(phrase));
        findings.error(at, Rule::PromptEcho, message);
    }
}
