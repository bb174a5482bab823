//! Errors of the Data API: <https://developers.google.com/youtube/v3/docs/errors>.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::control::Fault;

#[derive(Clone, Debug)]
pub(super) struct DataError {
    http: StatusCode,
    /// Value of the member `error`.
    error: Value,
}

impl DataError {
    fn new(http: StatusCode, domain: &str, reason: &str, message: &str) -> Self {
        let one = json!({"message": message, "domain": domain, "reason": reason});
        let error = json!({"code": http.as_u16(), "message": message, "errors": [one]});
        Self { http, error }
    }

    /// Error of a parameter.
    fn bad_parameter(reason: &str, message: &str, location: &str, kind: &str) -> Self {
        let domain = match reason {
            "unknownPart" => "youtube.part",
            _ => "youtube.parameter",
        };
        Self::new(StatusCode::BAD_REQUEST, domain, reason, message).at(location, kind)
    }

    /// Adds the location of the error in the request.
    fn at(mut self, location: &str, kind: &str) -> Self {
        self.error["errors"][0]["location"] = json!(location);
        self.error["errors"][0]["locationType"] = json!(kind);
        self
    }

    pub(super) fn no_key() -> Self {
        let message = "The request is missing a valid API key.";
        let mut missing = Self::new(StatusCode::FORBIDDEN, "global", "forbidden", message);
        missing.error["status"] = json!("PERMISSION_DENIED");
        missing
    }

    pub(super) fn invalid_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        let mut invalid = Self::new(
            StatusCode::BAD_REQUEST,
            "usageLimits",
            "keyInvalid",
            message,
        );
        invalid.error["status"] = json!("INVALID_ARGUMENT");
        invalid.error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        }]);
        invalid
    }

    pub(super) fn missing_part() -> Self {
        let message = "Required parameter: part";
        Self::bad_parameter("missingRequiredParameter", message, "part", "parameter")
    }

    pub(super) fn unknown_part(part: &str) -> Self {
        Self::bad_parameter("unknownPart", &format!("'{part}'"), "part", "parameter")
    }

    pub(super) fn missing_filter() -> Self {
        let message = "No filter selected. Expected one of: chart, id, myRating";
        Self::bad_parameter("missingRequiredParameter", message, "parameters.", "other")
    }

    pub(super) fn too_many_ids() -> Self {
        let message = "The request specifies an invalid filter parameter.";
        Self::bad_parameter("invalidFilters", message, "parameters.", "other")
    }

    pub(super) fn not_a_number(name: &str, value: &str) -> Self {
        Self::bad_value(name, &format!("Invalid unsigned integer value: '{value}'."))
    }

    pub(super) fn not_in_range(name: &str, value: &str, max: usize) -> Self {
        let message =
            format!("Invalid value '{value}'. Values must be within the range: [0, {max}]");
        Self::bad_value(name, &message)
    }

    /// Error of a value that is refused before the API sees it.
    fn bad_value(name: &str, message: &str) -> Self {
        let http = StatusCode::BAD_REQUEST;
        Self::new(http, "global", "invalidParameter", message).at(name, "parameter")
    }

    pub(super) fn invalid_page_token() -> Self {
        let message = "The request specifies an invalid page token.";
        Self::bad_parameter("invalidPageToken", message, "pageToken", "parameter")
    }

    pub(super) fn no_playlist_id() -> Self {
        let message = "The request does not specify a value for the required \
                       <code>playlistId</code> property.";
        Self::of_playlist(StatusCode::BAD_REQUEST, "playlistIdRequired", message)
    }

    pub(super) fn no_playlist() -> Self {
        let message = "The playlist identified with the request's <code>playlistId</code> \
                       parameter cannot be found.";
        Self::of_playlist(StatusCode::NOT_FOUND, "playlistNotFound", message)
    }

    pub(super) fn private_playlist() -> Self {
        let message = "The request is not properly authorized to retrieve the specified playlist.";
        Self::of_playlist(StatusCode::FORBIDDEN, "playlistItemsNotAccessible", message)
    }

    pub(super) fn no_video() -> Self {
        let message = "The video identified with the request's <code>videoId</code> parameter \
                       cannot be found.";
        let http = StatusCode::NOT_FOUND;
        Self::new(http, "youtube.playlistItem", "videoNotFound", message).at("videoId", "parameter")
    }

    fn of_playlist(http: StatusCode, reason: &str, message: &str) -> Self {
        Self::new(http, "youtube.playlistItem", reason, message).at("playlistId", "parameter")
    }

    /// Returns the error of a planned fault.
    pub(super) fn from_fault(fault: &Fault) -> Self {
        let status = fault.status();
        let reason = fault.reason.as_deref().unwrap_or("backendError");
        let (domain, message) = match reason {
            "quotaExceeded" => (
                "youtube.quota",
                "The request cannot be completed because you have exceeded your \
                 <a href=\"/youtube/v3/getting-started#quota\">quota</a>.",
            ),
            "rateLimitExceeded" => ("usageLimits", "Rate Limit Exceeded"),
            "accessNotConfigured" => (
                "usageLimits",
                "YouTube Data API v3 has not been used in this project before or it is disabled.",
            ),
            "keyInvalid" => return Self::invalid_key(),
            _ => ("global", status.canonical_reason().unwrap_or("Error")),
        };
        Self::new(status, domain, reason, message)
    }
}

impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        (self.http, Json(json!({"error": self.error}))).into_response()
    }
}
