//! Job ids.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Job id: `job_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct JobId(String);

impl JobId {
    #[must_use]
    pub fn random() -> Self {
        Self(format!("job_{}", Uuid::now_v7().simple()))
    }

    /// Returns the fixed id of a part, so that creating the part twice is idempotent.
    #[must_use]
    pub fn derived(from: &str, part: &str) -> Self {
        Self(format!("job_{}", derived_uuid(from, part).simple()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Derives a UUID of version 8 (RFC 9562, section 5.8) from an id and a part. It has the time of
/// the id, so that both sort together, and a hash of both inputs.
pub fn derived_uuid(from: &str, part: &str) -> Uuid {
    use sha2::Digest;
    let id = from.rsplit('_').next().unwrap_or_default();
    let time = Uuid::try_parse(id).unwrap_or_default();
    let hash = sha2::Sha256::digest(format!("{from}\n{part}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[..6].copy_from_slice(&time.as_bytes()[..6]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Error of a text that is no job id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a job id")]
pub struct NotAJobId;

impl FromStr for JobId {
    type Err = NotAJobId;

    fn from_str(text: &str) -> Result<Self, NotAJobId> {
        let uuid = text
            .strip_prefix("job_")
            .and_then(|rest| Uuid::try_parse(rest).ok());
        match uuid.map(|uuid| format!("job_{}", uuid.simple())) {
            Some(canonical) if canonical == text => Ok(Self(canonical)),
            _ => Err(NotAJobId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_nothing_else_does() {
        let id = JobId::random();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        for text in [
            "",
            "job_",
            "job_1",
            &id.as_str().to_uppercase(),
            &id.as_str()[4..],
        ] {
            assert_eq!(text.parse::<JobId>(), Err(NotAJobId), "{text}");
        }
    }

    #[test]
    fn a_derived_id_is_always_the_same_and_of_the_same_time() {
        let id = JobId::random();
        let part = JobId::derived(id.as_str(), "file 1");
        assert_eq!(part, JobId::derived(id.as_str(), "file 1"));
        assert_ne!(part, JobId::derived(id.as_str(), "file 2"));
        assert_eq!(part.as_str()[..16], id.as_str()[..16]);
        assert_eq!(part.as_str().parse(), Ok(part.clone()));
    }
}
