//! Deployments: what there is of each, and how far it is.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};
use time::OffsetDateTime;

use super::{control::Failure, framework::Files};

/// `readyState`, as far as a deployment here goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReadyState {
    Queued,
    Initializing,
    Building,
    Ready,
    Error,
}

impl ReadyState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Initializing => "INITIALIZING",
            Self::Building => "BUILDING",
            Self::Ready => "READY",
            Self::Error => "ERROR",
        }
    }
}

/// One deployment.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) project_id: String,
    pub(super) team: Option<String>,
    /// `production` or `staging`; a preview has none.
    pub(super) target: Option<String>,
    /// The name of the host.
    pub(super) url: String,
    pub(super) settings: Map<String, Value>,
    pub(super) meta: Map<String, Value>,
    pub(super) files: Files,
    pub(super) created: OffsetDateTime,
    pub(super) began: Instant,
    pub(super) build: Duration,
    pub(super) failure: Option<Failure>,
}

impl Deployment {
    /// A tenth of the time it waits, a tenth it is made ready, then it is built.
    pub(super) fn state(&self) -> ReadyState {
        let elapsed = self.began.elapsed();
        if elapsed >= self.build {
            return match self.failure {
                Some(_) => ReadyState::Error,
                None => ReadyState::Ready,
            };
        }
        if elapsed < self.build / 10 {
            ReadyState::Queued
        } else if elapsed < self.build / 5 {
            ReadyState::Initializing
        } else {
            ReadyState::Building
        }
    }

    /// Milliseconds from 1970 to so much of its time.
    pub(super) fn at(&self, tenths: u32) -> i64 {
        let time = self.created + self.build * tenths / 10;
        i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    fn is_for(&self, team: Option<&str>) -> bool {
        self.team.as_deref() == team
    }

    fn to_state(&self) -> Value {
        let files: Map<String, Value> = self
            .files
            .iter()
            .map(|(path, data)| (path.clone(), json!(data.len())))
            .collect();
        json!({
            "id": self.id,
            "name": self.project,
            "target": self.target,
            "teamId": self.team,
            "readyState": self.state().name(),
            "projectSettings": self.settings,
            "meta": self.meta,
            "url": self.url,
            "files": files,
        })
    }
}

/// What a project is known by.
#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) settings: Map<String, Value>,
}

/// All projects and deployments.
#[derive(Debug, Default)]
pub(super) struct Deployments {
    projects: HashMap<(Option<String>, String), Project>,
    all: Vec<Deployment>,
}

impl Deployments {
    pub(super) fn project(&self, team: Option<&str>, name: &str) -> Option<&Project> {
        self.projects
            .get(&(team.map(str::to_owned), name.to_owned()))
    }

    /// The project of this name, with these settings from now on where some are given.
    pub(super) fn settle(
        &mut self,
        team: Option<&str>,
        name: &str,
        settings: Option<Map<String, Value>>,
    ) -> Project {
        let key = (team.map(str::to_owned), name.to_owned());
        let project = self.projects.entry(key).or_insert_with(|| Project {
            id: identifier("prj_", &[name, team.unwrap_or_default()]),
            settings: Map::new(),
        });
        project.settings.extend(settings.unwrap_or_default());
        project.clone()
    }

    pub(super) fn push(&mut self, deployment: Deployment) {
        self.all.push(deployment);
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// By id, or by the name of the host.
    pub(super) fn find(&self, team: Option<&str>, id_or_url: &str) -> Option<&Deployment> {
        let mut own = self.all.iter().filter(|one| one.is_for(team));
        own.find(|one| one.id == id_or_url || one.url == id_or_url)
    }

    /// The deployment that serves a host, be it the one of the deployment or of its project.
    pub(super) fn serving(&self, host: &str) -> Option<&Deployment> {
        let project = host.strip_suffix(".localhost");
        self.all.iter().rev().find(|one| {
            let is_project = Some(one.project.as_str()) == project && one.target.is_some();
            one.state() == ReadyState::Ready && (one.url == host || is_project)
        })
    }

    /// One like this that has not failed.
    pub(super) fn similar(&self, other: &Deployment) -> Option<&Deployment> {
        self.all.iter().rev().find(|one| {
            one.team == other.team
                && one.project == other.project
                && one.target == other.target
                && one.settings == other.settings
                && one.files == other.files
                && one.state() != ReadyState::Error
        })
    }

    pub(super) fn to_state(&self) -> Value {
        self.all.iter().map(Deployment::to_state).collect()
    }
}

/// An identifier that is the same for the same parts.
pub(super) fn identifier(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("{prefix}{}", &hex::encode(hash.finalize())[..28])
}
