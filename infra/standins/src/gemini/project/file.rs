//! Text of a file.

use super::{
    companion::Companion,
    holes::{self, Holes},
    module,
    question::FileQuestion,
};

/// Returns the text of a file: that of the sample, or a module for a path that the sample lacks.
pub(super) fn content(question: &FileQuestion) -> String {
    match question.framework.sample().file(&question.path) {
        Some(text) => {
            let holes = Holes {
                title: question.plan.title.clone(),
                summary: question.plan.summary.clone(),
                companion: Companion::read(&question.purpose),
            };
            holes::fill(&question.path, text, &holes)
        }
        None => {
            let before = question.depends_on.iter().map(|file| file.path.as_str());
            let before: Vec<&str> = before.collect();
            module::content(
                question.framework,
                &question.path,
                &question.purpose,
                &before,
            )
        }
    }
}
