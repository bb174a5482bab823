//! `GET /v1/jobs/{job_id}`: returns the state of a job.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::get_job)
}
