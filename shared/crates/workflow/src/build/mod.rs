//! Builds: from an analysis to software, and from software to a deployment.
//!
//! A build is a workflow ([`crate::engine`]) of one of four kinds:
//!
//! | kind | what |
//! |---|---|
//! | [`project`] | plans software, opens a build for each file, checks what came, packs it |
//! | [`mod@file`] | writes, checks and repairs one file |
//! | [`deployment`] | brings a project to a target |
//! | [`software`] | an analysis, a project and a deployment, one after the other |
//!
//! [`model`] defines the record. The module of each kind has its state and pure transitions.
//! [`calls`] performs the effects, and [`worker`] connects them to the engine.

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
