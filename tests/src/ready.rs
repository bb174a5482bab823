//! The line that a stack prints when it is ready.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The line of `--json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// Base URL of the API.
    pub api: String,
    /// A valid API key.
    pub api_key: String,
    /// Base URLs of the embedded services.
    pub aws: Aws,
    /// Base URLs of the stand-ins.
    pub standins: Standins,
    /// Base URL of the admin endpoints of the local runtime.
    pub admin: String,
    /// Physical names by logical id, as `Ref` returns them: the URL of a queue, the name of any other
    /// resource.
    pub resources: BTreeMap<String, String>,
}

impl Ready {
    /// Physical name of a resource of the template.
    #[must_use]
    pub fn name(&self, logical_id: &str) -> &str {
        let name = self.resources.get(logical_id);
        name.unwrap_or_else(|| panic!("no resource {logical_id}"))
    }
}

/// Base URLs of the embedded services.
#[derive(Clone, Debug, Deserialize)]
pub struct Aws {
    pub dynamodb: String,
    pub s3: String,
    pub secrets_manager: String,
    pub sqs: String,
}

/// Base URLs of the stand-ins.
#[derive(Clone, Debug, Deserialize)]
pub struct Standins {
    /// Gemini; empty where a key is set.
    #[serde(default)]
    pub gemini: String,
    /// YouTube; empty where a key is set.
    #[serde(default)]
    pub youtube: String,
    /// GitHub; empty where no token of it is configured.
    #[serde(default)]
    pub github: String,
    /// Vercel; empty where no token of it is configured.
    #[serde(default)]
    pub vercel: String,
    /// Netlify; empty where no token of it is configured.
    #[serde(default)]
    pub netlify: String,
}
