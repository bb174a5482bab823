//! Readers of request bodies of projects and deployments.

use lambda_http::Request;
use serde_json::Value;

use super::super::{
    fields::{Fields, one_of, required},
    submissions,
    throttle::Caller,
};
use eventrelay_analysis::text;
use eventrelay_core::{
    error::Error,
    video::{VideoKey, reference},
};
use eventrelay_project::{
    DeploymentRequest, Framework, Language, MAX_FEATURE_LENGTH, MAX_FEATURES,
    MAX_INSTRUCTIONS_LENGTH, ProjectRequest, ProjectType,
    deploy::{Owner, RepositoryName, Target},
};
use eventrelay_workflow::job::Request as JobRequest;

/// Longest name of a choice.
const MAX_CHOICE_LENGTH: usize = 40;

/// Longest description of a repository, in characters.
const MAX_DESCRIPTION_LENGTH: usize = 1400;

/// One of the values that a name can have.
fn choice<T: Copy + Into<&'static str>>(
    fields: &mut Fields,
    name: &'static str,
    choices: &[T],
) -> Result<Option<T>, Error> {
    let text = fields.string(name, MAX_CHOICE_LENGTH)?;
    text.map(|text| one_of(name, choices, &text)).transpose()
}

/// Reads the project to create, and the variant of the analysis to use.
pub(crate) fn project(request: &Request) -> Result<(ProjectRequest, Option<String>), Error> {
    let mut fields = Fields::new(request)?;
    let asked = project_fields(&mut fields)?;
    let plan_only = fields.flag("plan_only")?;
    let variant = fields.string("variant", 80)?;
    fields.end()?;
    Ok((ProjectRequest { plan_only, ..asked }, variant))
}

fn project_fields(fields: &mut Fields) -> Result<ProjectRequest, Error> {
    let kind = choice(fields, "project_type", ProjectType::ALL)?;
    let kind = required("project_type", kind)?;
    let framework = choice(fields, "framework", Framework::ALL)?;
    let language = choice(fields, "language", Language::OF_FRAMEWORKS)?;
    let chosen = Framework::choose(kind, framework, language).map_err(|_| {
        let field = match framework {
            Some(_) => "framework",
            None => "language",
        };
        let offered = kind.frameworks().iter();
        let offered: Vec<String> = offered
            .map(|one| format!("{} ({})", one.into_str(), one.language().into_str()))
            .collect();
        let reason = format!(
            "is none of this project type: there is {}",
            offered.join(", ")
        );
        Error::invalid(field, reason)
    })?;
    let wrong = || {
        let reason = format!("must be texts of 1 to {MAX_FEATURE_LENGTH} characters");
        Error::invalid("features", reason)
    };
    let features = match fields.list_or_empty("features", MAX_FEATURES)? {
        None => Vec::new(),
        Some(features) => features
            .into_iter()
            .map(|feature| match feature {
                Value::String(feature) if feature.chars().count() <= MAX_FEATURE_LENGTH => {
                    let feature = text::line(&feature, MAX_FEATURE_LENGTH);
                    (!feature.is_empty()).then_some(feature).ok_or_else(wrong)
                }
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()?,
    };
    let instructions = fields.string("instructions", MAX_INSTRUCTIONS_LENGTH)?;
    Ok(ProjectRequest {
        project_type: kind,
        framework: chosen,
        features,
        instructions: instructions.map(|text| text::block(&text, MAX_INSTRUCTIONS_LENGTH)),
        plan_only: false,
        max_cost_usd: fields.price("max_cost_usd")?,
    })
}

/// Reads the target of a deployment, and whether it is a dry run.
pub(crate) fn deployment(request: &Request) -> Result<(DeploymentRequest, bool), Error> {
    let mut fields = Fields::new(request)?;
    let asked = deployment_fields(&mut fields, "target")?;
    let dry_run = fields.flag("dry_run")?;
    fields.end()?;
    Ok((asked, dry_run))
}

fn deployment_fields(
    fields: &mut Fields,
    target_name: &'static str,
) -> Result<DeploymentRequest, Error> {
    let target = choice(fields, target_name, Target::ALL)?;
    let target = required(target_name, target)?;
    let delete_on_failure = fields.flag("delete_on_failure")?;
    let mut asked = DeploymentRequest {
        target,
        repository: None,
        owner: None,
        // What is a site is seen by everybody, and private sites are not for every account.
        private: target != Target::GitHubPages,
        description: None,
        delete_on_failure,
    };
    let Some(repository) = fields.object("repository")? else {
        return Ok(asked);
    };
    if !target.has_repository() {
        return Err(Error::invalid("repository", "is not for this target"));
    }
    repository_fields(repository, &mut asked).map_err(|error| match error {
        Error::InvalidInput { field, reason } => {
            Error::invalid(format!("repository.{field}"), reason)
        }
        other => other,
    })?;
    Ok(asked)
}

fn repository_fields(mut fields: Fields, asked: &mut DeploymentRequest) -> Result<(), Error> {
    let wrong = |name: &'static str| move |_| Error::invalid(name, "is no name that GitHub takes");
    let name = fields.string("name", 100)?;
    let name: Option<RepositoryName> = name
        .map(|name| name.parse().map_err(wrong("name")))
        .transpose()?;
    let owner = fields.string("owner", 100)?;
    let owner: Option<Owner> = owner
        .map(|owner| owner.parse().map_err(wrong("owner")))
        .transpose()?;
    (asked.repository, asked.owner) = (name, owner);
    if let Some(private) = fields.optional_flag("private")? {
        asked.private = private;
    }
    let description = fields.string("description", MAX_DESCRIPTION_LENGTH)?;
    asked.description = description.map(|about| text::line(&about, MAX_DESCRIPTION_LENGTH));
    fields.end()
}

/// A whole way: from a video to a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) video: VideoKey,
    pub(crate) request: JobRequest,
    pub(crate) project: ProjectRequest,
    pub(crate) deployment: DeploymentRequest,
    pub(crate) submitted_by: Option<String>,
}

/// Reads the video to analyse, the project to create and the target of its deployment.
pub(crate) fn whole(request: &Request) -> Result<Whole, Error> {
    let mut fields = Fields::new(request)?;
    let url = fields.string("url", reference::MAX_BYTES)?;
    let upload_id = fields.string("upload_id", 80)?;
    let project = project_fields(&mut fields)?;
    let deployment = deployment_fields(&mut fields, "deployment_target")?;
    fields.end()?;
    let video = submissions::video(url, upload_id)?;
    if !deployment.target.takes(project.framework) {
        return Err(Error::invalid(
            "deployment_target",
            "does not take a project of this framework",
        ));
    }
    let request_of_job = JobRequest {
        max_cost_usd: project.max_cost_usd,
        ..JobRequest::default()
    };
    Ok(Whole {
        video,
        request: request_of_job,
        project,
        deployment,
        submitted_by: Caller::new(request).key_id,
    })
}
