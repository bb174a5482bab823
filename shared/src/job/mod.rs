//! A job: the way of one video from its submission to its analysis.
//!
//! [`model`] is what a job is, [`machine`] decides what happens next and is pure, [`calls`] are its
//! calls to the outside, and [`worker`] does what was decided and writes it down. Whoever drives
//! the worker, today an SQS message per step, is no concern of the machine.

pub mod batch;
pub mod calls;
pub mod experience;
mod id;
pub mod machine;
pub mod model;
mod notice;
mod request;
pub mod revival;
pub mod worker;

pub(crate) use id::derived_uuid;
pub use id::{JobId, NotAJobId};
pub use model::{Job, JobError, Media, Stage, State, Status};
pub use notice::Notice;
pub use request::{Request, Resolution};
