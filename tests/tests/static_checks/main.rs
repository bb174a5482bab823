//! Checks of the repository that start no stack: `template.yaml`, the event files, the table of
//! rights and the built binaries agree with each other.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod binaries;
mod events;
mod layers;
mod security;
mod template;
