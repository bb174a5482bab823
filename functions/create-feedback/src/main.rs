//! `POST /v1/videos/{video_id}/feedback`: stores feedback on a video.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::create_feedback)
}
