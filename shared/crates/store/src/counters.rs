//! Counters of the deployment, so that statistics need no scan.
//!
//! Each is several rows `count#<name>#<shard>` of the controls table. One row takes 1000 writes a
//! second, so an atomic `ADD` goes to one of several shards and a reader adds them up. A counter
//! changes after what it counts: a crash in between leaves it off by one, which the recount
//! repairs.

use crate::sdk_error::storage_error;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde::{Deserialize, Serialize};

use super::{
    batch,
    item::{Item, n, s},
};
use eventrelay_core::{clock::Timestamp, error::Error, usage::Usage};

/// Shards of a counter.
const SHARDS: u64 = 8;

/// Totals of all time.
pub const TOTALS: &str = "totals";

/// Counts by name, or changes to them. Zero counts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, i64>);

impl Counts {
    /// Adds to a count.
    pub fn add(&mut self, name: impl Into<String>, amount: i64) {
        let name = name.into();
        let sum = self.get(&name).saturating_add(amount);
        match sum {
            0 => self.0.remove(&name),
            _ => self.0.insert(name, sum),
        };
    }

    /// Adds all counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            self.add(name, *amount);
        }
    }

    #[must_use]
    pub fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Returns whether all counts are zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the counts whose name has this prefix, without the prefix.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, i64)> {
        let named = self.0.iter();
        named.filter_map(move |(name, count)| Some((name.strip_prefix(prefix)?, *count)))
    }

    /// Returns the changes of a day's counts for a usage of a model. Costs are in millionths of a
    /// US dollar.
    #[must_use]
    pub fn of_usage(before: &Usage, after: &Usage) -> Self {
        let mut counts = Self::default();
        let change = |before: u64, after: u64| {
            i64::try_from(after.saturating_sub(before)).unwrap_or(i64::MAX)
        };
        counts.add(
            "input_tokens",
            change(before.input_tokens, after.input_tokens),
        );
        counts.add(
            "output_tokens",
            change(before.output_tokens, after.output_tokens),
        );
        counts.add(
            "thinking_tokens",
            change(before.thinking_tokens, after.thinking_tokens),
        );
        let calls = i64::from(after.model_calls) - i64::from(before.model_calls);
        counts.add("model_calls", calls);
        match after.cost_usd {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below the price of a house"
            )]
            Some(cost) => counts.add(
                "cost_micro_usd",
                ((cost - before.cost_usd.unwrap_or(0.0)) * 1e6).round() as i64,
            ),
            None => counts.add("unpriced_calls", calls),
        }
        counts
    }
}

/// Counters of a deployment.
#[derive(Clone, Debug)]
pub struct Counters {
    client: Client,
    table: String,
}

impl Counters {
    /// Creates a client of the counters in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Changes the totals. A failure is logged only, since what was counted has succeeded.
    pub async fn count(&self, changes: &Counts) {
        self.count_in(TOTALS, changes).await;
    }

    /// Changes the counters of a UTC day, like [`Counters::count`].
    pub async fn count_today(&self, changes: &Counts, now: Timestamp) {
        self.count_in(&now.day(), changes).await;
    }

    async fn count_in(&self, name: &str, changes: &Counts) {
        if changes.is_empty() {
            return;
        }
        let shard = fastrand::u64(..SHARDS);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(row_key(name, shard)));
        let mut expression = Vec::new();
        for (index, (count, amount)) in changes.0.iter().enumerate() {
            expression.push(format!("#n{index} :n{index}"));
            update = update
                .expression_attribute_names(format!("#n{index}"), count)
                .expression_attribute_values(format!(":n{index}"), n(amount));
        }
        let update = update.update_expression(format!("ADD {}", expression.join(", ")));
        if let Err(error) = update.send().await {
            let error = storage_error(error);
            tracing::warn!(error = error.report(), "Could not change a counter");
        }
    }

    /// Returns the totals and the counts of the current UTC day, in one read.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn read(&self, now: Timestamp) -> Result<(Counts, Counts), Error> {
        let today = now.day();
        let names = [TOTALS, today.as_str()];
        let keys = names
            .iter()
            .flat_map(|name| (0..SHARDS).map(|shard| row_key(name, shard)));
        let keys = keys
            .map(|key| Item::from([("pk".to_owned(), s(key))]))
            .collect();
        let (mut totals, mut of_today) = (Counts::default(), Counts::default());
        for item in batch::get_all(&self.client, &self.table, keys, false).await? {
            let key = item.get("pk").and_then(|key| key.as_s().ok());
            let is_total = key.is_some_and(|key| key.starts_with(&row_key_prefix(TOTALS)));
            let counts = if is_total { &mut totals } else { &mut of_today };
            for (name, value) in &item {
                if let AttributeValue::N(number) = value {
                    counts.add(name, number.parse().unwrap_or(0));
                }
            }
        }
        Ok((totals, of_today))
    }

    /// Replaces the totals, except those that only grow and cannot be recounted.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn replace_totals(&self, recounted: &Counts, now: Timestamp) -> Result<(), Error> {
        let (known, _) = self.read(now).await?;
        let mut totals = recounted.clone();
        for (name, count) in &known.0 {
            if LASTING.contains(&name.as_str()) {
                totals.add(name, *count);
            }
        }
        let rows = (0..SHARDS).map(|shard| {
            let mut item = Item::from([("pk".to_owned(), s(row_key(TOTALS, shard)))]);
            if shard == 0 {
                item.extend(
                    totals
                        .0
                        .iter()
                        .map(|(name, count)| (name.clone(), n(count))),
                );
            }
            batch::Write::Put(item)
        });
        batch::write_all(&self.client, &self.table, rows.collect()).await
    }
}

/// Lookups answered from the index or from the instance cache.
pub const LOOKUP_HITS: &str = "lookup_hits";
/// Lookups that found nothing, see [`LOOKUP_HITS`].
pub const LOOKUP_MISSES: &str = "lookup_misses";

/// Cost saved by submissions of a video that was already analysed, in millionths of a US dollar.
pub const SAVED_MICRO_USD: &str = "saved_micro_usd";

/// Messages that became dead letters.
pub const DEAD_LETTERS: &str = "dead_letters";
/// Jobs whose lost message the sweeper sent again.
pub const REVIVED_JOBS: &str = "revived_jobs";
/// Tasks whose lost message the sweeper sent again.
pub const REVIVED_TASKS: &str = "revived_tasks";
/// Orphaned files at Gemini that the sweeper deleted.
pub const DELETED_FILES: &str = "deleted_files";
/// Recordings without a submission that the sweeper deleted.
pub const DELETED_UPLOADS: &str = "deleted_uploads";

const LASTING: [&str; 8] = [
    LOOKUP_HITS,
    LOOKUP_MISSES,
    SAVED_MICRO_USD,
    DEAD_LETTERS,
    REVIVED_JOBS,
    REVIVED_TASKS,
    DELETED_FILES,
    DELETED_UPLOADS,
];

fn row_key_prefix(name: &str) -> String {
    format!("count#{name}#")
}

fn row_key(name: &str, shard: u64) -> String {
    format!("{}{shard}", row_key_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_zero_is_none() {
        let mut counts = Counts::default();
        counts.add("a", 2);
        counts.add("a", -2);
        assert!(counts.is_empty());
        counts.add("x_b", i64::MAX);
        counts.add("x_b", 1);
        assert_eq!(
            counts.with_prefix("x_").collect::<Vec<_>>(),
            [("b", i64::MAX)]
        );
    }

    #[test]
    fn usage_is_counted_by_what_it_grew() {
        let before = Usage {
            input_tokens: 10,
            cost_usd: Some(0.5),
            model_calls: 1,
            ..Usage::default()
        };
        let after = Usage {
            input_tokens: 30,
            cost_usd: Some(0.75),
            model_calls: 2,
            ..before
        };
        let counts = Counts::of_usage(&before, &after);
        assert_eq!(counts.get("input_tokens"), 20);
        assert_eq!(counts.get("cost_micro_usd"), 250_000);
        assert_eq!(counts.get("model_calls"), 1);
        let unpriced = Usage {
            cost_usd: None,
            ..after
        };
        assert_eq!(
            Counts::of_usage(&before, &unpriced).get("unpriced_calls"),
            1
        );
    }

    #[test]
    fn a_day_is_a_date() {
        assert_eq!(Timestamp(1_790_000_000_123).day(), "2026-09-21");
    }
}
