//! Errors of the REST API: <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>.

use std::fmt::Display;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

/// Base URL of the documentation, which the page of an operation follows.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An error before its operation is known.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    pub(super) http: StatusCode,
    pub(super) message: String,
    errors: Option<Value>,
    /// Page that explains the error, if it is not that of the operation.
    documentation: Option<&'static str>,
    retry_after_s: Option<u64>,
}

impl ApiError {
    pub(super) fn new(http: StatusCode, message: impl Into<String>) -> Self {
        Self {
            http,
            message: message.into(),
            errors: None,
            documentation: None,
            retry_after_s: None,
        }
    }

    fn documented(mut self, page: &'static str) -> Self {
        self.documentation = Some(page);
        self
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn no_branch(branch: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Branch {branch} not found"))
    }

    pub(super) fn empty_repository() -> Self {
        Self::new(StatusCode::CONFLICT, "Git Repository is empty.")
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// Error for a body that does not fit the operation.
    pub(super) fn invalid_request(reason: impl Display) -> Self {
        Self::unprocessable(format!("Invalid request.\n\n{reason}"))
    }

    /// `Validation Failed`, with its reason.
    pub(super) fn validation_failed(error: Value) -> Self {
        Self::unprocessable("Validation Failed").because(error)
    }

    /// Error for an invalid name of a repository.
    pub(super) fn bad_repository(field: &str, message: &str) -> Self {
        Self::unprocessable("Repository creation failed.").because(json!({
            "resource": "Repository",
            "code": "custom",
            "field": field,
            "message": message,
        }))
    }

    fn because(mut self, error: Value) -> Self {
        self.errors = Some(Value::Array(vec![error]));
        self
    }

    pub(super) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials").documented("")
    }

    pub(super) fn requires_authentication() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// Message as users report it.
    pub(super) fn no_such_version(version: &str, supported: &[&str]) -> Self {
        let (newest, older) = (supported[0], &supported[1..]);
        let older: String = older.iter().map(|one| format!(", \"{one}\"")).collect();
        let message = format!(
            "The version you specified in the \"X-GitHub-API-Version\" request header, \
             \"{version}\", is not a supported version. The following versions are currently \
             supported: \"{newest}\" (most recent){older}."
        );
        Self::new(StatusCode::BAD_REQUEST, message).documented("")
    }

    pub(super) fn primary_limit(http: StatusCode, user: u64) -> Self {
        let message = format!("API rate limit exceeded for user ID {user}.");
        Self::new(http, message).documented("/overview/rate-limits-for-the-rest-api")
    }

    /// The response has `Retry-After` if its seconds are given.
    pub(super) fn secondary_limit(
        http: StatusCode,
        retry_after_s: Option<u64>,
        request: &str,
    ) -> Self {
        let message = format!(
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try \
             again. If you reach out to GitHub Support for help, please include the request ID \
             {request}."
        );
        let page = "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";
        Self {
            retry_after_s,
            ..Self::new(http, message).documented(page)
        }
    }

    /// Returns the body for an operation that this page documents.
    pub(super) fn to_json(&self, page: &str) -> Value {
        let page = self.documentation.unwrap_or(page);
        let mut body = json!({"message": self.message});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body["documentation_url"] = json!(format!("{DOCUMENTATION}{page}"));
        body["status"] = json!(self.http.as_str());
        body
    }
}

/// Leaves the body to [`document`], which knows the operation.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.http.into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of an error. Other responses stay unchanged.
pub(super) fn document(response: Response, page: &str) -> Response {
    let Some(error) = response.extensions().get::<ApiError>() else {
        return response;
    };
    let mut documented = (error.http, Json(error.to_json(page))).into_response();
    documented.headers_mut().extend(response.headers().clone());
    documented
}

/// Response to a call without `User-Agent`, which comes before all other checks.
pub(super) fn no_user_agent() -> Response {
    let text = "Request forbidden by administrative rules. Please make sure your request has a \
                User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-\
                api#user-agent-required). Check https://developer.github.com for other possible \
                causes.\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_has_the_page_of_its_operation() {
        let body = ApiError::not_found().to_json("/git/refs#get-a-reference");
        let url = "https://docs.github.com/rest/git/refs#get-a-reference";
        let expected = json!({"message": "Not Found", "documentation_url": url, "status": "404"});
        assert_eq!(body, expected);
        let body = ApiError::bad_credentials().to_json("/git/refs#get-a-reference");
        assert_eq!(body["documentation_url"], "https://docs.github.com/rest");
    }
}
