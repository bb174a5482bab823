//! What the local runtime knows about itself, for tests and for a look at a running system.

use std::sync::Arc;

use aws_sdk_sqs::types::QueueAttributeName;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::lambda::Lambda;

/// What the endpoints read.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// Logical id and URL of each queue.
    pub(crate) queues: Vec<(String, String)>,
}

/// `GET /invocations`, `/instances`, `/queues` and `/health`.
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "ok" }))))
        .route(
            "/invocations",
            get(async |State(admin): State<Admin>| Json(admin.lambda.invocations())),
        )
        .route(
            "/instances",
            get(async |State(admin): State<Admin>| Json(admin.lambda.instances())),
        )
        .route("/queues", get(queues))
        .with_state(admin)
}

async fn queues(State(admin): State<Admin>) -> Response {
    let mut counts = Map::new();
    for (name, url) in &admin.queues {
        let attributes = admin
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await;
        let Ok(attributes) = attributes else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let count = |name| -> Value {
            let text = attributes.attributes().and_then(|all| all.get(&name));
            text.and_then(|text| text.parse::<u64>().ok()).into()
        };
        counts.insert(
            name.clone(),
            json!({
                "visible": count(QueueAttributeName::ApproximateNumberOfMessages),
                "in_flight": count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
                "delayed": count(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
            }),
        );
    }
    Json(counts).into_response()
}
