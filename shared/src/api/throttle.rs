//! How often a caller may ask.
//!
//! Each API key has a limit in a row that all instances share. So that the row is not written by
//! every request, an instance that is asked often takes more than one request out of it at once,
//! twice as many each time up to what the key may use in a second, and gives them out from memory
//! for a second. What is left over then is lost: a caller may be refused too early by at most as
//! many requests as it has just made, and never too late.
//!
//! The headers are those of `draft-ietf-httpapi-ratelimit-headers-10`.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Request, RequestExt, request::RequestContext};
use serde_json::Value;

use crate::{
    clock::Timestamp,
    context::Context,
    error::Error,
    limit::{Bound, Cost, Policy, Unit, Verdict},
    store::limits::Limits,
};

const MINUTE: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(1);

/// Keys that an instance remembers the leases of.
const MOST_LEASES: usize = 1000;

/// Who asks, as the authorizer has found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Caller {
    /// Public name of the key; none where nobody has to say who they are.
    pub(super) key_id: Option<String>,
    /// The key's own limit.
    per_minute: Option<u64>,
}

impl Caller {
    /// The caller of a request.
    pub(super) fn of(request: &Request) -> Self {
        let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
            return Self::default();
        };
        let told = |name: &str| {
            let authorizer = context.authorizer.as_ref()?;
            authorizer.fields.get(name).cloned()
        };
        // Everything that an authorizer tells arrives as a text, or as it was told.
        let per_minute = told("per_minute").and_then(|limit| match limit {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        Self {
            key_id: told("key_id").and_then(|id| id.as_str().map(str::to_owned)),
            per_minute,
        }
    }

    /// Its limit; none where it has none.
    fn policy(&self, default: u64) -> Option<Policy> {
        let quantity = self.per_minute.unwrap_or(default);
        let key_id = self.key_id.as_ref().filter(|_| quantity > 0)?;
        Some(Policy {
            name: format!("key:{key_id}"),
            bounds: vec![Bound::rate(Unit::Requests, quantity, MINUTE)],
            breaks: false,
            waits: false,
        })
    }
}

/// What an instance may give out by itself.
#[derive(Debug, Default)]
pub struct Leases(Mutex<HashMap<String, Lease>>);

#[derive(Clone, Copy, Debug)]
struct Lease {
    taken: u64,
    left: u64,
    until: Timestamp,
    /// What the row has left beside the lease, and when all is there again.
    beside: u64,
    full_at: Timestamp,
}

/// Where a caller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    quantity: u64,
    left: u64,
    /// Seconds until nothing is used.
    full_in: u64,
    /// How long the caller has to wait, if it was refused.
    pub(super) refused: Option<Duration>,
}

/// Counts a request; none where it is not limited. A limit that cannot be read does not keep
/// anybody out who has got past the authorizer.
pub(super) async fn admit(context: &Context, caller: &Caller) -> Option<Standing> {
    let policy = caller.policy(context.config.api_requests_per_minute)?;
    let now = (context.clock)();
    if let Some(standing) = context.leases.take(&policy, now) {
        return Some(standing);
    }
    let wanted = context.leases.wanted(&policy, now);
    match Box::pin(lease(&context.limits, &policy, wanted, now)).await {
        Ok((lease, refused)) => {
            context.leases.keep(&policy, lease);
            Some(lease.standing(&policy, refused, now))
        }
        Err(error) => {
            let error = error.report();
            tracing::warn!(error, "Could not read the limit of a key");
            None
        }
    }
}

/// Takes so many requests, or else a single one.
async fn lease(
    limits: &Limits,
    policy: &Policy,
    wanted: u64,
    now: Timestamp,
) -> Result<(Lease, Option<Duration>), Error> {
    let cost = |requests| Cost {
        requests,
        ..Cost::CALL
    };
    let (mut taken, mut verdict) = (
        wanted,
        limits.acquire(policy, cost(wanted), true, || now).await?,
    );
    if wanted > 1 && matches!(verdict, Verdict::Held { .. }) {
        (taken, verdict) = (1, limits.acquire(policy, cost(1), true, || now).await?);
    }
    let reading = limits.last_seen(policy, now).into_iter().next();
    let lease = Lease {
        taken,
        left: taken - 1,
        until: now + LEASE,
        beside: reading.map_or(0, |reading| reading.left),
        full_at: reading.map_or(now, |reading| reading.full_at),
    };
    Ok(match verdict {
        Verdict::Pass { .. } => (lease, None),
        // Until then nobody has to look again.
        Verdict::Held { until, .. } => {
            let nothing = Lease {
                taken: 0,
                left: 0,
                until,
                ..lease
            };
            (nothing, Some(now.until(until)))
        }
    })
}

fn quantity(policy: &Policy) -> u64 {
    policy.bounds.first().map_or(0, Bound::quantity)
}

impl Lease {
    fn standing(&self, policy: &Policy, refused: Option<Duration>, now: Timestamp) -> Standing {
        Standing {
            quantity: quantity(policy),
            left: match refused {
                Some(_) => 0,
                None => self.left + self.beside,
            },
            full_in: now.until(self.full_at).as_millis().div_ceil(1000) as u64,
            refused,
        }
    }
}

impl Leases {
    /// Answers from memory; none where the row must be asked.
    fn take(&self, policy: &Policy, now: Timestamp) -> Option<Standing> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases
            .get_mut(&policy.name)
            .filter(|lease| now < lease.until)?;
        match lease {
            Lease { taken: 0, .. } => {
                let refused = now.until(lease.until);
                Some(lease.standing(policy, Some(refused), now))
            }
            Lease { left: 0, .. } => None,
            _ => {
                lease.left -= 1;
                Some(lease.standing(policy, None, now))
            }
        }
    }

    /// How many to take next: more than one only where the last ones were used up before their time.
    fn wanted(&self, policy: &Policy, now: Timestamp) -> u64 {
        let leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = leases.get(&policy.name).filter(|lease| now < lease.until);
        let of_a_second = (quantity(policy) / 60).max(1);
        last.map_or(1, |lease| (2 * lease.taken).clamp(1, of_a_second))
    }

    fn keep(&self, policy: &Policy, lease: Lease) {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() >= MOST_LEASES {
            leases.clear();
        }
        leases.insert(policy.name.clone(), lease);
    }
}

/// Tells a caller where they stand.
pub(super) fn tell(headers: &mut HeaderMap, standing: &Standing) {
    let Standing {
        quantity,
        left,
        full_in,
        ..
    } = standing;
    for (name, value) in [
        ("ratelimit-policy", format!("\"key\";q={quantity};w=60")),
        ("ratelimit", format!("\"key\";r={left};t={full_in}")),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn policy(quantity: u64) -> Policy {
        let caller = Caller {
            key_id: Some("k".to_owned()),
            per_minute: Some(quantity),
        };
        caller.policy(5).unwrap()
    }

    #[test]
    fn a_key_has_its_own_limit_or_that_of_all_or_none() {
        assert_eq!(quantity(&policy(7)), 7);
        let caller = |key_id: Option<&str>, per_minute| Caller {
            key_id: key_id.map(str::to_owned),
            per_minute,
        };
        let default = caller(Some("k"), None).policy(5).unwrap();
        assert_eq!(quantity(&default), 5);
        assert_eq!(caller(Some("k"), None).policy(0), None);
        assert_eq!(caller(Some("k"), Some(0)).policy(5), None);
        assert_eq!(caller(None, None).policy(5), None);
    }

    #[test]
    fn a_lease_is_given_out_for_its_second() {
        let (leases, policy) = (Leases::default(), policy(600));
        assert_eq!(leases.take(&policy, NOW), None);
        assert_eq!(leases.wanted(&policy, NOW), 1);
        let lease = Lease {
            taken: 3,
            left: 2,
            until: NOW + LEASE,
            beside: 20,
            full_at: NOW + Duration::from_millis(1001),
        };
        leases.keep(&policy, lease);
        let first = leases.take(&policy, NOW).unwrap();
        assert_eq!((first.left, first.full_in, first.refused), (21, 2, None));
        assert!(leases.take(&policy, NOW).is_some());
        assert_eq!(leases.take(&policy, NOW), None, "used up");
        assert_eq!(leases.wanted(&policy, NOW), 6);
        assert_eq!(leases.wanted(&policy, NOW + LEASE), 1);
        leases.keep(&policy, lease);
        assert_eq!(leases.take(&policy, NOW + LEASE), None, "over");
        let refused = Lease {
            taken: 0,
            left: 0,
            ..lease
        };
        leases.keep(&policy, refused);
        assert_eq!(leases.take(&policy, NOW).unwrap().refused, Some(LEASE));
        assert_eq!(leases.take(&policy, NOW + LEASE), None, "may ask again");
    }

    #[test]
    fn the_headers_are_those_of_the_draft() {
        let mut headers = HeaderMap::new();
        let standing = Standing {
            quantity: 600,
            left: 21,
            full_in: 2,
            refused: None,
        };
        tell(&mut headers, &standing);
        assert_eq!(headers["ratelimit-policy"], "\"key\";q=600;w=60");
        assert_eq!(headers["ratelimit"], "\"key\";r=21;t=2");
    }
}
