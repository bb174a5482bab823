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
        "Returns 202 with the job, or with `dry_run` 200 with the calls that it would make. \
         Without a token of the target, the job ends `skipped` and names what is missing.",
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
                "A dry run",
                json!({"target": "netlify", "dry_run": true}),
            ),
        ],
    )
    .ok(body("The calls that the deployment would make", "DryRun"))
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
    .about("Lists deployments, newest first.")
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
    .about("Returns status, changes, URL, and the end of the log of a failed build.")
    .parameter(parameter("DeploymentId"))
    .ok(body("The deployment", "Deployment"))
    .may_miss()
}

fn software() -> Operation {
    Operation::new(
        ("post", "/v1/video-to-software"),
        "createSoftware",
        "Deployments",
        "Make and deploy software from a video",
        WRITE,
    )
    .about(
        "Returns 202 with one job that analyses, builds and deploys. Its `stages` link to the \
         job of each step. `max_cost_usd` limits the analysis and the project separately.",
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
