//! Invalid and hostile requests over HTTP.
//!
//! Each is refused by name and leaves nothing behind, or is accepted as what it is.

mod bodies;
mod fields;
mod uploads;

use eventrelay_tests::{API_KEY, Response, Stack, read};
use serde_json::{Value, json};

/// The problem of a response, which is nothing but one.
pub(crate) fn problem(response: Response, what: &str) -> (u16, String, Value) {
    let status = response.status.as_u16();
    assert_eq!(
        response.header("content-type"),
        "application/problem+json",
        "{what}"
    );
    assert_eq!(response.header("cache-control"), "no-store", "{what}");
    let problem = response.json();
    assert_eq!(problem["status"], status, "{what}");
    let kind = problem["type"].as_str().unwrap();
    let slug = kind.strip_prefix("urn:eventrelay:problem:").unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        !detail.contains(char::is_control) && detail.len() < 500,
        "{what}: {detail:?}"
    );
    (status, slug.to_owned(), problem)
}

/// Sends bytes under headers of the caller's own.
pub(crate) async fn send(
    stack: &Stack,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Response {
    let url = format!("{}{path}", stack.ready.api);
    let mut request = stack.client().post(url).header("x-api-key", API_KEY);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.body(body)).await.unwrap()
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn hostile_input_has_named_problems_and_no_effect() {
    let stack = Stack::start().await.unwrap();
    bodies::bodies(&stack).await;
    bodies::content_types(&stack).await;
    fields::fields(&stack).await;
    fields::parameters(&stack).await;
    fields::headers(&stack).await;

    // Nothing of all that left a trace.
    assert!(stack.gemini_calls("").await.unwrap().is_empty());
    let worked = stack.invocations().await.unwrap();
    let worked = worked
        .iter()
        .filter(|one| one["function"] == "AdvanceAnalysis");
    assert_eq!(worked.count(), 0);
    let videos = stack.get_json("/v1/videos").await.unwrap();
    assert_eq!(videos["videos"], json!([]));

    uploads::uploads(&stack).await;
    uploads::media_types(&stack).await;
    uploads::names(&stack).await;
}
