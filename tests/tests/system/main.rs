//! Whole-system tests: the real functions on a local stack, driven over HTTP.
//!
//! Each test starts a stack of its own on free ports, so all of them can run at the same time.
//!
//! ```sh
//! cargo test --workspace --test system            # all of them
//! cargo test --workspace --test system queue::    # one module
//! ```

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answer_classes;
mod build_messages;
mod configuration_faults;
mod contract;
mod dead_letters;
mod deployments;
mod failures;
mod hostile_input;
mod index;
mod keys;
mod library;
mod limits;
mod lost_answers;
mod main_job;
mod projects;
mod prompt_injection;
mod queue;
mod redelivery;
mod requests;
mod search;
mod search_crashes;
mod secrets;
mod smoke;
mod sweeper;
mod telemetry;
