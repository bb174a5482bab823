//! Contract of the API: an OpenAPI 3.1 document generated from the handlers' types and from a table
//! of operations. Also its page, and its breaking changes.
//!
//! `shared/openapi.json`, `shared/docs.html` and `shared/routes.txt` hold [`document()`],
//! [`page()`] and [`routes`]. A test of this crate compares and updates them.

pub mod breaking;
mod components;
mod document;
mod examples;
mod jobs;
mod json;
mod named;
mod operation;
mod page;
mod requests;
mod response;
mod schemas;
pub mod tables;

pub use document::{document, routes};
pub use page::page;
