//! The rows in which all instances keep their limits together: `limit#<name>` of the controls
//! table.
//!
//! | attribute | what |
//! |---|---|
//! | `rev` | grows with every write: who writes says what they have judged |
//! | `by` | unique to the write, so that who sends it again sees that it was done |
//! | `doc` | the [`LimiterState`] as JSON |
//! | `calls` | calls that `doc` does not count yet |
//! | `ttl` | when DynamoDB may drop a row that nobody has written since, epoch seconds |
//!
//! A call is judged on what this instance has last seen, and the judgement is written under that
//! revision: one conditional write where nobody else was in between. Where somebody was, the
//! refused write brings what they have written, and the call is judged anew.
//!
//! A call that takes nothing of any bound is counted in `calls` whoever else is counted at the same
//! moment, and is judged on the row that comes back: callers do not hold one another up. The next
//! write of a state takes over what is counted there.

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

/// Writes of one judgement at most. Of `n` instances that check at the same moment one is through
/// with each round, and rounds take milliseconds. More than the workers that run at a time.
const MAX_WRITES: usize = 150;

/// Judgements of one call at most, each of which came too late to be kept to. A limit whose row is
/// so slow is better than none.
const MAX_JUDGEMENTS: usize = 3;

/// Rows that an instance remembers at most.
const MAX_SEEN: usize = 500;

/// Longer than any pause or day.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A row as it was last seen; revision 0 has no state yet.
#[derive(Clone, Debug, Default)]
struct Row {
    rev: u64,
    calls: u32,
    state: LimiterState,
}

/// The limits of a deployment. Clones share what they have seen.
#[derive(Clone, Debug)]
pub struct Limits {
    client: Client,
    table: String,
    seen: Arc<Mutex<HashMap<String, Row>>>,
}

impl Limits {
    /// The limits in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self {
            client,
            table,
            seen: Arc::default(),
        }
    }

    /// Asks to make a call, see [`limit::check`]. Whoever passes makes it at once: it is counted
    /// among those of this moment, and is judged anew, and counted again, where the policy has a rate
    /// and the moment has gone by before the row was written.
    ///
    /// # Errors
    /// [`Error::Storage`]: the call is not to be made then.
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
            // Of those who ask at this moment one may be the probe.
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

    /// Notes that the probe of a failing service has succeeded.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn succeeded(&self, name: &str, now: Timestamp) -> Result<(), Error> {
        let change = |state: &LimiterState, _| ((), Some(state.after_success()));
        self.change(name, || now, change).await
    }

    /// Notes that a call has failed in a way that says that the service does not work. True if
    /// that is why it is left alone from now on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn failed(&self, name: &str, probe: bool, now: Timestamp) -> Result<bool, Error> {
        // Whether it is too many depends on the calls of all.
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

    /// Notes that a service has asked not to be called before `until`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn pause(&self, name: &str, until: Timestamp, now: Timestamp) -> Result<(), Error> {
        let change = |state: &LimiterState, _| ((), state.after_pause(until));
        self.change(name, || now, change).await
    }

    /// Replaces what a call was counted as by what it has taken.
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

    /// What is left of each bound of a policy by what this instance has last seen.
    #[must_use]
    pub fn last_seen(&self, policy: &Policy, now: Timestamp) -> Vec<Reading> {
        let row = self.seen().get(&policy.name).cloned().unwrap_or_default();
        row.state.readings(policy, now)
    }

    /// Whether nobody has asked this of the name in the present UTC day.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn is_first_today(&self, name: &str, now: Timestamp) -> Result<bool, Error> {
        let name = format!("{name}:told:{}", now.day());
        let none = Row::default();
        let there = self.write(&name, &none, &none.state, now).await?;
        Ok(there.is_none())
    }

    /// The states of these names, that of a name without a row being the default. One read.
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

    /// Writes what `change` makes of a state and of the time. What changes nothing is decided on the
    /// row as it is now, not as it was last seen: else a pause that is over elsewhere would be kept
    /// to here.
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

    /// Counts a call. The row with it.
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

    /// None when it was written over the row that was seen, else what stands there instead.
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
                // The SDK has sent it again, since the answer to the first was lost.
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

/// A state that cannot be read counts as one that was never used: a limit must not stop the
/// system for good.
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
