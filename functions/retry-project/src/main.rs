//! `POST /v1/projects/{project_id}/retry`: continues a project that failed.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(
        &[Warm::DynamoDb, Warm::S3, Warm::Sqs],
        endpoints::retry_project,
    )
}
