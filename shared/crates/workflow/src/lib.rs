//! The workflow engine ([`engine`]) and every workflow on it.

pub mod any;
pub mod batch;
pub mod build;
pub mod context;
pub mod dead_letters;
pub mod engine;
pub mod job;
pub mod removal;
mod searchable;
pub mod submission;
pub mod sweep;
pub mod task;
