//! The one warm HTTP client, and the services that are called through it. Nothing here waits, reads
//! the environment or tries twice on an answer: a failure says what to do about it
//! ([`eventrelay_core::error::Error::disposition`]), and the caller does it.

mod bearer;
pub mod budget;
pub mod client;
pub mod gate;
pub mod gemini;
pub mod github;
mod key;
pub mod models;
pub mod netlify;
pub mod vercel;
pub mod youtube;

pub use client::HttpClient;
pub use gate::UpstreamGuard;

#[cfg(test)]
#[path = "../../project/src/deploy/samples.rs"]
mod sample_files;
