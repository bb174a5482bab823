use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use eventrelay_core::{clock::Timestamp, error::Error};
use eventrelay_store::secrets::{MIN_READ_INTERVAL, Secrets};
use eventrelay_testing::{Reply, Responder, SecretsManager};

use crate::{HttpClient, UpstreamGuard, gemini::Gemini, youtube::YouTube};

const TTL: Duration = Duration::from_secs(300);

/// Clock of the test on this thread.
mod time {
    use super::*;

    std::thread_local! {
        static NOW: AtomicU64 = const { AtomicU64::new(1_000_000) };
    }

    pub(super) fn now() -> Timestamp {
        NOW.with(|now| Timestamp(now.load(Ordering::Relaxed)))
    }

    pub(super) fn pass(time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        NOW.with(|now| now.fetch_add(millis, Ordering::Relaxed));
    }
}

/// Service that accepts one key only and quotes every other one.
async fn service(valid: &'static str) -> Responder {
    Responder::start(move |seen| {
        let key = seen.header("x-goog-api-key");
        if key == valid {
            return Reply::new(200, r#"{"name": "files/a", "items": []}"#);
        }
        let error = serde_json::json!({
            "code": 400,
            "message": format!("API key '{key}' not valid. Please pass a valid API key."),
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
        });
        Reply::new(400, serde_json::json!({"error": error}).to_string())
    })
    .await
}

#[tokio::test]
async fn a_rotated_key_is_used_in_the_same_call() {
    let world = SecretsManager::start("old-key").await;
    let secrets = Secrets::new(world.client(), TTL, time::now);
    let service = service("new-key").await;
    let (http, url) = (HttpClient::new().unwrap(), service.url.clone());
    let gemini = Gemini::new(
        http.clone(),
        url.clone(),
        "v1beta",
        secrets.secret("g"),
        UpstreamGuard::open(),
    );
    let youtube = YouTube::new(
        http,
        url.clone(),
        url,
        Some(secrets.secret("y")),
        UpstreamGuard::open(),
    );

    // The secret holds no other key yet. The refusal stands and does not quote the key.
    let refused = gemini.get_file("files/a").await.unwrap_err();
    assert_eq!(refused.problem().slug, "access-refused");
    let report = refused.report();
    assert!(report.contains("API key '[key]' not valid"), "{report}");
    let refused = youtube.metadata("9hE5-98ZeCg").await.unwrap_err();
    assert_eq!(refused.problem().slug, "access-refused");
    assert_eq!(service.seen().len(), 2, "nothing is asked twice in vain");

    world.holds("new-key");
    time::pass(MIN_READ_INTERVAL);
    assert_eq!(gemini.get_file("files/a").await.unwrap().name, "files/a");
    // The empty list, since the key is accepted.
    let answered = youtube.metadata("9hE5-98ZeCg").await;
    assert!(
        matches!(answered, Err(Error::VideoNotFound)),
        "{answered:?}"
    );
    let keys: Vec<_> = service
        .seen()
        .iter()
        .map(|seen| seen.header("x-goog-api-key").to_owned())
        .collect();
    assert_eq!(keys[2..], ["old-key", "new-key", "old-key", "new-key"]);
}
