//! `POST /v1/admin/dead-letters/redrive`: sends dead letters again.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(
        &[Warm::DynamoDb, Warm::Sqs],
        endpoints::redrive_dead_letters,
    )
}
