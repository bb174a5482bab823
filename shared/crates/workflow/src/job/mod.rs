//! Analysis of a video, from its submission to its result.
//!
//! [`model`] defines the record. [`machine`] is a pure function that chooses the next effect.
//! [`calls`] performs effects, and [`worker`] connects them to the engine.

pub mod calls;
pub mod machine;
pub mod model;
pub mod processing_time;
mod request;
pub mod worker;

pub use model::{Job, JobRow, Media, Stage, State, Status};
pub use request::Request;
