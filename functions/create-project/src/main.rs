//! `POST /v1/videos/{video_id}/projects`: starts a software project from an analysis.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::Sqs], endpoints::create_project)
}
