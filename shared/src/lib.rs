//! EventRelay: a video goes in, structured knowledge comes out.
//!
//! The domain, the ports to the outside, and the edge of the API. The binaries in `functions/`
//! build a [`context::Context`] and call in here.

pub mod analysis;
pub mod answer_class;
pub mod api;
pub mod build;
pub mod clock;
pub mod config;
pub mod context;
pub mod cost;
pub mod dead_letters;
pub mod error;
pub mod flow;
pub mod ids;
pub mod job;
pub mod limit;
pub mod notice;
pub mod project;
pub mod readers;
pub mod removal;
pub mod retry;
pub mod run;
mod searchable;
pub mod store;
pub mod submission;
pub mod sweep;
pub mod task;
pub mod telemetry;
pub mod upstream;
pub mod usage;
pub mod video;
