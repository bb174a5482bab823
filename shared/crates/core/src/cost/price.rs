//! Prices of tokens. None are built in, since prices change and a wrong one is worse than none.

use std::str::FromStr;

use crate::error::Error;

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
}

/// Price of a model in US dollars per million tokens. Thoughts are charged as output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input_usd: f64,
    /// Price of the answer, including its thoughts.
    pub output_usd: f64,
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

    /// Returns the cost of these tokens with this model in US dollars, or `None` if its price is
    /// unknown.
    pub fn cost_usd(&self, model: &str, usage: &TokenUsage) -> Option<f64> {
        let price = self.price_of(model)?;
        let written = usage.candidates + usage.thoughts;
        Some((usage.prompt as f64 * price.input_usd + written as f64 * price.output_usd) / 1e6)
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
        assert_eq!(prices.cost_usd("gemini-x-001", &MILLION), Some(3.0));
        assert_eq!(prices.cost_usd("gemini-x-lite", &MILLION), Some(0.8));
        assert_eq!(prices.cost_usd("gemini-y", &MILLION), None);
        assert_eq!(Prices::default().cost_usd("gemini-x", &MILLION), None);
        assert_eq!("".parse::<Prices>().unwrap(), Prices::default());
    }

    #[test]
    fn price_parser_refuses_malformed_texts() {
        for wrong in ["x", "x=1", "x=1/y", "=1/2", "x=-1/2", "x=NaN/1", "x=inf/1"] {
            assert!(wrong.parse::<Prices>().is_err(), "{wrong}");
        }
    }
}
