//! Resources that a job has used.

use serde::{Deserialize, Serialize};

/// Resources that a job has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Tokens spent on thinking.
    pub thinking_tokens: u64,
    /// Answered calls of models.
    pub model_calls: u32,
    /// List price of the tokens in US dollars, or `None` if the model's price is unknown.
    pub cost_usd: Option<f64>,
    /// Milliseconds of function run time, without waiting.
    #[serde(default)]
    pub billed_ms: u64,
}

impl Usage {
    /// Adds two usages. The sum of an unknown cost is unknown.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
            thinking_tokens: self.thinking_tokens.saturating_add(more.thinking_tokens),
            model_calls: self.model_calls.saturating_add(more.model_calls),
            cost_usd: match (self.model_calls, more.model_calls) {
                (0, _) => more.cost_usd,
                (_, 0) => self.cost_usd,
                _ => self.cost_usd.zip(more.cost_usd).map(|(one, two)| one + two),
            },
            billed_ms: self.billed_ms.saturating_add(more.billed_ms),
        }
    }
}
