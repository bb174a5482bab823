//! EventRelay.
