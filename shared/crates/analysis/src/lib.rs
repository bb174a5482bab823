//! The analysis of a video: what the model is asked, what of its answer is believed, and how the
//! result is shown. Pure: no input or output, no clock.

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

/// Version of the pipeline: of the prompt, the schema and the assembly taken together. A stored
/// analysis of another version is not a result of this one.
pub const PIPELINE_VERSION: &str = "1";
