//! `GET /v1/deployments/{deployment_id}`: returns a deployment.

use eventrelay::{api::endpoints, context::Warm, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[Warm::DynamoDb], endpoints::get_deployment)
}
