//! The Lambda authorizer of the HTTP API, payload format 2.0 with simple responses
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{context::Context, error::Error, store::keys::Caller};

/// What API Gateway asks, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Question {
    /// Headers by their lower-case names.
    #[serde(default)]
    headers: HashMap<String, String>,
    /// `GET /v1/jobs/{job_id}`
    #[serde(default, rename = "routeKey")]
    route_key: String,
}

/// What it is told.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether the request may pass.
    is_authorized: bool,
    /// What its handler is told of the caller.
    context: HashMap<&'static str, String>,
}

/// Lets a request pass whose key is known and may do what the route does. Deny by default.
///
/// # Errors
/// [`Error::Storage`] when the keys cannot be read; API Gateway answers 500 then.
pub async fn judge(context: &Context, question: Question) -> Result<Verdict, Error> {
    let key = question
        .headers
        .get("x-api-key")
        .map(String::as_str)
        .unwrap_or_default();
    let caller = context.keys.authenticate(key).await?;
    Ok(verdict(caller, &question.route_key))
}

fn verdict(caller: Option<Caller>, route_key: &str) -> Verdict {
    let is_admins = route_key == "DELETE /v1/videos" || route_key.contains(" /v1/admin/");
    let needed = match route_key.starts_with("GET ") {
        _ if is_admins => "admin",
        true => "read",
        false => "write",
    };
    let caller = caller.filter(|caller| caller.scopes.iter().any(|scope| scope == needed));
    Verdict {
        is_authorized: caller.is_some(),
        context: caller
            .map(|caller| ("key_id", caller.key_id))
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[&str]) -> Option<Caller> {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Some(Caller {
            key_id: "k".to_owned(),
            scopes,
        })
    }

    #[test]
    fn denies_by_default() {
        assert!(!verdict(None, "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&[]), "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&["write"]), "GET /v1/jobs/{job_id}").is_authorized);
    }

    #[test]
    fn a_reader_does_not_write() {
        assert!(verdict(caller(&["read"]), "GET /v1/jobs/{job_id}").is_authorized);
        assert!(!verdict(caller(&["read"]), "POST /v1/videos").is_authorized);
        assert!(!verdict(caller(&["read"]), "$default").is_authorized);
        assert!(verdict(caller(&["read", "write"]), "POST /v1/videos").is_authorized);
    }

    #[test]
    fn only_an_admin_deletes_everything() {
        for route in ["DELETE /v1/videos", "POST /v1/admin/recount"] {
            assert!(!verdict(caller(&["read", "write"]), route).is_authorized);
            assert!(verdict(caller(&["admin"]), route).is_authorized);
        }
        let one = "DELETE /v1/videos/{video_id}";
        assert!(verdict(caller(&["write"]), one).is_authorized);
    }
}
