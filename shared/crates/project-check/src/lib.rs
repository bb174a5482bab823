//! Checks of the files that a model wrote for a project.
//!
//! | module | content |
//! |---|---|
//! | [`paths`] | valid and confined paths |
//! | `syntax` | one parser for each language |
//! | `manifests` | declared packages |
//! | `imports` | imports of files and packages |
//! | `secrets` | keys and passwords |
//! | `placeholders` | stubs, omissions, refusals, echoes |
//!
//! All checks are pure and deterministic. Their time is bounded by the size of the files. The only
//! clock is the timeout of the parsers, which no real program reaches.

mod context;
mod finding;
mod fragment;
mod imports;
mod manifests;
mod placeholders;
mod secrets;
mod syntax;
#[cfg(test)]
mod tests;

use eventrelay_project::{
    Checker, Finding, Framework, Language, MAX_FILE_BYTES, MAX_FILES, MAX_IN_PROJECT,
    MAX_PROJECT_BYTES, Neighbours, ProjectFile, Report, Rule, Severity, paths,
};
use finding::Findings;

pub use context::ProjectContext;

/// Entry points of this crate.
pub const CHECKER: Checker = Checker {
    file: check_written,
    project: check_project,
};

/// Returns true if the text has a syntax error in the language of its path.
#[must_use]
pub fn has_syntax_error(path: &str, text: &str) -> bool {
    let mut findings = Findings::new(path);
    syntax::check(path, text, Framework::Static, &mut findings);
    findings.has(Rule::Syntax)
}

/// Checks a newly written file while other files of its project may be missing.
#[must_use]
pub fn check_written(
    file: &ProjectFile,
    framework: Framework,
    neighbours: Neighbours,
) -> Vec<Finding> {
    let paths = neighbours.paths.into_iter().collect();
    let packages = neighbours.packages.into_iter().collect();
    let mut around = ProjectContext::new(framework, paths, packages);
    around.phrases = neighbours.phrases;
    for written in &neighbours.files {
        around.learn(written);
    }
    check_file(file, &around)
}

/// Checks a file in the context of its project, right after it was written.
#[must_use]
pub fn check_file(file: &ProjectFile, around: &ProjectContext) -> Vec<Finding> {
    let mut findings = Findings::new(&file.path);
    look(file, around, &mut findings);
    findings.finish()
}

/// Checks a file and returns the declared packages that it uses.
fn look(file: &ProjectFile, around: &ProjectContext, findings: &mut Findings) -> imports::Used {
    if let Err(why) = paths::check(&file.path) {
        findings.error(None, Rule::UnsafePath, why.to_string());
    }
    if file.content.len() > MAX_FILE_BYTES {
        let message = format!(
            "at most {MAX_FILE_BYTES} bytes, and these are {}",
            file.content.len()
        );
        findings.error(None, Rule::TooLarge, message);
        return imports::Used::default();
    }
    if Language::of_path(&file.path) == Language::Binary {
        return imports::Used::default();
    }
    let Some(text) = text(&file.content, findings) else {
        return imports::Used::default();
    };
    let fragments = syntax::check(&file.path, text, around.framework, findings);
    manifests::check(&file.path, text, findings);
    secrets::check(&file.path, text, findings);
    placeholders::check(&file.path, text, &fragments, &around.phrases, findings);
    imports::check(&file.path, text, &fragments, around, findings)
}

/// Decodes the text of a file; `None` if it is not text or hides its content.
fn text<'a>(content: &'a [u8], findings: &mut Findings) -> Option<&'a str> {
    let Ok(text) = std::str::from_utf8(content) else {
        findings.error(None, Rule::NotText, "a text is UTF-8");
        return None;
    };
    // Direction marks can disguise code (<https://trojansource.codes>).
    let hides = |c: char| {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}')
    };
    if let Some(at) = text.find(hides) {
        let line = text[..at].matches('\n').count() + 1;
        let message = "a control character, or one that turns the direction of writing; escape it";
        findings.error(u32::try_from(line).ok(), Rule::NotText, message);
        return None;
    }
    Some(text)
}

/// Checks a whole project including its manifests.
#[must_use]
pub fn check_project(files: &[ProjectFile], framework: Framework) -> Report {
    let around = ProjectContext::from_files(files, framework);
    let mut report = Report::default();
    let mut used = imports::Used::default();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for (file, other) in files.iter().zip(paths::collisions(&paths)) {
        let mut findings = Findings::new(&file.path);
        if let Some(other) = other {
            let message = format!("the path is one with {other} where case is not told apart");
            findings.error(None, Rule::PathCollision, message);
        }
        used.join(look(file, &around, &mut findings));
        report.findings.extend(findings.finish());
        *report
            .checked
            .entry(Language::of_path(&file.path))
            .or_default() += 1;
    }
    report.findings.extend(whole(files, &around, &used));
    report
        .findings
        .sort_by(|a, b| (a.severity, a).cmp(&(b.severity, b)));
    report.findings.truncate(MAX_IN_PROJECT);
    report.findings.sort();
    let errors = report
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Error);
    report.errors = u32::try_from(errors.count()).unwrap_or(u32::MAX);
    let all = u32::try_from(report.findings.len()).unwrap_or(u32::MAX);
    report.warnings = all - report.errors;
    report
}

/// Reports problems that concern several files.
fn whole(files: &[ProjectFile], around: &ProjectContext, used: &imports::Used) -> Vec<Finding> {
    let entry = around.framework.entry();
    let mut found = Vec::new();
    let mut error = |path: &str, rule, message: String| {
        let mut findings = Findings::new(path);
        findings.error(None, rule, message);
        found.extend(findings.finish());
    };
    if !around.paths.contains(entry) {
        let message = "everything begins at this file, and it is not there".to_owned();
        error(entry, Rule::MissingEntry, message);
    }
    let size: usize = files.iter().map(|file| file.content.len()).sum();
    if size > MAX_PROJECT_BYTES || files.len() > MAX_FILES {
        let message =
            format!("a project has at most {MAX_FILES} files and {MAX_PROJECT_BYTES} bytes");
        error(".", Rule::TooLarge, message);
    }
    found.extend(imports::unused(files, used));
    found
}
