//! Changes to a project: edit its plan, retry it, delete it.

use eventrelay_workflow::engine::WorkflowKind;
use http::header;
use lambda_http::{Request, RequestExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{Answer, builds, fields::Fields, links::Links, no_content, paging, throttle::Caller},
    etag, find, is_good_enough, view,
};
use eventrelay_core::error::Error;
use eventrelay_project::{
    MAX_WRITTEN, Project, ProjectStatus,
    plan::{self, Bounds, MAX_DEPENDENCIES, Plan},
    templates,
};
use eventrelay_store::{project_blobs::Kind, projects::Stored};
use eventrelay_workflow::{
    build::{
        Build, Work,
        project::{ProjectWork, Stage},
        start,
    },
    context::Context,
    removal,
};

/// `PATCH …/plan`: `title`, `summary`, `files` and `dependencies` replace what the plan has, as
/// long as no files were made of it. With `If-Match` only if the project is as it was seen.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::PreconditionFailed`],
/// [`Error::InvalidInput`], [`Error::Storage`].
pub async fn edit_plan(context: &Context, request: &Request) -> Answer {
    let edits = edits(request)?;
    let stored = find(context, request).await?;
    unchanged(request, &stored)?;
    let Stored { doc, version } = stored;
    let mut project = doc;
    let plan = match (&project.plan, &project.made) {
        (Some(plan), None) if !project.status.is_at_work() => plan,
        (Some(_), Some(_)) => return Err(conflict("Files have been made of the plan.")),
        (Some(_), None) => return Err(conflict("Files are being made of the plan.")),
        (None, _) => return Err(conflict("There is no plan yet.")),
    };
    let plan: Plan = context
        .blobs
        .document(&project.id, Kind::Plan, plan)
        .await?;
    let edited = edited(&plan, edits)?;
    let now = (context.clock)();
    project.title.clone_from(&edited.title);
    project.plan = Some(
        context
            .blobs
            .put_document(&project.id, Kind::Plan, &edited)
            .await?,
    );
    (project.status, project.error) = (ProjectStatus::Planned, None);
    project.updated_at = now;
    if !context.projects.save(&project, version).await? {
        return Err(conflict("The project is changing; try again."));
    }
    let stored = Stored {
        doc: project,
        version: version + 1,
    };
    view::shown(context, &stored.doc, &etag(&stored), &Links::new(request)).await
}

/// The members of a plan that are replaced.
fn edits(request: &Request) -> Result<Vec<(&'static str, Value)>, Error> {
    let mut fields = Fields::new(request)?;
    let mut edits = Vec::new();
    if let Some(title) = fields.string("title", 500)? {
        edits.push(("title", title.into()));
    }
    if let Some(summary) = fields.string("summary", 8000)? {
        edits.push(("summary", summary.into()));
    }
    if let Some(files) = fields.list("files", MAX_WRITTEN)? {
        shaped::<FileEdit>("files", &files)?;
        edits.push(("files", files.into()));
    }
    if let Some(packages) = fields.list_or_empty("dependencies", MAX_DEPENDENCIES)? {
        shaped::<DependencyEdit>("dependencies", &packages)?;
        edits.push(("dependencies", packages.into()));
    }
    fields.end()?;
    if edits.is_empty() {
        Err(Error::invalid("title", "is missing, and so is all else"))
    } else {
        Ok(edits)
    }
}

/// Checks that each item of a list has the members of a type, and no others.
fn shaped<T: serde::de::DeserializeOwned>(name: &str, items: &[Value]) -> Result<(), Error> {
    match items.iter().position(|item| T::deserialize(item).is_err()) {
        None => Ok(()),
        Some(at) => {
            let reason = "does not have the members that there are";
            Err(Error::invalid(format!("{name}[{at}]"), reason))
        }
    }
}

/// A file of a plan, as it may be given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read for its shape; the plan is read as a whole")]
struct FileEdit {
    path: String,
    purpose: String,
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    sources: Vec<SpanEdit>,
}

/// A stretch of the video, as it may be given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
struct SpanEdit {
    start_s: f64,
    end_s: f64,
}

/// A package, as it may be given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
struct DependencyEdit {
    name: String,
    version: Option<String>,
    #[serde(default)]
    dev: bool,
}

fn edited(plan: &Plan, edits: Vec<(&'static str, Value)>) -> Result<Plan, Error> {
    let mut document = json!(plan);
    for (name, value) in edits {
        document[name] = value;
    }
    let framework = plan.framework;
    let bounds = Bounds {
        framework,
        made_elsewhere: templates::paths(framework),
        duration_s: None,
    };
    plan::read(&document.to_string(), bounds)
        .map_err(|error| Error::invalid("plan", error.to_string()))
}

fn unchanged(request: &Request, stored: &Stored<Project>) -> Result<(), Error> {
    let Some(wanted) = request.headers().get(header::IF_MATCH) else {
        return Ok(());
    };
    let tag = etag(stored);
    let wanted = wanted.to_str().unwrap_or_default();
    if wanted == "*" || wanted.split(',').any(|one| one.trim() == tag) {
        Ok(())
    } else {
        Err(Error::PreconditionFailed)
    }
}

fn conflict(reason: &'static str) -> Error {
    Error::Conflict {
        reason: reason.into(),
    }
}

/// `POST …/retry?from=`: 202 with the job that resumes a project.
///
/// It resumes from the `plan`, the `files` or the `validation`. Stored answers are not paid for again.
/// A project that was only planned gets its files this way.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn retry(context: &Context, request: &Request) -> Answer {
    let query = request.query_string_parameters();
    paging::only(&query, &["from"])?;
    let from = query.first("from").unwrap_or("files");
    let Stored { doc, version } = find(context, request).await?;
    if doc.status.is_at_work() {
        return Err(conflict("A job is at work on the project."));
    }
    is_good_enough(context, "project", doc.answered_by)?;
    let work = match (from, &doc.plan) {
        ("plan", _) => ProjectWork::new(doc.id.clone(), false),
        ("files", Some(plan)) => {
            let stored: Plan = context.blobs.document(&doc.id, Kind::Plan, plan).await?;
            let files = u32::try_from(stored.files.len()).unwrap_or(u32::MAX);
            ProjectWork::planned(doc.id.clone(), plan.clone(), files)
        }
        ("validation", Some(plan)) => validated_again(context, &doc, plan).await?,
        ("files" | "validation", None) => return Err(conflict("There is no plan yet.")),
        _ => {
            return Err(Error::invalid(
                "from",
                "must be one of plan, files, validation",
            ));
        }
    };
    let (now, caller) = ((context.clock)(), Caller::new(request));
    match start::again(context, doc, version, work, caller.key_id, now).await? {
        Some((_, build)) => builds::accepted(&build, &Links::new(request), now),
        None => Err(conflict("The project is changing; try again.")),
    }
}

/// The work of the last build from where all its files were written.
async fn validated_again(
    context: &Context,
    project: &Project,
    plan: &str,
) -> Result<ProjectWork, Error> {
    let missing = || conflict("Not all files of the plan are there; go on from its files.");
    let row = context.jobs.get::<Build>(&project.job).await?;
    let last = row.map(|row| row.job).ok_or_else(missing)?;
    // The texts that were in the way are forgotten.
    let was_refused = last.error().is_some();
    let Work::Project(last) = last.work else {
        return Err(missing());
    };
    let was_written = match last.stage {
        Stage::Packaging { .. } => true,
        Stage::Checking { .. } => !was_refused,
        _ => false,
    };
    if last.plan.as_deref() != Some(plan) || !was_written {
        return Err(missing());
    }
    let round = last.drafts.iter().map(|draft| draft.round).max();
    Ok(ProjectWork {
        stage: Stage::Checking {
            round: round.unwrap_or(0),
        },
        plan_only: false,
        ..last
    })
}

/// `DELETE`: removes a project and all that was stored for it; what was deployed stays where it is.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn delete(context: &Context, request: &Request) -> Answer {
    let project = find(context, request).await?.doc;
    removal::remove_project(context, &project, (context.clock)()).await?;
    no_content()
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn read(body: &Value) -> Result<Vec<(&'static str, Value)>, Error> {
        let request = http::Request::patch("/")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        edits(&request.unwrap())
    }

    #[test]
    fn edit_without_a_member_is_refused() {
        for empty in [json!({}), json!({"title": null}), json!({"files": null})] {
            match read(&empty) {
                Err(Error::InvalidInput { field, .. }) => assert_eq!(field, "title", "{empty}"),
                other => panic!("{empty}: {other:?}"),
            }
        }
        let given = read(&json!({"title": "A", "dependencies": []})).unwrap();
        let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["title", "dependencies"]);
    }
}
