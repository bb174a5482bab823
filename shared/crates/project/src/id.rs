//! What projects and deployments are called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is no such id.
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
            /// A new one.
            #[must_use]
            pub fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), Uuid::now_v7().simple()))
            }

            /// The id that what is begun by a job always has, so that beginning it twice
            /// begins it once.
            #[must_use]
            pub fn derived(from: &str) -> Self {
                let uuid = eventrelay_core::ids::derived_uuid(from, $prefix);
                Self(format!(concat!($prefix, "{}"), uuid.simple()))
            }

            /// As text.
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
    /// `prj_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
    ProjectId,
    "prj_"
);
id!(
    /// `dpl_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
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
