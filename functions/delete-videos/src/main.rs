//! `DELETE /v1/videos?confirm=all`: starts the deletion of every video.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::Sqs], endpoints::delete_videos)
}
