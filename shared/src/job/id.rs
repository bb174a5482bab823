//! What a job is called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `job_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("job_{}", Uuid::now_v7().simple()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is no job id.
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
}
