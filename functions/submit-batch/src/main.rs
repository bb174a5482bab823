//! `POST /v1/videos/batch`: submits up to fifty videos.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(
        &[Warm::DynamoDb, Warm::S3, Warm::Sqs],
        endpoints::submit_batch,
    )
}
