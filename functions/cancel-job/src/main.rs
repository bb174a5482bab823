//! `DELETE /v1/jobs/{job_id}`: cancels a job.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::Sqs], endpoints::cancel_job)
}
