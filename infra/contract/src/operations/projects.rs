//! Software that is made of an analysis.

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
        "Make software of an analysis",
        WRITE,
    )
    .about(
        "202 with the job that does. `plan_only` ends with the plan, which can be edited before \
         files are made of it.",
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

/// 202 of a job that makes a project.
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
        "List what was made of a video",
        READ,
    )
    .about("Latest first.")
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
    .about("Its plan, its files, what validation says of them and what it took, as far as there is any of it.")
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
    .about("Removes it and all that was stored for it. What was deployed stays where it is.")
    .parameter(parameter("ProjectId"))
    .with(204, Response::new("It is gone").header("Cache-Control"))
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
        "What is given replaces what the plan has, as long as no files were made of it. With \
         `If-Match` only if the project is as it was seen.",
    )
    .parameter(parameter("ProjectId"))
    .parameter(json!({
        "name": "If-Match", "in": "header", "schema": {"type": "string"}, "example": "\"3\"",
        "description": "Tag of the project as it was seen; 412 if it is another by now (RFC 9110, section 13.1.1)",
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
        "Go on with a project",
        WRITE,
    )
    .about(
        "202 with the job that does: from its plan, from its files (also after a plan that was \
         asked for alone) or from validation. What is stored is not paid for again.",
    )
    .parameter(parameter("ProjectId"))
    .query(
        "from",
        "Where to begin",
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
        "As plain text. A file that is no text, such as an image, comes as \
         `application/octet-stream`. Never as what a browser would run.",
    )
    .parameter(parameter("ProjectId"))
    .parameter(json!({
        "name": "path", "in": "path", "required": true, "example": "app/page.tsx",
        "description": "Path of the file. Slashes may stand as they are: it takes the rest of the URL.",
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
    .with(304, not_modified().header("X-Content-Type-Options").header("Content-Security-Policy"))
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
    .about("Above a megabyte it is redirected to the bucket.")
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
            "It is large: fetch it from the bucket, without the key, within five minutes",
        )
        .header("Location")
        .header("Cache-Control"),
    )
    .may_miss()
}
