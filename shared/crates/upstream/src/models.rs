//! The models that are asked: in which order, at which price, and within which budget.

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

/// Output tokens of the configured models at most (contract of the models of 2026).
pub const MAX_OUTPUT_TOKENS: u64 = 65_536;

/// The models of a deployment. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Models {
    pub gemini: Gemini,
    /// Their ids, in the order in which they are asked.
    pub names: Vec<String>,
    /// Class of their answers.
    pub class: AnswerClass,
    /// What their tokens cost.
    pub prices: Prices,
    /// What may be paid for them in a day.
    pub budget: Budget,
}

impl Models {
    /// The same, but no request goes on beyond `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            gemini: self.gemini.until(deadline),
            ..self.clone()
        }
    }

    /// The model at a place of the order.
    ///
    /// # Errors
    /// [`Error::Internal`] where there is none: the configuration has changed under a job.
    pub fn name(&self, place: usize) -> Result<&str, Error> {
        let name = self.names.get(place).map(String::as_str);
        name.ok_or_else(|| Error::internal("no such model"))
    }

    /// Asks on behalf of an API key, with what it may cost set aside of the budgets before and
    /// settled after.
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
            // Whether it was paid for is not known.
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

    /// What was taken before, and a call of a model on top.
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
