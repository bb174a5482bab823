//! How an analysis is asked for, and what it is called by that.

use eventrelay_core::video::Resolution;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use eventrelay_analysis::PIPELINE_VERSION;
use eventrelay_core::video::Window;

/// How an analysis was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// BCP 47 tag of the language to write in; none for that of the video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The part to analyse; none for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Content hash of a transcript that came along, see [`eventrelay_store::blobs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// How finely the frames are looked at; none for the model's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// What it may cost in US dollars; none for any price. No part of the question: an analysis
    /// that is there answers whatever it did cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// A new analysis is made even where a fresh one exists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

impl Request {
    /// See [`super::Job::variant`].
    #[must_use]
    pub fn variant(&self) -> String {
        let version = PIPELINE_VERSION;
        let mut options = vec![
            json!(self.language),
            json!(self.window),
            json!(self.transcript),
        ];
        // Behind those that were there before it, and only where it is given: what is stored under
        // the others keeps its name.
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
