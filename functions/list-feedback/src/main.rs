//! `GET /v1/videos/{video_id}/feedback`: lists the feedback on a video.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::list_feedback)
}
