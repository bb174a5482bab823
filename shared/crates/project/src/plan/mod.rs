//! Plan of a project: prompt, stored model and validation of the model's answer.

mod model;
pub mod prompt;
mod read;

pub use model::{Dependency, Plan, PlannedFile, slug};
pub use read::{Bounds, MAX_DEPENDENCIES, PlanError, read};
