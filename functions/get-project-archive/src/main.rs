//! `GET /v1/projects/{project_id}/archive`: returns all files of a project.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::get_project_archive)
}
