//! The part of a video that is analysed, and how finely.

use serde::{Deserialize, Serialize};

/// A part of a video.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Window {
    /// First second.
    pub start_s: f64,
    /// Last second; none for the end of the video.
    pub end_s: Option<f64>,
}

/// How finely the frames of a video are looked at: tokens, and so cost, for detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// A third of the tokens.
    Low,
    /// Between the two.
    Medium,
    /// For small print.
    High,
}
