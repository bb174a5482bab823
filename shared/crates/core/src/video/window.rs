//! Part of a video to analyse, and its resolution.

use serde::{Deserialize, Serialize};

/// Part of a video.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Window {
    /// First second of the part.
    pub start_s: f64,
    /// Last second of the part, or `null` for the end of the video.
    pub end_s: Option<f64>,
}

/// Resolution of the frames: more tokens, and so cost, for more detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Low resolution at a third of the tokens.
    Low,
    /// Medium resolution.
    Medium,
    /// High resolution, for small print.
    High,
}
