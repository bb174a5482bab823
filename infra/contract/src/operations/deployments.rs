//! Software that is brought somewhere.

use serde_json::json;

use super::{READ, WRITE};
use crate::{
    operation::Operation,
    responses::{accepted, json as body, parameter},
};

pub(super) fn all() -> Vec<Operation> {
    vec![create(), list(), get(), software()]
}

fn create() -> Operation {
    Operation::new(
        ("post", "/v1/projects/{project_id}/deployments"),
        "createDeployment",
        "Deployments",
        "Deploy a project",
        WRITE,
    )
    .about(
        "202 with the job that does, or with `dry_run` 200 with what would be sent. Without a \
         token of the target it ends `skipped` and names what is missing.",
    )
    .parameter(parameter("ProjectId"))
    .body(
        "NewDeployment",
        &[
            (
                "github",
                "A private repository",
                json!({"target": "github", "repository": {"name": "weather"}}),
            ),
            (
                "dry",
                "What would be sent",
                json!({"target": "netlify", "dry_run": true}),
            ),
        ],
    )
    .ok(body("What would be sent, and by which calls", "DryRun"))
    .with(
        202,
        accepted("DeploymentJob").link(
            "deployment",
            "getDeployment",
            json!({"deployment_id": "$response.body#/deployment_id"}),
        ),
    )
    .may_miss()
    .problems(409, &["conflict"])
}

fn list() -> Operation {
    Operation::new(
        ("get", "/v1/projects/{project_id}/deployments"),
        "listDeployments",
        "Deployments",
        "List the deployments of a project",
        READ,
    )
    .about("Latest first.")
    .parameter(parameter("ProjectId"))
    .paged("DeploymentList")
    .leads_to(
        "deployments/0/deployment_id",
        "deployment_id",
        &["getDeployment"],
    )
    .may_miss()
}

fn get() -> Operation {
    Operation::new(
        ("get", "/v1/deployments/{deployment_id}"),
        "getDeployment",
        "Deployments",
        "Get a deployment",
        READ,
    )
    .about(
        "Status, what was changed, where it is, and the end of a log that says why a build failed.",
    )
    .parameter(parameter("DeploymentId"))
    .ok(body("The deployment", "Deployment"))
    .may_miss()
}

fn software() -> Operation {
    Operation::new(
        ("post", "/v1/video-to-software"),
        "createSoftware",
        "Deployments",
        "From a video to deployed software",
        WRITE,
    )
    .about(
        "202 with one job that analyses, builds and deploys; its `stages` link to the jobs of \
         each. `max_cost_usd` caps the analysis and the project, each by itself.",
    )
    .body(
        "NewSoftware",
        &[(
            "whole",
            "A site on GitHub Pages",
            json!({
                "url": "https://youtu.be/jNQXAC9IVRw", "project_type": "web", "framework": "static",
                "deployment_target": "github_pages", "max_cost_usd": 1,
            }),
        )],
    )
    .with(202, accepted("SoftwareJob"))
    .problems(422, &["not-a-video"])
}
