//! Whether a plan can be worked from.

use super::{
    plan::{self, Bounds, Plan, PlanError},
    templates::{self, Facts},
    validate::{self, Rule, Severity},
};

/// Why a plan cannot be worked from, in words for whoever repairs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unworkable {
    /// It does not hold in itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What the templates make of it does not hold.
    #[error("{0}")]
    Files(String),
}

/// Reads a plan, as [`plan::read`] does, and looks at the files that the templates make of it:
/// a package that no registry would give shows in a manifest.
///
/// # Errors
/// [`Unworkable`].
pub fn workable(answer: &str, bounds: Bounds<'_>, facts: &Facts) -> Result<Plan, Unworkable> {
    let plan = plan::read(answer, bounds)?;
    let files = templates::render(&plan, facts);
    let report = validate::check_project(&files, plan.framework);
    let broken = report.findings.iter().find(|finding| {
        // What the templates refer to is still to be written.
        let is_awaited = matches!(finding.rule, Rule::MissingFile | Rule::MissingName);
        let is_there = files.iter().any(|file| file.path == finding.path);
        finding.severity == Severity::Error && is_there && !is_awaited
    });
    match broken {
        None => Ok(plan),
        Some(finding) => Err(Unworkable::Files(format!(
            "{}: {}",
            finding.path, finding.message
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::project::Framework;

    fn read(dependency: &str) -> Result<Plan, Unworkable> {
        let bounds = Bounds {
            framework: Framework::NextJs,
            made_elsewhere: templates::paths(Framework::NextJs),
            duration_s: None,
        };
        let facts = Facts {
            video_title: "t".to_owned(),
            video_url: None,
            year: 2026,
        };
        let answer = json!({
            "title": "t",
            "summary": "s",
            "files": [{"path": "app/page.tsx", "purpose": "p"}],
            "dependencies": [{"name": dependency, "dev": false}],
        });
        workable(&answer.to_string(), bounds, &facts)
    }

    #[test]
    fn a_package_that_no_registry_has_is_no_plan() {
        assert!(read("zod").is_ok());
        // npm takes no capitals.
        assert!(matches!(read("Zod"), Err(Unworkable::Files(_))));
    }
}
