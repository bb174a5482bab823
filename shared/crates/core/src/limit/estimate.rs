//! Cost estimates and caps of analyses.

use super::{Price, TokenUsage};
use crate::{
    error::Error,
    video::{Resolution, Window},
};

/// Tokens per second of video: a frame of 258, or 66 at low resolution, 32 of sound, and the time
/// stamps (<https://ai.google.dev/gemini-api/docs/video-understanding>).
const PER_SECOND: f64 = 300.0;
const PER_SECOND_LOW: f64 = 100.0;

/// Assumed length of a video of unknown length: what fills the context of the models at the default
/// resolution. The models take nothing longer.
const MAX_DURATION_S: f64 = 3600.0;

/// Approximate bytes of text per token.
const BYTES_PER_TOKEN: u64 = 4;

/// Approximate minimum output of an analysis, thoughts included. It grows with every second of the
/// video.
const MIN_OUTPUT: u64 = 4000;
const OUTPUT_PER_SECOND: f64 = 4.0;

/// Estimated tokens of a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    pub input_tokens: u64,
    /// Output tokens, thoughts included.
    pub output_tokens: u64,
}

impl Estimate {
    /// Estimates a question about a video of this length, or a part of it, with so many bytes of
    /// text. `most_output` is the model's output limit.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length is at most days, and never negative"
    )]
    pub fn new(
        duration_s: Option<f64>,
        window: Option<Window>,
        resolution: Option<Resolution>,
        text_bytes: u64,
        most_output: u64,
    ) -> Self {
        let length_s = length_s(duration_s, window);
        let per_second = match resolution {
            Some(Resolution::Low) => PER_SECOND_LOW,
            _ => PER_SECOND,
        };
        let output = MIN_OUTPUT + (length_s * OUTPUT_PER_SECOND) as u64;
        Self {
            input_tokens: (length_s * per_second).ceil() as u64
                + text_bytes.div_ceil(BYTES_PER_TOKEN),
            output_tokens: output.min(most_output),
        }
    }

    /// Returns the tokens, for their cost. The output includes the thoughts.
    #[must_use]
    pub fn tokens(&self) -> TokenUsage {
        TokenUsage {
            prompt: self.input_tokens,
            candidates: self.output_tokens,
            thoughts: 0,
        }
    }

    /// Returns the output limit that keeps a question within its cap. This limit enforces the cap;
    /// an estimate alone would not. Returns `most` without a cap.
    ///
    /// # Errors
    /// [`Error::CostAboveCap`] with the estimate if the cap is too low; [`Error::NotConfigured`] if
    /// the price of the model is unknown.
    pub fn output_within(
        &self,
        cap: Option<Cap>,
        price: Option<Price>,
        most: u64,
    ) -> Result<u64, Error> {
        let Some(cap) = cap else { return Ok(most) };
        let unknown = || Error::NotConfigured {
            what: "a price of the model, by which a cap on cost is kept",
        };
        let price = price.ok_or_else(unknown)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "saturates"
        )]
        let affordable = {
            let left_usd =
                cap.usd - cap.spent_usd - self.input_tokens as f64 * price.input_usd / 1e6;
            (left_usd / price.output_usd * 1e6) as u64
        };
        if affordable < self.output_tokens {
            let estimate_usd = price.cost_usd(&self.tokens());
            return Err(Error::CostAboveCap {
                estimate_usd: cap.spent_usd + estimate_usd,
                cap_usd: cap.usd,
            });
        }
        Ok(affordable.min(most))
    }
}

/// Cost cap of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap {
    pub usd: f64,
    pub spent_usd: f64,
}

/// Returns the analysed seconds.
fn length_s(duration_s: Option<f64>, window: Option<Window>) -> f64 {
    let start = window.map_or(0.0, |window| window.start_s);
    let end = match (window.and_then(|window| window.end_s), duration_s) {
        (Some(end), Some(duration)) => end.min(duration),
        (end, duration) => end.or(duration).unwrap_or(start + MAX_DURATION_S),
    };
    (end - start).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_COUNT: u64 = 65_536;

    fn estimate(duration_s: Option<f64>, resolution: Option<Resolution>) -> Estimate {
        Estimate::new(duration_s, None, resolution, 0, MAX_COUNT)
    }

    const PRICE: Option<Price> = Some(Price {
        input_usd: 1.0,
        output_usd: 10.0,
    });

    #[test]
    fn tokens_are_duration_times_tokens_per_second_by_resolution() {
        assert_eq!(estimate(Some(300.0), None).input_tokens, 90_000);
        assert_eq!(
            estimate(Some(300.0), Some(Resolution::Low)).input_tokens,
            30_000
        );
        assert_eq!(estimate(None, None).input_tokens, 1_080_000);
        assert_eq!(estimate(Some(86_400.0), None).output_tokens, MAX_COUNT);
        let window = |start_s, end_s| {
            let window = Some(Window { start_s, end_s });
            Estimate::new(Some(100.0), window, None, 8, MAX_COUNT).input_tokens
        };
        assert_eq!(window(10.0, Some(20.0)), 3002);
        assert_eq!(window(90.0, Some(500.0)), 3002);
        assert_eq!(window(90.0, None), 3002);
        assert_eq!(window(500.0, None), 2);
    }

    #[test]
    fn a_cap_is_kept_by_the_output_that_is_asked_for() {
        let short = estimate(Some(100.0), None);
        assert_eq!((short.input_tokens, short.output_tokens), (30_000, 4400));
        let within = |usd, spent_usd| {
            let cap = Some(Cap { usd, spent_usd });
            short.output_within(cap, PRICE, MAX_COUNT)
        };
        // 3 cents to read, 4.4 to write.
        assert_eq!(within(1.0, 0.0).unwrap(), MAX_COUNT);
        let allowed = within(0.08, 0.0).unwrap();
        assert!((4999..=5000).contains(&allowed), "{allowed}");
        for (usd, spent) in [(0.07, 0.0), (0.08, 0.01), (0.02, 0.0)] {
            let refused = within(usd, spent).unwrap_err();
            let Error::CostAboveCap { estimate_usd, .. } = refused else {
                panic!("{refused:?}")
            };
            assert!((estimate_usd - 0.074 - spent).abs() < 1e-9);
        }
        assert_eq!(
            short.output_within(None, PRICE, MAX_COUNT).unwrap(),
            MAX_COUNT
        );
        let cap = Some(Cap {
            usd: 1.0,
            spent_usd: 0.0,
        });
        assert!(matches!(
            short.output_within(cap, None, MAX_COUNT),
            Err(Error::NotConfigured { .. })
        ));
    }

    #[test]
    fn zero_cost_fits_any_cap() {
        let free = Price {
            input_usd: 0.0,
            output_usd: 0.0,
        };
        let cap = Some(Cap {
            usd: 0.01,
            spent_usd: 0.0,
        });
        let short = estimate(Some(100.0), None);
        assert_eq!(
            short.output_within(cap, Some(free), MAX_COUNT).unwrap(),
            MAX_COUNT
        );
    }
}
