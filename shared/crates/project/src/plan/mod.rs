//! What is to be made: asked of the model in one call, and read with distrust.

mod model;
pub mod prompt;
mod read;

pub use model::{Dependency, Plan, PlannedFile, slug};
pub use read::{Bounds, MAX_DEPENDENCIES, PlanError, read};
