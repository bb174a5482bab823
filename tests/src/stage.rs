//! A deployed stage, which tests know by its address and a key.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;

use crate::{Aws, Ready, Stack, Standins, contract};

/// Returns the stage that the environment names. Everything but its API is empty.
pub(crate) fn attached() -> anyhow::Result<Option<Ready>> {
    let Ok(api) = std::env::var("EVENTRELAY_API") else {
        return Ok(None);
    };
    let api_key = std::env::var("EVENTRELAY_API_KEY").context("EVENTRELAY_API_KEY is not set")?;
    let ready = Ready {
        api: api.trim_end_matches('/').to_owned(),
        api_key,
        aws: Aws {
            dynamodb: String::new(),
            s3: String::new(),
            secrets_manager: String::new(),
            sqs: String::new(),
        },
        standins: Standins {
            gemini: String::new(),
            youtube: String::new(),
            github: String::new(),
            vercel: String::new(),
            netlify: String::new(),
        },
        admin: String::new(),
        resources: BTreeMap::new(),
    };
    contract::watch(&ready);
    Ok(Some(ready))
}

/// Factor of all deadlines, relative to the local runtime.
pub(crate) fn times_as_patient() -> u32 {
    let times = std::env::var("EVENTRELAY_PATIENCE").ok();
    times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Interval of polls. A deployed stage limits the requests of a key.
pub(crate) fn rhythm() -> Duration {
    match std::env::var_os("EVENTRELAY_API") {
        Some(_) => Duration::from_secs(1),
        None => Duration::from_millis(100),
    }
}

impl Stack {
    /// Returns whether this is a deployed stage that only its API describes.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.child.is_none()
    }

    /// Returns a key with the scope `read`, or `None` for a deployed stage without
    /// `EVENTRELAY_READ_KEY`.
    pub async fn reader(&self) -> anyhow::Result<Option<String>> {
        if self.is_attached() {
            let key = std::env::var("EVENTRELAY_READ_KEY").ok();
            return Ok(key.filter(|key| !key.is_empty()));
        }
        let key = "er-reader-0123456789";
        self.accept_key(key, &["read"]).await?;
        Ok(Some(key.to_owned()))
    }
}
