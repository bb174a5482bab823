//! Configured models: their order, prices and budgets.

use std::time::{Duration, Instant};

use crate::{
    budget::Budget,
    gemini::{Answered, Gemini, GenerateRequest},
};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    cost::{Estimate, Prices, TokenUsage, micro_usd},
    error::Error,
    telemetry::{self, Metric},
    usage::Usage,
};

/// Maximum output tokens of the configured models (contract of the models of 2026).
pub const MAX_OUTPUT_TOKENS: u64 = 65_536;

/// Models of a deployment. Clones share the connection pool.
#[derive(Clone, Debug)]
pub struct Models {
    pub gemini: Gemini,
    /// Model ids, in order of preference.
    pub names: Vec<String>,
    /// Class of the answers.
    pub class: AnswerClass,
    /// Prices of the tokens.
    pub prices: Prices,
    pub budget: Budget,
}

impl Models {
    /// Returns models whose requests end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            gemini: self.gemini.until(deadline),
            ..self.clone()
        }
    }

    /// Returns the id of the model at a place of the order.
    ///
    /// # Errors
    /// [`Error::Internal`] if there is none, because the configuration has changed since the job
    /// began.
    pub fn name(&self, place: usize) -> Result<&str, Error> {
        let name = self.names.get(place).map(String::as_str);
        name.ok_or_else(|| Error::internal("no such model"))
    }

    /// Sends a request on behalf of an API key. Its estimated cost is reserved in the budgets
    /// before and settled after.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`], and as [`Gemini::generate`].
    pub async fn ask(
        &self,
        request: &GenerateRequest<'_>,
        estimate: Estimate,
        by: Option<&str>,
        time: Duration,
    ) -> Result<Answered, Error> {
        let estimated = estimate.cost_usd(&self.prices, request.model);
        let amount = micro_usd(estimated.unwrap_or(0.0));
        let reserved = self.budget.reserve(by, amount, Timestamp::now()).await?;
        let answered = self.gemini.generate(request, time).await;
        if let Ok(answered) = &answered {
            self.tell(request.model, &answered.usage);
        }
        let paid = match &answered {
            Ok(answered) => self.prices.cost_usd(request.model, &answered.usage),
            // It is unknown whether the request was charged.
            Err(Error::Unavailable { .. } | Error::UpstreamMalformed { .. }) => estimated,
            Err(_) => None,
        };
        let paid = micro_usd(paid.unwrap_or(0.0));
        self.budget.settle(reserved, paid, Timestamp::now()).await;
        answered
    }

    #[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
    fn tell(&self, model: &str, tokens: &TokenUsage) {
        let values = [
            (Metric::InputTokens, tokens.prompt as f64),
            (Metric::OutputTokens, tokens.candidates as f64),
            (Metric::ThinkingTokens, tokens.thoughts as f64),
            (
                Metric::Cost,
                self.prices.cost_usd(model, tokens).unwrap_or(0.0),
            ),
        ];
        telemetry::metrics(&[model], &values, Timestamp::now());
    }

    /// Adds the usage of a call of a model to `before`.
    #[must_use]
    pub fn add_up(&self, before: Usage, model: &str, tokens: &TokenUsage) -> Usage {
        before.plus(Usage {
            input_tokens: tokens.prompt,
            output_tokens: tokens.candidates,
            thinking_tokens: tokens.thoughts,
            model_calls: 1,
            cost_usd: self.prices.cost_usd(model, tokens),
            billed_ms: 0,
        })
    }
}
