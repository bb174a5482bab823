//! Performs the effects that the [`machine`] chooses.

use crate::build::BuildRow;
use std::time::Duration;

use super::{
    calls::Calls,
    machine::{self, Effect, EffectOutcome},
    model::{Build, Work},
};
use crate::{
    context::{Context, warm_all},
    engine::{Invocation, StepOutcome, Worker, Workflow},
};
use eventrelay_core::config::{BuildsConfig, TargetConfig};
use eventrelay_core::{clock::Timestamp, error::Error};
use eventrelay_project::Checker;
use eventrelay_upstream::{HttpClient, github::GitHub, netlify::Netlify, vercel::Vercel};

/// Returns the worker of builds, with its secrets read. `checker` checks generated files.
///
/// # Errors
/// The environment is incomplete.
pub async fn worker(context: &Context, checker: Checker) -> Result<Worker<Builds>, Error> {
    let config = BuildsConfig::from_env().map_err(Error::internal)?;
    let guard = context.guard(config.limits.clone(), &config.models)?;
    let secrets = context.secrets();
    let secret = |target: &TargetConfig| target.secret.as_ref().map(|id| secrets.secret(id));
    let gemini = secrets.secret(config.models.secret.clone());
    let github = secret(&config.github);
    let vercel = secret(&config.vercel);
    let netlify = secret(&config.netlify);
    let all = [
        Some(&gemini),
        github.as_ref(),
        vercel.as_ref(),
        netlify.as_ref(),
    ];
    warm_all(all).await;
    let http = HttpClient::new()?;
    let (github_url, netlify_url) = (config.github.base_url, config.netlify.base_url);
    let (vercel_url, team) = (config.vercel.base_url, config.vercel_team);
    let calls = Calls {
        checker,
        models: context.models(&http, config.models, gemini, &guard),
        github: github.map(|token| GitHub::new(http.clone(), github_url, token, guard.clone())),
        vercel: vercel
            .map(|token| Vercel::new(http.clone(), vercel_url, team, token, guard.clone())),
        netlify: netlify.map(|token| Netlify::new(http, netlify_url, token, guard)),
        context: context.clone(),
    };
    Ok(Worker::new(
        context,
        &context.builds_queue,
        Builds { calls },
    ))
}

#[derive(Clone, Debug)]
pub struct Builds {
    calls: Calls,
}

impl Workflow for Builds {
    type Record = Build;
    type Effect = Effect;

    fn begin(&self, build: Build, now: Timestamp) -> Build {
        machine::begin(build, now)
    }

    fn settings(&self, _: &Build) -> usize {
        self.calls.models.names.len()
    }

    fn effect(&self, build: &Build) -> Option<Effect> {
        machine::effect(build)
    }

    async fn perform(
        &self,
        effect: &Effect,
        row: &BuildRow,
        _: &Invocation,
        time: Duration,
    ) -> Option<StepOutcome<EffectOutcome>> {
        Some(self.calls.perform(*effect, &row.job, time).await)
    }

    /// A step that creates something at a target must finish, so that the record can name it.
    fn may_be_left(&self, _: &Effect, build: &Build) -> bool {
        !matches!(build.work, Work::Deployment(_))
    }

    async fn lost(&self, build: &Build) -> Result<(), Error> {
        self.calls.lost(build).await
    }
}
