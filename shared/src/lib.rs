//! EventRelay: a video goes in, structured knowledge comes out.
//!
//! The HTTP handlers ([`api`]) and the entry points of the functions ([`run`]), on top of the crates
//! below, which are re-exported here.

pub mod api;
#[cfg(feature = "readers")]
pub mod readers;
pub mod run;

pub use eventrelay_analysis as analysis;
pub use eventrelay_core::{
    answer_class, clock, config, error, ids, limit, notice, retry, telemetry, usage, video,
};
pub use eventrelay_project as project;
pub use eventrelay_store as store;
pub use eventrelay_upstream as upstream;
pub use eventrelay_workflow::{
    any, batch, build, context, dead_letters, engine, job, removal, submission, sweep, task,
};
