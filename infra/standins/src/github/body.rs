use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errors::ApiError;

/// Reads a JSON object, and ignores unknown members.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let bad_request = |message: &str| ApiError::new(StatusCode::BAD_REQUEST, message);
    let value: Value =
        serde_json::from_slice(body).map_err(|_| bad_request("Problems parsing JSON"))?;
    if !value.is_object() {
        return Err(bad_request("Body should be a JSON object"));
    }
    serde_json::from_value(value).map_err(|error| {
        let reason = error.to_string();
        let missing = reason.strip_prefix("missing field `");
        let missing = missing.and_then(|rest| rest.split_once('`'));
        match missing {
            Some((field, _)) => not_supplied(field),
            None => ApiError::invalid_request(reason),
        }
    })
}

/// Error for a missing member.
pub(super) fn not_supplied(field: &str) -> ApiError {
    ApiError::invalid_request(format!("\"{field}\" wasn't supplied."))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        name: String,
    }

    #[test]
    fn error_says_what_is_wrong_with_a_body() {
        let read = |text: &'static str| read::<Body>(&Bytes::from_static(text.as_bytes()));
        assert_eq!(read(r#"{"name": "a", "more": 1}"#).unwrap().name, "a");
        let told = |text| {
            let error = read(text).unwrap_err();
            (error.http.as_u16(), error.message)
        };
        assert_eq!(told("{"), (400, "Problems parsing JSON".to_owned()));
        assert_eq!(told("[]"), (400, "Body should be a JSON object".to_owned()));
        let missing = "Invalid request.\n\n\"name\" wasn't supplied.".to_owned();
        assert_eq!(told("{}"), (422, missing));
        assert_eq!(told(r#"{"name": 1}"#).0, 422);
    }
}
