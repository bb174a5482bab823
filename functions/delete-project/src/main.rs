//! `DELETE /v1/projects/{project_id}`: deletes a project and everything stored for it.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::delete_project)
}
