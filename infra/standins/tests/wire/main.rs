//! Stand-ins over HTTP, checked against the published descriptions of the services.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod gemini_files;
mod gemini_generate;
mod gemini_project;
mod github;
mod netlify;
mod playlist_items;
mod vercel;
mod youtube;
