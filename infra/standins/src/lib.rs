//! Stand-ins of the services that EventRelay calls, for local runs and tests.
//!
//! Each is an HTTP server on 127.0.0.1 with the protocol of the real service: the same paths, field
//! names, states and error bodies. Two parts are extra. Under `/_control/`, a run or a test sets
//! faults, processing times and properties of videos, and reads the calls. Under `/_site/` and by
//! `git clone`, people see what was deployed.
//!
//! Stand-ins are not models. [`gemini`] takes its answers about a video word for word from the
//! transcript in the request. Without a transcript, it says that there is no analysis. Its software
//! consists of hand-written samples (`samples/`), with the chapters and actions of the analysis
//! filled in.

pub mod gemini;
pub mod github;
pub mod netlify;
pub mod vercel;
pub mod youtube;

mod call_faults;
mod calls;
mod faults;
mod json;
mod log;
mod request;
mod server;
mod settings;
mod site;
mod standin;

pub use server::Running;
