//! `POST /v1/uploads`: permits the upload of one recording.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::S3], endpoints::create_upload)
}
