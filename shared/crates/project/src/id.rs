//! Ids of projects and deployments.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Error for a text that is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), Uuid::now_v7().simple()))
            }

            /// Derives the id of work that a job starts. Deterministic, so that starting the work
            /// twice is idempotent.
            #[must_use]
            pub fn derived(from: &str) -> Self {
                let uuid = eventrelay_core::ids::derived_uuid(from, $prefix);
                Self(format!(concat!($prefix, "{}"), uuid.simple()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let uuid = text
                    .strip_prefix($prefix)
                    .and_then(|rest| Uuid::try_parse(rest).ok());
                match uuid.map(|uuid| format!(concat!($prefix, "{}"), uuid.simple())) {
                    Some(canonical) if canonical == text => Ok(Self(canonical)),
                    _ => Err(NotAnId),
                }
            }
        }
    };
}

id!(
    /// Id of the form `prj_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
    ProjectId,
    "prj_"
);
id!(
    /// Id of the form `dpl_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
    DeploymentId,
    "dpl_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_nothing_else_does() {
        let id = ProjectId::random();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().parse::<DeploymentId>().is_err());
        for text in ["", "prj_", "prj_1", &id.as_str().to_uppercase()] {
            assert_eq!(text.parse::<ProjectId>(), Err(NotAnId), "{text}");
        }
    }
}
