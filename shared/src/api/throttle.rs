//! Rate limits of callers.
//!
//! The headers are those of `draft-ietf-httpapi-ratelimit-headers-10`.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Request, RequestExt, request::RequestContext};
use serde_json::Value;

use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    limit::{self, Cost, Decision, LEASE, Lease, Policy, Standing},
};
use eventrelay_store::limits::Limits;
use eventrelay_workflow::context::Context;

/// The caller, as identified by the authorizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Caller {
    /// Public name of the key, or `None` if the API requires no credential.
    pub(super) key_id: Option<String>,
    /// The key's own limit.
    per_minute: Option<u64>,
}

impl Caller {
    /// The caller of a request.
    pub(super) fn new(request: &Request) -> Self {
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

    /// Returns the policy of the caller, or `None` if the caller is not limited.
    fn policy(&self, default: u64) -> Option<Policy> {
        limit::api_key_policy(self.key_id.as_ref()?, self.per_minute.unwrap_or(default))
    }
}

/// Counts a request. Returns `None` if the caller is not limited.
///
/// It fails open: if the limit cannot be read, an authorized request is admitted.
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

/// Acquires `wanted` requests, or a single one if there are too few.
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
    let (mut taken, mut decision) = (
        wanted,
        limits.acquire(policy, cost(wanted), true, || now).await?,
    );
    if wanted > 1 && matches!(decision, Decision::Throttled { .. }) {
        (taken, decision) = (1, limits.acquire(policy, cost(1), true, || now).await?);
    }
    let reading = limits.last_seen(policy, now).into_iter().next();
    let lease = Lease {
        taken,
        left: taken - 1,
        until: now + LEASE,
        beside: reading.map_or(0, |reading| reading.left),
        full_at: reading.map_or(now, |reading| reading.full_at),
    };
    Ok(match decision {
        Decision::Pass { .. } => (lease, None),
        // An empty lease: until it expires, requests are refused without a call of the limiter.
        Decision::Throttled { until, .. } => {
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
    use eventrelay_core::limit::quantity;

    fn policy(quantity: u64) -> Policy {
        let caller = Caller {
            key_id: Some("k".to_owned()),
            per_minute: Some(quantity),
        };
        caller.policy(5).unwrap()
    }

    #[test]
    fn key_uses_its_own_limit_or_the_default() {
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
    fn rate_limit_headers_follow_the_draft() {
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
