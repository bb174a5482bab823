//! `PATCH /v1/projects/{project_id}/plan`: edits a plan before its files are written.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::edit_plan)
}
