//! Ids that sort by time.

use uuid::Uuid;

/// Error of a text that is no id of the asked kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// Defines a type of ids: a prefix and a UUID of version 7 (RFC 9562), so that ids sort by time.
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn random() -> Self {
                Self($crate::ids::random_id($prefix))
            }

            /// Returns the fixed id of a part of other work, so that creating the part twice is
            /// idempotent.
            #[must_use]
            pub fn derived(from: &str, part: &str) -> Self {
                Self($crate::ids::derived_id($prefix, from, part))
            }

            fn read(text: &str) -> Result<Self, $crate::ids::NotAnId> {
                let is_id = $crate::ids::is_id($prefix, text);
                is_id.then(|| Self(text.to_owned())).ok_or($crate::ids::NotAnId)
            }
        }

        $crate::checked_text!($name, $crate::ids::NotAnId, $name::read);
    };
}

id!(
    /// Job id: `job_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
    #[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
    JobId,
    "job_"
);

/// Returns a new id.
#[must_use]
pub fn random_id(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::now_v7().simple())
}

/// Returns an id with a UUID of version 8 (RFC 9562, section 5.8), derived from another id and a
/// part. It has the time of the other id, so that both sort together, and a hash of both inputs.
#[must_use]
pub fn derived_id(prefix: &str, from: &str, part: &str) -> String {
    use sha2::Digest;
    let id = from.rsplit('_').next().unwrap_or_default();
    let time = Uuid::try_parse(id).unwrap_or_default();
    let hash = sha2::Sha256::digest(format!("{from}\n{part}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[..6].copy_from_slice(&time.as_bytes()[..6]);
    let uuid = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    format!("{prefix}{}", uuid.simple())
}

/// Returns whether a text is this prefix and a UUID in its canonical spelling.
#[must_use]
pub fn is_id(prefix: &str, text: &str) -> bool {
    let uuid = text.strip_prefix(prefix);
    let parsed = uuid.and_then(|uuid| Uuid::try_parse(uuid).ok());
    parsed.is_some_and(|parsed| uuid == Some(parsed.simple().to_string().as_str()))
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
            assert_eq!(text.parse::<JobId>(), Err(NotAnId), "{text}");
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
