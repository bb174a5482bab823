//! Query of a call to the Data API: key, parameters and parts.

use http::{HeaderMap, Uri};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    YouTube,
    control::On,
    errors::{DataError, Problem},
};
use crate::request::google_key;

pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a call, unless the key is invalid or a fault is planned.
    pub(super) fn admit(
        state: &YouTube,
        on: On,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Self, DataError> {
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query = Self(pairs.into_owned().collect());
        match google_key(headers, uri).as_deref() {
            None => return Err(Problem::NoKey.into()),
            Some("invalid") => return Err(Problem::InvalidKey.into()),
            Some(_) => {}
        }
        match state.faults.take(on, &uri.to_string(), "") {
            Some(fault) => Err(DataError::from_fault(&fault)),
            None => Ok(query),
        }
    }

    /// Returns the first value of a parameter, unless it is empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Returns the values of a parameter that may be repeated or a list with commas.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(given, _)| given == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// Returns the requested parts.
    pub(super) fn parts(&self, known: &[&str]) -> Result<Vec<&str>, DataError> {
        let parts = self.values("part");
        if parts.is_empty() {
            return Err(Problem::MissingPart.into());
        }
        match parts.iter().find(|part| !known.contains(part)) {
            Some(unknown) => Err(Problem::UnknownPart.with_value(unknown)),
            None => Ok(parts),
        }
    }
}

/// Returns a hash of a resource.
pub(super) fn etag(value: &Value) -> String {
    let mut etag = hex::encode(Sha256::digest(value.to_string()));
    etag.truncate(27);
    etag
}
