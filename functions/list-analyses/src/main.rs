//! `GET /v1/videos/{video_id}/analyses`: lists every analysis of a video.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::list_analyses)
}
