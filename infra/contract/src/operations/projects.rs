//! Software made from an analysis.

use serde_json::json;

use super::{READ, WRITE};
use crate::{
    operation::Operation,
    responses::{Response, accepted, json as body, not_modified, parameter},
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        create(),
        list(),
        get(),
        delete(),
        edit_plan(),
        retry(),
        file(),
        archive(),
    ]
}

fn create() -> Operation {
    Operation::new(
        ("post", "/v1/videos/{video_id}/projects"),
        "createProject",
        "Projects",
        "Make software from an analysis",
        WRITE,
    )
    .about(
        "Returns 202 with the job. `plan_only` stops after the plan, which can be edited \
         before files are written.",
    )
    .parameter(parameter("VideoId"))
    .body(
        "NewProject",
        &[
            ("web", "A web application", json!({"project_type": "web"})),
            ("planned", "A service in Rust, planned first", json!({
                "project_type": "api", "framework": "axum", "plan_only": true,
                "features": ["Chapters as JSON"], "instructions": "Keep it small.", "max_cost_usd": 0.5,
            })),
        ],
    )
    .with(202, project_job())
    .may_miss()
    .problems(409, &["conflict"])
}

fn project_job() -> Response {
    accepted("ProjectJob").link(
        "project",
        "getProject",
        json!({"project_id": "$response.body#/project_id"}),
    )
}

fn list() -> Operation {
    Operation::new(
        ("get", "/v1/videos/{video_id}/projects"),
        "listProjects",
        "Projects",
        "List the projects of a video",
        READ,
    )
    .about("Lists projects, newest first.")
    .parameter(parameter("VideoId"))
    .paged("ProjectList")
    .leads_to(
        "projects/0/project_id",
        "project_id",
        &[
            "getProject",
            "editPlan",
            "retryProject",
            "getProjectArchive",
            "createDeployment",
            "listDeployments",
        ],
    )
    .may_miss()
}

fn get() -> Operation {
    Operation::new(
        ("get", "/v1/projects/{project_id}"),
        "getProject",
        "Projects",
        "Get a project",
        READ,
    )
    .about("Returns its plan, files, validation results and usage, as far as they exist.")
    .parameter(parameter("ProjectId"))
    .if_none_match()
    .ok(body("The project", "Project").header("ETag").link(
        "file",
        "getProjectFile",
        json!({"project_id": "$request.path.project_id", "path": "$response.body#/manifest/files/0/path"}),
    ))
    .with(304, not_modified())
    .may_miss()
}

fn delete() -> Operation {
    Operation::new(
        ("delete", "/v1/projects/{project_id}"),
        "deleteProject",
        "Projects",
        "Delete a project",
        WRITE,
    )
    .about("Deletes the project and its stored data. Deployments stay.")
    .parameter(parameter("ProjectId"))
    .with(
        204,
        Response::new("The project was deleted").header("Cache-Control"),
    )
    .may_miss()
}

fn edit_plan() -> Operation {
    Operation::new(
        ("patch", "/v1/projects/{project_id}/plan"),
        "editPlan",
        "Projects",
        "Edit a plan",
        WRITE,
    )
    .about(
        "Replaces members of the plan, until files are written from it. With `If-Match`, only \
         if the project has not changed.",
    )
    .parameter(parameter("ProjectId"))
    .parameter(json!({
        "name": "If-Match", "in": "header", "schema": {"type": "string"}, "example": "\"3\"",
        "description": "Entity tag of the project; 412 if the project has changed (RFC 9110, section 13.1.1)",
    }))
    .body(
        "PlanEdit",
        &[
            ("title", "Another title", json!({"title": "Weather for sailors"})),
            ("files", "Other files", json!({"files": [{
                "path": "app/page.tsx", "purpose": "The page that shows the forecast.",
                "depends_on": [], "sources": [{"start_s": 12.0, "end_s": 48.5}],
            }]})),
        ],
    )
    .ok(body("The project", "Project").header("ETag"))
    .may_miss()
    .problems(409, &["conflict"])
    .problems(412, &["precondition-failed"])
}

fn retry() -> Operation {
    Operation::new(
        ("post", "/v1/projects/{project_id}/retry"),
        "retryProject",
        "Projects",
        "Retry a project",
        WRITE,
    )
    .about(
        "Returns 202 with the job. It continues from the plan, from the files (also after \
         `plan_only`) or from validation. Stored results cost nothing again.",
    )
    .parameter(parameter("ProjectId"))
    .query(
        "from",
        "First step",
        json!({"type": "string", "enum": ["plan", "files", "validation"], "default": "files"}),
    )
    .with(202, project_job())
    .may_miss()
    .problems(409, &["conflict"])
    .problems(422, &["invalid-input"])
}

fn file() -> Operation {
    Operation::new(
        ("get", "/v1/projects/{project_id}/files/{path}"),
        "getProjectFile",
        "Projects",
        "Get a file of a project",
        READ,
    )
    .about(
        "Returns plain text, or `application/octet-stream` for other files such as images, \
         but never content that a browser would run.",
    )
    .parameter(parameter("ProjectId"))
    .parameter(json!({
        "name": "path", "in": "path", "required": true, "example": "app/page.tsx",
        "description": "Path of the file. It takes the rest of the URL, so slashes need no escape.",
        "schema": {"type": "string", "minLength": 1},
    }))
    .if_none_match()
    .ok(Response::new("The file")
        .content("text/plain", json!({"type": "string"}))
        .other_content("application/octet-stream", json!({}))
        .header("ETag")
        .header("Cache-Control")
        .header("X-Content-Type-Options")
        .header("Content-Security-Policy"))
    .with(
        304,
        not_modified()
            .header("X-Content-Type-Options")
            .header("Content-Security-Policy"),
    )
    .may_miss()
}

fn archive() -> Operation {
    Operation::new(
        ("get", "/v1/projects/{project_id}/archive"),
        "getProjectArchive",
        "Projects",
        "Get all files as a zip",
        READ,
    )
    .about("Redirects to the bucket if the archive exceeds a megabyte.")
    .parameter(parameter("ProjectId"))
    .if_none_match()
    .ok(Response::new("The archive")
        .content(
            "application/zip",
            json!({"type": "string", "format": "binary"}),
        )
        .header("ETag")
        .header("Cache-Control")
        .header("Content-Disposition"))
    .with(304, not_modified())
    .with(
        307,
        Response::new(
            "The archive is large: fetch it from the bucket, without the key, within five minutes",
        )
        .header("Location")
        .header("Cache-Control"),
    )
    .may_miss()
}
