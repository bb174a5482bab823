//! `POST /v1/admin/recount`: starts the recount of the statistics.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb, Warm::Sqs], endpoints::recount_stats)
}
