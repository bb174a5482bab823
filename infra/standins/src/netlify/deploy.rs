//! Deploys with their required files and their state.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use strum::IntoStaticStr;

use crate::json::{data, filled};

/// Uploaded files. A site never requires the same file twice. Netlify does not document whether a
/// file of another site counts; here it does not, so every client has to upload.
#[derive(Debug, Default)]
pub(super) struct Contents(HashMap<String, HashMap<String, Bytes>>);

impl Contents {
    /// Stores a file of a site by its SHA-1.
    pub(super) fn insert(&mut self, site: &str, sha: String, content: Bytes) {
        let of_site = self.0.entry(site.to_owned()).or_default();
        of_site.insert(sha, content);
    }

    pub(super) fn get(&self, site: &str, sha: &str) -> Option<&Bytes> {
        self.0.get(site)?.get(sha)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Deploy {
    pub(super) id: String,
    pub(super) site_id: String,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) draft: bool,
    /// SHA-1 of each file, by its path without a leading slash.
    pub(super) files: BTreeMap<String, String>,
    pub(super) created: Timestamp,
    pub(super) began: Instant,
    /// Time at which the last file arrived.
    pub(super) complete: Option<Instant>,
    pub(super) processing: Duration,
    pub(super) failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str, serialize_all = "lowercase")]
pub(super) enum DeployState {
    Uploading,
    Processing,
    Ready,
    Error,
}

impl Deploy {
    pub(super) fn state(&self) -> DeployState {
        match (self.complete, &self.failure) {
            (None, _) => DeployState::Uploading,
            (Some(at), _) if at.elapsed() < self.processing => DeployState::Processing,
            (Some(_), None) => DeployState::Ready,
            (Some(_), Some(_)) => DeployState::Error,
        }
    }

    /// Returns the digests of missing files.
    pub(super) fn required(&self, contents: &Contents) -> Vec<&str> {
        let missing = self
            .files
            .values()
            .filter(|sha| contents.get(&self.site_id, sha).is_none());
        let mut missing: Vec<&str> = missing.map(String::as_str).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Completes the deploy once no file is missing.
    pub(super) fn complete_with(&mut self, contents: &Contents) {
        if self.complete.is_none() && self.required(contents).is_empty() {
            self.complete = Some(Instant::now());
        }
    }

    pub(super) fn to_json(&self, base_url: &str, contents: &Contents) -> Value {
        let state = self.state();
        let placeholders = [
            ("@base@", base_url),
            ("@id@", &self.id),
            ("@site_id@", &self.site_id),
            ("@name@", &self.name),
            ("@state@", state.into_str()),
            ("@created@", &timestamp(self.created)),
        ];
        let mut body = response("deploy", &placeholders);
        body["draft"] = json!(self.draft);
        body["context"] = json!(if self.draft {
            "deploy-preview"
        } else {
            "production"
        });
        body["required"] = json!(self.required(contents));
        for (name, value) in [("title", &self.title), ("branch", &self.branch)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        match (state, &self.failure) {
            (DeployState::Error, Some(message)) => body["error_message"] = json!(message),
            (DeployState::Ready, _) if !self.draft => {
                let took = self.began.elapsed();
                let ended = self.complete.map(|at| at.elapsed()).unwrap_or_default();
                let published = self.created + took.saturating_sub(ended) + self.processing;
                body["published_at"] = json!(timestamp(published));
            }
            _ => {}
        }
        body
    }
}

/// Members of responses that are constant or consist of placeholders.
static RESPONSES: LazyLock<Value> = LazyLock::new(|| data(include_str!("responses.json")));

/// Returns a part of `responses.json` with its placeholders filled.
pub(super) fn response(name: &str, placeholders: &[(&str, &str)]) -> Value {
    filled(RESPONSES[name].clone(), placeholders)
}

/// Formats a time as Netlify does, with milliseconds.
pub(super) fn timestamp(time: Timestamp) -> String {
    Timestamp::from_millisecond(time.as_millisecond())
        .unwrap_or(time)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy(files: &[(&str, &str)]) -> Deploy {
        let files = files.iter();
        let files = files.map(|(path, sha)| ((*path).to_owned(), (*sha).to_owned()));
        Deploy {
            id: "d".into(),
            site_id: "s".into(),
            name: "n".into(),
            title: None,
            branch: None,
            draft: false,
            files: files.collect(),
            created: Timestamp::UNIX_EPOCH,
            began: Instant::now(),
            complete: None,
            processing: Duration::ZERO,
            failure: None,
        }
    }

    #[test]
    fn content_is_required_once() {
        let mut deploy = deploy(&[("a", "1"), ("b", "2"), ("c", "1")]);
        let mut contents = Contents::default();
        contents.insert("other", "2".into(), Bytes::new());
        assert_eq!(deploy.required(&contents), ["1", "2"]);
        contents.insert("s", "1".into(), Bytes::new());
        deploy.complete_with(&contents);
        assert_eq!(deploy.required(&contents), ["2"]);
        assert_eq!(deploy.state(), DeployState::Uploading);
        contents.insert("s", "2".into(), Bytes::new());
        deploy.complete_with(&contents);
        assert_eq!(deploy.state(), DeployState::Ready);
        deploy.failure = Some("no".into());
        assert_eq!(deploy.state(), DeployState::Error);
    }
}
