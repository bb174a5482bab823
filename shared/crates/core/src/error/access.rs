//! Access faults: reasons for which a service refuses our credential.

use super::Service;

/// Fault of the credential or of the project behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessFault {
    /// The key is missing, wrong, expired, or restricted to other callers.
    Key,
    /// The key was found in public and is blocked.
    LeakedKey,
    /// The project behind the key is suspended or denied.
    Project,
    /// The API is not enabled in the project.
    ServiceDisabled,
    /// The project has no billing account, or no credit left.
    Billing,
    /// The service is not available at the caller's location.
    Location,
}

impl AccessFault {
    /// Returns whether another key alone resolves the fault. The secret may already hold a new one.
    #[must_use]
    pub fn is_of_key(self) -> bool {
        matches!(self, Self::Key | Self::LeakedKey)
    }
}

/// Place where the key of a service is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// An environment variable of `cargo local`.
    Variable(&'static str),
    /// A secret of Secrets Manager, by its name or ARN.
    Secret(String),
}

impl KeySource {
    fn set(&self) -> String {
        match self {
            Self::Variable(name) => format!("Set {name}."),
            Self::Secret(id) => format!("Put a valid key into the secret {id}."),
        }
    }

    fn replace(&self) -> String {
        match self {
            Self::Variable(name) => format!("Set {name} to another key."),
            Self::Secret(id) => format!("Put another key into the secret {id}."),
        }
    }
}

/// Reasons of `google.rpc.ErrorInfo` and of the YouTube Data API that callers may see.
///
/// Every other text of a service stays in our log
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>).
const KNOWN_REASONS: [&str; 20] = [
    "ACCESS_TOKEN_EXPIRED",
    "API_KEY_ANDROID_APP_BLOCKED",
    "API_KEY_EXPIRED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "API_KEY_INVALID",
    "API_KEY_IOS_APP_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_SERVICE_BLOCKED",
    "BILLING_DISABLED",
    "CONSUMER_INVALID",
    "CONSUMER_SUSPENDED",
    "FAILED_PRECONDITION",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "SERVICE_DISABLED",
    "UNAUTHENTICATED",
    "accessNotConfigured",
    "ipRefererBlocked",
    "keyExpired",
    "keyInvalid",
];

/// Returns the reason constant of a service, if it may be shown.
#[must_use]
pub fn known_reason(reason: &str) -> Option<&'static str> {
    KNOWN_REASONS.into_iter().find(|known| *known == reason)
}

/// Returns one or two sentences for the operator.
pub(super) fn detail(
    service: Service,
    fault: AccessFault,
    reason: Option<&str>,
    key: &KeySource,
) -> String {
    let why = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    match fault {
        AccessFault::Key => format!("{service} refused the API key{why}. {}", key.set()),
        AccessFault::LeakedKey => format!(
            "{service} refused the API key{why}, because it was reported as leaked. {}",
            key.replace()
        ),
        AccessFault::Project => format!(
            "{service} denies access to the project of the API key{why}. {} Google's support can \
             restore access to the project.",
            key.replace()
        ),
        AccessFault::ServiceDisabled => format!(
            "The API of {service} is not enabled in the project of the API key{why}. Enable it in \
             the Google Cloud console, then submit again."
        ),
        AccessFault::Billing => format!(
            "The project of the API key of {service} cannot pay{why}. Check its billing and its \
             credit at https://aistudio.google.com, then submit again."
        ),
        AccessFault::Location => format!(
            "{service} is not offered at the location of this system{why}. Run it in a supported \
             region."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_key_names_reason_and_cure() {
        let told = |fault, reason, key: &KeySource| detail(Service::Gemini, fault, reason, key);
        let local = KeySource::Variable("GEMINI_API_KEY");
        assert_eq!(
            told(AccessFault::Key, Some("API_KEY_INVALID"), &local),
            "Gemini refused the API key (API_KEY_INVALID). Set GEMINI_API_KEY."
        );
        let secret = KeySource::Secret("eventrelay/gemini".to_owned());
        assert_eq!(
            told(AccessFault::LeakedKey, Some("PERMISSION_DENIED"), &secret),
            "Gemini refused the API key (PERMISSION_DENIED), because it was reported as leaked. \
             Put another key into the secret eventrelay/gemini."
        );
        assert!(told(AccessFault::Location, None, &local).starts_with("Gemini is not offered"));
    }

    #[test]
    fn reason_of_a_service_is_shown_only_if_it_is_known() {
        assert_eq!(known_reason("API_KEY_INVALID"), Some("API_KEY_INVALID"));
        assert_eq!(known_reason("<b>API_KEY_INVALID"), None);
    }
}
