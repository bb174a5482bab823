//! Resources that a job has used.

use serde::{Deserialize, Serialize};

/// What a job took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Tokens spent on thinking.
    pub thinking_tokens: u64,
    /// Calls of models that were answered.
    pub model_calls: u32,
    /// List price of the tokens in US dollars; none where the model's price is not known.
    pub cost_usd: Option<f64>,
    /// Milliseconds that functions worked on it. What is waited for is not worked.
    #[serde(default)]
    pub billed_ms: u64,
}

impl Usage {
    /// Both together. A cost of which a part is not known is not known.
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
