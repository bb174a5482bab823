//! EventRelay.

pub mod error;
