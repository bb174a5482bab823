//! Analysis of a video: prompt, validation of the model's answer, and presentation of the result.
//!
//! Pure: no input or output, no clock.

mod assemble;
pub mod captions;
pub mod category;
mod draft;
pub mod markdown;
mod model;
pub mod prompt;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod search;
pub mod text;

pub use assemble::{Facts, Unusable, assemble};
pub use captions::{CaptionError, Captions};
pub use category::Category;
pub use draft::{Draft, DraftError};
pub use model::*;

/// Version of the pipeline: prompt, schema and assembly together. A stored analysis of another
/// version is not reused.
pub const PIPELINE_VERSION: &str = "1";
