//! The contract of the API: an OpenAPI 3.1 document made of the types that the handlers answer
//! with and of a table of operations, its page, and what breaks it.
//!
//! [`document()`], [`page()`] and [`routes`] are what `shared/openapi.json`, `shared/docs.html` and
//! `shared/routes.txt` hold; a test of this crate compares them and writes them anew.

pub mod breaking;
mod document;
mod examples;
mod jobs;
mod json;
mod named;
mod operation;
mod operations;
mod page;
mod requests;
mod responses;
mod schemas;

pub use document::{document, routes};
pub use page::page;
