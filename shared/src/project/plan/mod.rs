//! What is to be made.

mod model;

pub use model::{Dependency, Plan, PlannedFile, slug};
