//! A function that obeys its event. Tests of the local runtime run it like Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var("PROBE").is_ok_and(|value| value == "exit-in-init") {
        std::process::exit(3);
    }
    lambda_runtime::run(service_fn(answer)).await
}

/// The order stands in the event, in the body of an HTTP event or of the first message of a batch,
/// or in the API key that an authorizer is asked about.
fn order(event: &Value) -> Value {
    let text = match event["type"].as_str() {
        Some("REQUEST") => event["headers"]["x-api-key"].as_str(),
        _ => event["body"]
            .as_str()
            .or_else(|| event["Records"][0]["body"].as_str()),
    };
    match text.and_then(|text| serde_json::from_str(text).ok()) {
        Some(order @ Value::Object(_)) => order,
        _ => event.clone(),
    }
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let order = order(&event.payload);
    let action = order["do"].as_str().unwrap_or("echo");
    match action {
        "echo" => Ok(json!({ "pid": std::process::id(), "event": event.payload })),
        "answer" => Ok(order["with"].clone()),
        "environment" => {
            let variables: serde_json::Map<_, _> = std::env::vars()
                .map(|(name, value)| (name, value.into()))
                .collect();
            Ok(variables.into())
        }
        "context" => Ok(json!({
            "request_id": event.context.request_id,
            "deadline": event.context.deadline,
            "arn": event.context.invoked_function_arn,
        })),
        // Never answers.
        "hang" => std::future::pending().await,
        // Answers once `path` exists, so that a test decides when.
        "wait" => {
            let path = order["path"].as_str().unwrap_or_default().to_owned();
            let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
            while !std::path::Path::new(&path).exists() {
                ticks.tick().await;
            }
            Ok(json!({ "pid": std::process::id() }))
        }
        "fail-second" => {
            let id = &event.payload["Records"][1]["messageId"];
            Ok(json!({ "batchItemFailures": [{ "itemIdentifier": id }] }))
        }
        "fail" => Err("told to fail".into()),
        "panic" => panic!("told to panic"),
        "exit" => std::process::exit(7),
        "large" => Ok("x".repeat(7 * 1024 * 1024).into()),
        other => Err(format!("unknown action {other}").into()),
    }
}
