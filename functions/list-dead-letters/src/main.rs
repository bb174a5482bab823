//! `GET /v1/admin/dead-letters`: lists dead letters.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::list_dead_letters)
}
