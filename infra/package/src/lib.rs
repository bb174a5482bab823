//! Packing of functions, for `cargo zips` and the tests.

pub mod archive;
pub mod local;
