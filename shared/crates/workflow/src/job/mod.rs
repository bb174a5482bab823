//! A job: the way of one video from its submission to its analysis.
//!
//! [`model`] is what a job is, [`machine`] decides what happens next and is pure, [`calls`] are its
//! calls to the outside, and [`worker`] does what was decided and writes it down. The machine does
//! not depend on what advances the worker, which is one SQS message per step.

pub mod calls;
pub mod machine;
pub mod model;
pub mod processing_time;
mod request;
pub mod worker;

pub use model::{Job, JobRow, Media, Stage, State, Status};
pub use request::Request;
