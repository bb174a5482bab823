//! `GET /v1/videos/{video_id}`: returns an analysis in the requested form.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::get_video)
}
