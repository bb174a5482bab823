//! Options of an analysis, and the variant that they determine.

use eventrelay_core::video::Resolution;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use eventrelay_analysis::PIPELINE_VERSION;
use eventrelay_core::video::Window;

/// Options of an analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// BCP 47 tag of the output language; `None` for that of the video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Part to analyse; `None` for the whole video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Content hash of a submitted transcript, see [`eventrelay_store::blobs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// Resolution of the frames; `None` for the default of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Budget in US dollars; `None` for no limit. It is not part of the variant: a stored analysis
    /// counts at any cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// Makes a new analysis even if a fresh one exists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

impl Request {
    #[must_use]
    pub fn variant(&self) -> String {
        let version = PIPELINE_VERSION;
        let mut options = vec![
            json!(self.language),
            json!(self.window),
            json!(self.transcript),
        ];
        // Appended, and only if set, so that the variants of older requests keep their names.
        options.extend(self.resolution.map(|one| json!(one)));
        if options.iter().all(Value::is_null) {
            return version.to_owned();
        }
        let options = Value::Array(options);
        let hash = Sha256::digest(options.to_string());
        format!("{version}-{}", hex::encode(&hash[..8]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_of_the_options_alone() {
        let plain = Request::default();
        let german = Request {
            language: Some("de".to_owned()),
            ..plain.clone()
        };
        assert_eq!(plain.variant(), PIPELINE_VERSION);
        assert_eq!(
            Request {
                force: true,
                ..plain.clone()
            }
            .variant(),
            plain.variant()
        );
        assert_ne!(german.variant(), plain.variant());
        let window = Window {
            start_s: 1.0,
            end_s: None,
        };
        assert_ne!(
            Request {
                window: Some(window),
                ..german.clone()
            }
            .variant(),
            german.variant()
        );
    }
}
