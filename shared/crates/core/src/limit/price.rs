//! Prices of tokens. None are built in, since prices change and a wrong one is worse than none.

use std::str::FromStr;

use super::Cost;
use crate::{error::Error, usage::Usage};

/// Token usage of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens of the prompt, including the video.
    pub prompt: u64,
    pub candidates: u64,
    /// Tokens of the thoughts, which are charged as output.
    pub thoughts: u64,
}

impl TokenUsage {
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt
            .saturating_add(self.candidates)
            .saturating_add(self.thoughts)
    }

    /// Returns the cost of one call at this price. At an unknown price it costs no money.
    #[must_use]
    pub fn cost(&self, price: Option<Price>) -> Cost {
        Cost {
            tokens: self.total(),
            micro_usd: price.map_or(0, |price| micro_usd(price.cost_usd(self))),
            ..Cost::CALL
        }
    }

    /// Returns the usage of one answered call at this price.
    #[must_use]
    pub fn usage(&self, price: Option<Price>) -> Usage {
        Usage {
            input_tokens: self.prompt,
            output_tokens: self.candidates,
            thinking_tokens: self.thoughts,
            model_calls: 1,
            cost_usd: price.map(|price| price.cost_usd(self)),
            billed_ms: 0,
        }
    }
}

/// Price of a model in US dollars per million tokens. Thoughts are charged as output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input_usd: f64,
    /// Price of the answer, including its thoughts.
    pub output_usd: f64,
}

impl Price {
    /// Returns the cost of these tokens in US dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
    pub fn cost_usd(&self, usage: &TokenUsage) -> f64 {
        let written = usage.candidates + usage.thoughts;
        (usage.prompt as f64 * self.input_usd + written as f64 * self.output_usd) / 1e6
    }
}

/// Prices by prefix of the model id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(Vec<(String, Price)>);

impl Prices {
    /// Returns the price of a model, if it is known. The longest matching prefix wins, so that
    /// `gemini-x-flash-lite` can differ from `gemini-x-flash`.
    pub fn price_of(&self, model: &str) -> Option<Price> {
        let matching = self
            .0
            .iter()
            .filter(|(prefix, _)| model.starts_with(prefix.as_str()));
        let (_, price) = matching.max_by_key(|(prefix, _)| prefix.len())?;
        Some(*price)
    }
}

/// Parses `model=in/out,model=in/out`, in US dollars per million tokens. An empty text has no
/// prices.
impl FromStr for Prices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                let (model, price) = entry.split_once('=')?;
                let (input, output) = price.split_once('/')?;
                let usd = |text: &str| {
                    text.trim()
                        .parse()
                        .ok()
                        .filter(|usd: &f64| usd.is_finite() && *usd >= 0.0)
                };
                let price = Price {
                    input_usd: usd(input)?,
                    output_usd: usd(output)?,
                };
                let model = model.trim();
                (!model.is_empty()).then(|| (model.to_owned(), price))
            })
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Error::invalid("prices", "must be written as model=in/out,..."))
    }
}

/// Converts to millionths, rounded up.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and a cost is never negative"
)]
pub fn micro_usd(usd: f64) -> u64 {
    (usd * 1e6).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLION: TokenUsage = TokenUsage {
        prompt: 1_000_000,
        candidates: 500_000,
        thoughts: 500_000,
    };

    #[test]
    fn the_longest_beginning_counts_and_an_unknown_model_has_no_price() {
        let prices: Prices = "gemini-x=1/2, gemini-x-lite=0.3/0.5".parse().unwrap();
        let cost_usd = |model| Some(prices.price_of(model)?.cost_usd(&MILLION));
        assert_eq!(cost_usd("gemini-x-001"), Some(3.0));
        assert_eq!(cost_usd("gemini-x-lite"), Some(0.8));
        assert_eq!(cost_usd("gemini-y"), None);
        assert_eq!(Prices::default().price_of("gemini-x"), None);
        assert_eq!("".parse::<Prices>().unwrap(), Prices::default());
    }

    #[test]
    fn price_parser_refuses_malformed_texts() {
        for wrong in ["x", "x=1", "x=1/y", "=1/2", "x=-1/2", "x=NaN/1", "x=inf/1"] {
            assert!(wrong.parse::<Prices>().is_err(), "{wrong}");
        }
    }
}
