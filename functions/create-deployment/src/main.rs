//! `POST /v1/projects/{project_id}/deployments`: deploys a project to a target.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(
        &[Warm::DynamoDb, Warm::S3, Warm::Sqs],
        endpoints::create_deployment,
    )
}
