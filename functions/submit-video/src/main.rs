//! `POST /v1/videos`: returns the stored analysis or the job that makes it.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(
        &[Warm::DynamoDb, Warm::S3, Warm::Sqs],
        endpoints::submit_video,
    )
}
