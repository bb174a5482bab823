//! `GET /v1/projects/{project_id}`: returns a project.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::get_project)
}
