//! Fault harnesses: crashes, failing services, interleavings and restarts.
//!
//! Each module has a short form that `cargo test` runs, and most have a long form. The module says
//! how to start it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod crash_points;
mod durability;
mod faulty_world;
mod races;

/// The random-fault test holds this for writing, the other tests for reading: it measures patience
/// and does not share the processors.
static PROCESSORS: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());
