//! `DELETE /v1/videos/{video_id}`: deletes a video and everything made from it.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::delete_video)
}
