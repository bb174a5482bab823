//! The Lambda authorizer of the HTTP API, payload format 2.0 with simple responses
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>).

mod jwks;
mod jws;
mod tokens;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use tokens::Tokens;

use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    telemetry::{self, TraceId},
};
use eventrelay_store::keys::{Caller, Scope};
use eventrelay_workflow::context::Context;

/// Headers that may be the identity of an authorizer, in lower case.
const CREDENTIAL_HEADERS: [&str; 2] = ["x-api-key", "authorization"];

/// The members of API Gateway's authorizer event that this module reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Headers by their names: in lower case from API Gateway, as they came from `sam local`.
    #[serde(default)]
    headers: HashMap<String, String>,
    /// Values of the identity sources, by which API Gateway caches the answer.
    #[serde(default)]
    identity_source: Vec<String>,
    /// Method and path template, as in `GET /v1/jobs/{job_id}`.
    #[serde(default)]
    route_key: String,
}

impl Question {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the credential of the caller.
    ///
    /// Only headers that are identity sources count, because API Gateway caches the answer by them.
    /// With any other header, a caller could receive the cached answer of another caller.
    fn credential(&self) -> Option<&str> {
        let headers = CREDENTIAL_HEADERS
            .iter()
            .filter_map(|name| self.header(name));
        let is_identity = |value: &&str| self.identity_source.iter().any(|one| one == value);
        let mut identity = headers.filter(is_identity);
        let value = identity.next()?.trim();
        // The name of a scheme has no case (RFC 9110, section 11.1).
        match value.split_once(' ') {
            Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => {
                Some(credential.trim_start())
            }
            _ => Some(value),
        }
    }
}

/// Response to API Gateway.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    is_authorized: bool,
    /// Context for the handler: `key_id` and, if the key has a limit, `per_minute`.
    context: HashMap<&'static str, String>,
}

/// Allows a request if its key or token is valid and has the scope of the route. Denies by default.
///
/// # Errors
/// [`Error::Storage`] when the keys cannot be read; API Gateway answers 500 then.
pub async fn judge(
    context: &Context,
    tokens: Option<&Tokens>,
    question: Question,
) -> Result<Verdict, Error> {
    let now = (context.clock)();
    let trace = TraceId::from_header(question.header("x-amzn-trace-id"), None, now);
    telemetry::traced(trace, judged(context, tokens, question, now)).await
}

async fn judged(
    context: &Context,
    tokens: Option<&Tokens>,
    question: Question,
    now: Timestamp,
) -> Result<Verdict, Error> {
    let credential = question.credential().unwrap_or_default();
    let caller = match tokens {
        Some(tokens) if Tokens::is_one(credential) => tokens.authenticate(credential, now).await,
        _ => context.keys.authenticate(credential, now).await?,
    };
    Ok(verdict(caller, &question.route_key))
}

fn verdict(caller: Option<Caller>, route_key: &str) -> Verdict {
    let is_admins = route_key == "DELETE /v1/videos" || route_key.contains(" /v1/admin/");
    let needed = if is_admins {
        Scope::Admin
    } else if route_key.starts_with("GET ") {
        Scope::Read
    } else {
        Scope::Write
    };
    let caller = caller.filter(|caller| caller.scopes.contains(&needed));
    let is_authorized = caller.is_some();
    let mut context = HashMap::new();
    if let Some(caller) = caller {
        context.insert("key_id", caller.key_id);
        if let Some(limit) = caller.per_minute {
            context.insert("per_minute", limit.to_string());
        }
    }
    Verdict {
        is_authorized,
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[&str]) -> Option<Caller> {
        let scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
        Some(Caller {
            key_id: "k".to_owned(),
            scopes,
            per_minute: Some(60),
        })
    }

    #[test]
    fn authorizer_denies_by_default() {
        assert!(!verdict(None, "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&[]), "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&["write"]), "GET /v1/jobs/{job_id}").is_authorized);
    }

    #[test]
    fn read_scope_does_not_allow_writes() {
        assert!(verdict(caller(&["read"]), "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&["read"]), "POST /v1/videos").is_authorized);
        assert!(!verdict(caller(&["read"]), "$default").is_authorized);
        assert!(verdict(caller(&["read", "write"]), "POST /v1/videos").is_authorized);
    }

    #[test]
    fn delete_all_requires_admin_scope() {
        for route in ["DELETE /v1/videos", "POST /v1/admin/recount"] {
            assert!(!verdict(caller(&["read", "write"]), route).is_authorized);
            assert!(verdict(caller(&["admin"]), route).is_authorized);
        }
        let one = "DELETE /v1/videos/{video_id}";
        assert!(verdict(caller(&["write"]), one).is_authorized);
    }

    #[test]
    fn allowed_response_has_context_of_caller() {
        let passed = verdict(caller(&["read"]), "GET /v1/stats").context;
        let told =
            [("key_id", "k"), ("per_minute", "60")].map(|(name, told)| (name, told.to_owned()));
        assert_eq!(passed, HashMap::from(told));
        assert!(
            verdict(caller(&["read"]), "POST /v1/videos")
                .context
                .is_empty()
        );
    }

    #[test]
    fn credential_outside_identity_sources_is_ignored() {
        let ask = |headers: &[(&str, &str)], identity: &[&str]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let question = Question {
                headers: headers.iter().map(pair).collect(),
                identity_source: identity.iter().map(|value| (*value).to_owned()).collect(),
                route_key: String::new(),
            };
            question.credential().map(str::to_owned)
        };
        let both = [("x-api-key", "key"), ("authorization", "Bearer token")];
        assert_eq!(ask(&both, &["key", "GET /"]).as_deref(), Some("key"));
        let as_sent = [("X-Api-Key", "key")];
        assert_eq!(ask(&as_sent, &["key", "GET /"]).as_deref(), Some("key"));
        assert_eq!(
            ask(&both, &["GET /", "Bearer token"]).as_deref(),
            Some("token")
        );
        assert_eq!(ask(&both, &["GET /"]), None);
        assert_eq!(ask(&both, &[]), None);
        let other = [("x-other", "key")];
        assert_eq!(ask(&other, &["key"]), None);
        let odd = [("authorization", "bEARER  a.b.c ")];
        assert_eq!(ask(&odd, &["bEARER  a.b.c "]).as_deref(), Some("a.b.c"));
        let basic = [("authorization", "Basic abc")];
        assert_eq!(ask(&basic, &["Basic abc"]).as_deref(), Some("Basic abc"));
    }
}
