//! Builds: the way from an analysis to software, and from software to a deployment.
//!
//! A build is work in steps ([`crate::engine`]) of one of four kinds:
//!
//! | kind | what |
//! |---|---|
//! | [`project`] | plans software, opens a build for each file, checks what came, packs it |
//! | [`mod@file`] | writes, checks and repairs one file |
//! | [`deployment`] | brings a project to a target |
//! | [`software`] | an analysis, a project and a deployment, one after the other |
//!
//! [`model`] is what a build is; in each kind's file stands what it remembers and what follows from
//! what was seen, which is pure; [`calls`] is what is done; [`worker`] does it and writes it down.

pub mod calls;
pub mod deployment;
pub mod file;
pub mod machine;
pub mod model;
pub mod project;
pub mod software;
pub mod start;
pub mod worker;

pub use model::{Build, BuildRow, End, Work};
