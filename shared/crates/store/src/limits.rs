//! Distributed limiter state: rows `limit#<name>` of the controls table, shared by all instances.
//!
//! | attribute | what |
//! |---|---|
//! | `rev` | incremented by every write; a write states the revision that it was decided on |
//! | `by` | unique to the write, so that an SDK retry recognises its own write |
//! | `doc` | the [`LimiterState`] as JSON |
//! | `calls` | calls that `doc` does not count yet |
//! | `ttl` | expiry of a row without writes, epoch seconds |
//!
//! An instance checks a call against the state it has last seen, and writes the decision under that
//! revision. Without a concurrent write this takes one conditional write. Otherwise the failed
//! write returns the new state, and the instance checks the call again.
//!
//! A call that uses no quota only increments `calls`, without a condition, and is checked against
//! the returned row. So such calls do not contend. The next write of the state adds `calls` to it.

use crate::sdk_error::storage_error;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{
        AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure,
        error::ConditionalCheckFailedException,
    },
};

use super::{
    batch,
    item::{Item, get_n, get_s, n, s},
};
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    limit::{self, Cost, Decision, LimiterState, Policy, Reading},
};

/// Maximum writes per decision. If `n` instances check at the same moment, each round admits one,
/// and rounds take milliseconds. It exceeds the number of concurrent workers.
const MAX_WRITES: usize = 150;

/// Maximum decisions per call, after which a decision that was written too late is used anyway. A
/// limit whose row is so slow is better than none.
const MAX_JUDGEMENTS: usize = 3;

/// Maximum rows in the cache of an instance.
const MAX_SEEN: usize = 500;

/// Time to live of a row, longer than any pause or day.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Row as last read. Revision 0 has no state yet.
#[derive(Clone, Debug, Default)]
struct Row {
    rev: u64,
    calls: u32,
    state: LimiterState,
}

/// Limits of a deployment. Clones share the cached rows.
#[derive(Clone, Debug)]
pub struct Limits {
    client: Client,
    table: String,
    seen: Arc<Mutex<HashMap<String, Row>>>,
}

impl Limits {
    /// Creates a client of the limits in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self {
            client,
            table,
            seen: Arc::default(),
        }
    }

    /// Requests permission for a call, see [`limit::check`]. An admitted caller makes the call at
    /// once.
    ///
    /// The call counts for the moment of the check. If the policy has a rate and the row was
    /// written too late for that moment, the call is checked and counted again.
    ///
    /// # Errors
    /// [`Error::Storage`]. The call must not be made then.
    pub async fn acquire(
        &self,
        policy: &Policy,
        cost: Cost,
        has_reservation: bool,
        clock: impl Fn() -> Timestamp,
    ) -> Result<Decision, Error> {
        let check =
            |state: &LimiterState, now| limit::check(policy, state, cost, has_reservation, now);
        if policy.counts_only(cost) {
            let now = clock();
            let row = self.count(&policy.name, now).await?;
            let (decision, _) = check(&row.state, now);
            if decision != (Decision::Pass { probe: true }) {
                return Ok(decision);
            }
            // Only one of the concurrent callers may be the probe.
        }
        let check = |state: &LimiterState, now| {
            let (decision, next) = check(state, now);
            ((decision, now), next)
        };
        let mut judgements = 1;
        loop {
            let (decision, at) = self.change(&policy.name, &clock, check).await?;
            let is_late = policy.has_rate() && at.until(clock()) > limit::UNDER_WAY;
            let passes = decision == (Decision::Pass { probe: false });
            if !(passes && is_late) || judgements == MAX_JUDGEMENTS {
                return Ok(decision);
            }
            judgements += 1;
        }
    }

    /// Records that the probe of a failing service has succeeded.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn succeeded(&self, name: &str, now: Timestamp) -> Result<(), Error> {
        let change = |state: &LimiterState, _| ((), Some(state.after_success()));
        self.change(name, || now, change).await
    }

    /// Records a failure that counts against the service. Returns whether the circuit breaker
    /// opened because of it.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn failed(&self, name: &str, probe: bool, now: Timestamp) -> Result<bool, Error> {
        // The failure rate depends on the calls of all instances.
        self.read(name).await?;
        self.change(
            name,
            || now,
            |state, now| {
                let next = state.after_failure(probe, now);
                let opened = next.condition(now) != state.condition(now);
                (opened, Some(next))
            },
        )
        .await
    }

    /// Records that a service has asked for no calls before `until`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn pause(&self, name: &str, until: Timestamp, now: Timestamp) -> Result<(), Error> {
        let change = |state: &LimiterState, _| ((), state.after_pause(until));
        self.change(name, || now, change).await
    }

    /// Replaces the estimated quantity of a call by the actual one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn settle(
        &self,
        policy: &Policy,
        estimated: Cost,
        real: Cost,
        now: Timestamp,
    ) -> Result<(), Error> {
        let change =
            |state: &LimiterState, now| ((), state.after_settlement(policy, estimated, real, now));
        self.change(&policy.name, || now, change).await
    }

    /// Returns the remaining quantity of each quota of a policy, from the cached state.
    #[must_use]
    pub fn last_seen(&self, policy: &Policy, now: Timestamp) -> Vec<Reading> {
        let row = self.seen().get(&policy.name).cloned().unwrap_or_default();
        row.state.readings(policy, now)
    }

    /// Returns whether this is the first call with this name in the current UTC day.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn is_first_today(&self, name: &str, now: Timestamp) -> Result<bool, Error> {
        let name = format!("{name}:told:{}", now.day());
        let none = Row::default();
        let there = self.write(&name, &none, &none.state, now).await?;
        Ok(there.is_none())
    }

    /// Returns the states of these names, in one read. A name without a row has the default state.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn states(&self, names: &[String]) -> Result<Vec<LimiterState>, Error> {
        let keys = names
            .iter()
            .map(|name| Item::from([("pk".to_owned(), s(key(name)))]));
        let items = batch::get_all(&self.client, &self.table, keys.collect(), false).await?;
        let state = |name: &String| {
            let is_it = |item: &&Item| get_s(item, "pk") == Some(key(name).as_str());
            let item = items.iter().find(is_it);
            item.map_or_else(LimiterState::default, |item| row(item).state)
        };
        Ok(names.iter().map(state).collect())
    }

    /// Applies `change` to a state and writes it.
    ///
    /// A change that leaves the state equal is decided on the row as it is now, not on the cached
    /// one. Otherwise this instance would keep to a pause that has ended elsewhere.
    async fn change<T>(
        &self,
        name: &str,
        clock: impl Fn() -> Timestamp,
        change: impl Fn(&LimiterState, Timestamp) -> (T, Option<LimiterState>),
    ) -> Result<T, Error> {
        let mut row = self.seen().get(name).cloned().unwrap_or_default();
        let mut is_fresh = false;
        for _ in 0..MAX_WRITES {
            let now = clock();
            let (outcome, next) = change(&row.state.after_calls(row.calls, now), now);
            let Some(state) = next else {
                if is_fresh {
                    return Ok(outcome);
                }
                row = self.read(name).await?;
                is_fresh = true;
                continue;
            };
            match self.write(name, &row, &state, now).await? {
                None => {
                    let (rev, calls) = (row.rev + 1, 0);
                    self.remember(name, Row { rev, calls, state });
                    return Ok(outcome);
                }
                Some(other) => {
                    self.remember(name, other.clone());
                    (row, is_fresh) = (other, true);
                }
            }
        }
        Err(Error::Storage {
            transient: true,
            source: "too many instances write the same limit".into(),
        })
    }

    /// Counts a call and returns the new row.
    async fn count(&self, name: &str, now: Timestamp) -> Result<Row, Error> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key(name)))
            .update_expression("SET #ttl = :ttl ADD calls :one")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":ttl", n((now + KEPT).as_seconds()))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(storage_error)?;
        let row = updated.attributes.as_ref().map_or_else(Row::default, row);
        self.remember(name, row.clone());
        Ok(row)
    }

    /// Writes a row under the revision that was read. Returns `None` on success, else the row of
    /// the concurrent writer.
    async fn write(
        &self,
        name: &str,
        seen: &Row,
        state: &LimiterState,
        now: Timestamp,
    ) -> Result<Option<Row>, Error> {
        let doc = serde_json::to_string(state).map_err(Error::internal)?;
        let by = uuid::Uuid::now_v7().simple().to_string();
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key(name)))
            .update_expression(
                "SET doc = :doc, rev = :next, #by = :by, #ttl = :ttl ADD calls :counted",
            )
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":by", s(&by))
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":doc", s(doc))
            .expression_attribute_values(":next", n(seen.rev + 1))
            .expression_attribute_values(":counted", n(-i64::from(seen.calls)))
            .expression_attribute_values(":ttl", n((now + KEPT).as_seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match seen.rev {
            0 => update.condition_expression("attribute_not_exists(rev)"),
            rev => update
                .condition_expression("rev = :rev")
                .expression_attribute_values(":rev", n(rev)),
        };
        match update.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(error)) if refused(error.err()).is_some() => {
                let item = refused(error.err()).and_then(|refused| refused.item.as_ref());
                // The SDK retried a write whose first response was lost.
                if item.is_some_and(|item| get_s(item, "by") == Some(by.as_str())) {
                    return Ok(None);
                }
                Ok(Some(item.map_or_else(Row::default, row)))
            }
            Err(error) => Err(storage_error(error)),
        }
    }

    async fn read(&self, name: &str) -> Result<Row, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(key(name)))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        let row = read.item.as_ref().map_or_else(Row::default, row);
        self.remember(name, row.clone());
        Ok(row)
    }

    fn remember(&self, name: &str, row: Row) {
        let mut seen = self.seen();
        if seen.len() >= MAX_SEEN {
            seen.clear();
        }
        seen.insert(name.to_owned(), row);
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<String, Row>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(error: &UpdateItemError) -> Option<&ConditionalCheckFailedException> {
    match error {
        UpdateItemError::ConditionalCheckFailedException(refused) => Some(refused),
        _ => None,
    }
}

fn key(name: &str) -> String {
    format!("limit#{name}")
}

/// Decodes a row. An unreadable state counts as empty, because a limit must not stop the system for
/// good.
fn row(item: &HashMap<String, AttributeValue>) -> Row {
    let doc = get_s(item, "doc");
    let state = doc.map_or_else(|| Ok(LimiterState::default()), serde_json::from_str);
    let state = state.unwrap_or_else(|error| {
        tracing::error!(%error, "A limit cannot be read");
        LimiterState::default()
    });
    Row {
        rev: get_n(item, "rev").unwrap_or_default(),
        calls: get_n(item, "calls").unwrap_or_default(),
        state,
    }
}
