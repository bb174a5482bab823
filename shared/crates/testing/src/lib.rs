//! Servers for the unit tests of the other crates. Nothing that ships depends on this crate.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test may panic"
)]

mod responder;
mod secrets_manager;

pub use responder::{Reply, Responder, Seen};
pub use secrets_manager::SecretsManager;
