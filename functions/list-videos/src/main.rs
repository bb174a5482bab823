//! `GET /v1/videos`: lists videos by time, status and category.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::list_videos)
}
