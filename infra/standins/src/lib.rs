//! Stand-ins of the services that EventRelay calls, for local runs and tests.
//!
//! Each is an HTTP server on 127.0.0.1 that speaks the wire of the real service: the same paths,
//! field names, states and error bodies, and nothing that the real one does not have. The one
//! exception is the control surface under `/_control/`, by which a run or a test sets what happens
//! (faults, processing times, properties of videos) and reads what was called; and what was deployed
//! can be looked at, under `/_site/` and by `git clone`.
//!
//! They are not models: what [`gemini`] answers about a video is taken word for word from a
//! transcript in the request, or says plainly that nobody watched it. The software that it answers
//! with was written by hand (`samples/`), with the chapters and actions of the analysis filled in.

pub mod gemini;
pub mod github;
pub mod netlify;
pub mod vercel;
pub mod youtube;

mod call_faults;
mod calls;
mod faults;
mod log;
mod request;
mod server;
mod settings;
mod site;
mod standin;

pub use server::Running;
