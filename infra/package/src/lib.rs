//! What the program `cargo zips` shares: how a function is put into a zip.

pub mod archive;
pub mod local;
