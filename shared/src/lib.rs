//! EventRelay.

pub mod error;
pub mod upstream;
