//! Build plan of an answer.

use super::super::schema::{PROJECT_TYPES, STEP_ACTIONS};
use super::super::text::{block, line, list};
use super::super::{BuildPlan, BuildStep};
use super::times::Times;
use super::{NAME_CHARS, NAMES, TEXT_CHARS, TITLE_CHARS};

/// Maximum steps of a plan.
const STEPS: usize = 50;

/// Cleans and bounds a plan, and numbers its steps from 1. Returns `None` if it has no steps.
pub(super) fn checked(plan: BuildPlan, video_title: &str, times: &mut Times) -> Option<BuildPlan> {
    let mut steps = plan.steps;
    steps.truncate(STEPS);
    steps.sort_by_key(|step| step.order);
    let mut kept: Vec<BuildStep> = Vec::new();
    for step in steps {
        let description = block(&step.description, TEXT_CHARS);
        let target_file = step.target_file.map(|file| line(&file, NAME_CHARS));
        let target_file = target_file.filter(|file| is_confined(file));
        let again = |other: &BuildStep| {
            other.description == description && other.target_file == target_file
        };
        if description.is_empty() || kept.iter().any(again) {
            continue;
        }
        kept.push(BuildStep {
            order: kept.len() as u32 + 1,
            action: known(&step.action, &STEP_ACTIONS, "implement"),
            at_s: step.at_s.and_then(|at_s| times.moment("build_plan", at_s)),
            description,
            target_file,
        });
    }
    let title = line(&plan.title, TITLE_CHARS);
    (!kept.is_empty()).then(|| BuildPlan {
        title: if title.is_empty() {
            video_title.to_owned()
        } else {
            title
        },
        project_type: known(&plan.project_type, &PROJECT_TYPES, "other"),
        summary: block(&plan.summary, TEXT_CHARS),
        technologies: list(&plan.technologies, NAMES, NAME_CHARS),
        steps: kept,
    })
}

/// Returns true if a path stays below its base folder on every system. It has no root, drive, home,
/// scheme or `..`.
fn is_confined(path: &str) -> bool {
    let is_name = |name: &str| {
        let stem = name.trim_end_matches(['.', ' ']);
        !stem.is_empty() && stem.len() == name.len() && !name.starts_with('~')
    };
    !path.contains(['\\', ':', '\0']) && path.split('/').all(is_name)
}

/// Returns `value` if the closed list contains it, else `otherwise`. The field's type does not
/// enforce the list.
fn known(value: &str, values: &[&str], otherwise: &str) -> String {
    let same = |known: &&&str| known.eq_ignore_ascii_case(value.trim());
    (*values.iter().find(same).unwrap_or(&otherwise)).to_owned()
}
