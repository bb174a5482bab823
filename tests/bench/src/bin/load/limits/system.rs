//! The whole system: more videos than the model may be called for.

use std::time::Duration;

use anyhow::Context as _;
use eventrelay_tests::{PATIENCE, Stack, catalog, until};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::Limited;
use crate::{cli::Limits, http::Caller};

/// Submissions under way at a time.
const CALLERS: usize = 20;

/// Numbers of the videos begin here.
const FIRST: u64 = 1 << 41;

/// Initial work, as a multiple of what the quota admits in a run.
const MORE_WORK: f64 = 1.3;

/// Has jobs want to call the model for so long.
pub(super) async fn run(
    stack: &Stack,
    options: &Limits,
    length: Duration,
) -> anyhow::Result<Limited> {
    let minutes = length.as_secs_f64() / 60.0;
    let calls = MORE_WORK * f64::from(options.per_minute) * minutes;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "far below 2^52, and not below 0"
    )]
    let jobs = calls.ceil() as u64 + 1;
    let caller = Caller::new(stack);
    stream::iter(0..jobs)
        .map(async |number| {
            let id = catalog::id(FIRST + number).to_string();
            let submitted = caller.post("/v1/videos", &json!({"url": id}), 202).await;
            submitted.map_err(|reason| anyhow::anyhow!("not accepted: {reason}"))
        })
        .buffer_unordered(CALLERS)
        .try_for_each(async |_| Ok(()))
        .await?;
    let length_ms = u64::try_from(length.as_millis())?;
    // Until then there is work: more jobs wait than may call.
    let at_ms = until(length + PATIENCE, async || {
        let calls = stack.gemini_calls(":generateContent").await?;
        let mut at_ms = Vec::with_capacity(calls.len());
        for call in &calls {
            at_ms.push(call["at_ms"].as_u64().context("a call without a time")?);
        }
        at_ms.sort_unstable();
        let span = at_ms.last().zip(at_ms.first());
        let is_over = span.is_some_and(|(last, first)| last - first >= length_ms);
        Ok(is_over.then_some(at_ms))
    })
    .await?;
    Ok(Limited {
        name: "calls of the model",
        quantity: options.per_minute.into(),
        window: Duration::from_secs(60),
        at_ms,
    })
}
