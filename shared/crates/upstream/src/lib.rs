//! HTTP client and the clients of the upstream services.
//!
//! This crate does not wait, does not read the environment and does not retry on a response. A
//! failure states its disposition ([`eventrelay_core::error::Error::disposition`]), and the caller
//! acts on it.

mod bearer;
pub mod client;
pub mod gemini;
pub mod github;
pub mod guard;
mod key;
pub mod models;
pub mod netlify;
pub mod vercel;
pub mod youtube;

pub use client::HttpClient;
pub use guard::UpstreamGuard;

#[cfg(test)]
#[path = "../../project/src/deploy/samples.rs"]
mod sample_files;
