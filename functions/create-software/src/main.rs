//! `POST /v1/video-to-software`: starts an analysis, a project and a deployment as one job.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::Sqs], endpoints::create_software)
}
