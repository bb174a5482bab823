//! EventRelay: a video goes in, structured knowledge comes out.
//!
//! The domain, the ports to the outside, and the edge of the API. The binaries in `functions/`
//! build a [`context::Context`] and call in here.

pub mod analysis;
pub mod api;
mod aws;
pub mod build;
pub mod clock;
pub mod config;
pub mod context;
pub mod cost;
pub mod dead_letters;
pub mod error;
pub mod flow;
pub mod job;
pub mod limit;
pub mod memory;
pub mod models;
pub mod project;
pub mod queue;
pub mod readers;
pub mod removal;
pub mod retry;
pub mod run;
pub mod search;
mod searchable;
pub mod secrets;
pub mod store;
pub mod submission;
pub mod sweep;
pub mod task;
pub mod telemetry;
pub mod upstream;
pub mod video;
