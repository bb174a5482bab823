//! `GET /v1/projects/{project_id}/deployments`: lists the deployments of a project.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::list_deployments)
}
