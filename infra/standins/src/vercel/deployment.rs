//! Deployments and their states.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use strum::IntoStaticStr;

use super::{control::Failure, errors::ApiError, framework::Files};
use crate::request::digest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(const_into_str, serialize_all = "UPPERCASE")]
pub(super) enum ReadyState {
    Queued,
    Initializing,
    Building,
    Ready,
    Error,
}

impl ReadyState {
    /// A deployment is queued for a tenth of the time, and initialising for another tenth.
    fn after(elapsed: Duration, build: Duration, fails: bool) -> Self {
        match (elapsed >= build, fails) {
            (true, true) => Self::Error,
            (true, false) => Self::Ready,
            _ if elapsed < build / 10 => Self::Queued,
            _ if elapsed < build / 5 => Self::Initializing,
            _ => Self::Building,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) project_id: String,
    pub(super) team: Option<String>,
    /// `production` or `staging`; `None` for a preview.
    pub(super) target: Option<String>,
    /// Name of its host.
    pub(super) url: String,
    pub(super) settings: Map<String, Value>,
    pub(super) meta: Map<String, Value>,
    pub(super) files: Files,
    pub(super) created: Timestamp,
    pub(super) began: Instant,
    pub(super) build: Duration,
    pub(super) failure: Option<Failure>,
}

impl Deployment {
    pub(super) fn state(&self) -> ReadyState {
        ReadyState::after(self.began.elapsed(), self.build, self.failure.is_some())
    }

    /// Returns the Unix time in milliseconds after so many tenths of the build.
    pub(super) fn at(&self, tenths: u32) -> i64 {
        let time = self.created + self.build * tenths / 10;
        time.as_millisecond()
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
            "readyState": self.state().into_str(),
            "projectSettings": self.settings,
            "meta": self.meta,
            "url": self.url,
            "files": files,
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) settings: Map<String, Value>,
}

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

    /// Returns the project of this name, with the settings updated if some are given.
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

    /// Finds a deployment of the team in a query by id or host name.
    pub(super) fn find(
        &self,
        id_or_url: &str,
        query: &HashMap<String, String>,
    ) -> Result<&Deployment, ApiError> {
        let team = query.get("teamId");
        let mut own = self.all.iter().filter(|one| one.team.as_ref() == team);
        own.find(|one| one.id == id_or_url || one.url == id_or_url)
            .ok_or_else(|| ApiError::not_found("The deployment could not be found"))
    }

    /// Returns the deployment that serves a host, which is its own or that of its project.
    pub(super) fn serving(&self, host: &str) -> Option<&Deployment> {
        let project = host.strip_suffix(".localhost");
        self.all.iter().rev().find(|one| {
            let is_project = Some(one.project.as_str()) == project && one.target.is_some();
            one.state() == ReadyState::Ready && (one.url == host || is_project)
        })
    }

    /// Returns an equal deployment that has not failed.
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

/// Returns an identifier that depends on its parts alone.
pub(super) fn identifier(prefix: &str, parts: &[&str]) -> String {
    format!("{prefix}{}", &digest(parts)[..28])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployment_is_queued_initialised_and_built() {
        use ReadyState::{Building, Error, Initializing, Queued, Ready};
        let time = Duration::from_millis;
        let after = |elapsed, fails| ReadyState::after(time(elapsed), time(100), fails);
        let states = [0, 9, 10, 19, 20, 99, 100].map(|elapsed| after(elapsed, false));
        let expected = [
            Queued,
            Queued,
            Initializing,
            Initializing,
            Building,
            Building,
            Ready,
        ];
        assert_eq!(states, expected);
        assert_eq!(after(100, true), Error);
        assert_eq!(ReadyState::after(time(0), time(0), false), Ready);
    }
}
