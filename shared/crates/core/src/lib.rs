//! Types and rules that every other crate of EventRelay uses. This crate depends neither on AWS nor
//! on HTTP.

pub mod answer_class;
mod checked_text;
pub mod clock;
pub mod config;
pub mod error;
pub mod ids;
pub mod limit;
pub mod notice;
pub mod retry;
pub mod telemetry;
pub mod usage;
pub mod video;
