//! `GET /v1/stats`: returns the counters of the deployment.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::get_stats)
}
