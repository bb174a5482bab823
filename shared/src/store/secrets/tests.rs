use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};

use super::*;
use crate::upstream::{
    Gate, HttpClient,
    gemini::Gemini,
    responder::{Reply, Responder},
    youtube::YouTube,
};

const TTL: Duration = Duration::from_secs(300);

/// A Secrets Manager with one secret, which answers with `status`, and the time of its callers.
struct World {
    server: Responder,
    secrets: Secrets,
    status: Arc<AtomicU16>,
    text: Arc<Mutex<String>>,
}

/// The time of the test that runs on this thread.
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

impl World {
    async fn start(text: &str) -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let text = Arc::new(Mutex::new(text.to_owned()));
        let (answered, told) = (status.clone(), text.clone());
        let server = Responder::start(move |_| {
            let body = match answered.load(Ordering::Relaxed) {
                200 => serde_json::json!({"Name": "s", "SecretString": *told.lock().unwrap()}),
                400 => serde_json::json!({"__type": "ResourceNotFoundException", "Message": "no"}),
                _ => serde_json::json!({"__type": "InternalServiceError"}),
            };
            Reply::new(answered.load(Ordering::Relaxed), body.to_string())
                .header("content-type", "application/x-amz-json-1.1")
        })
        .await;
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(server.url.as_str())
            .build();
        let secrets = Secrets::new(Client::from_conf(config), TTL, time::now);
        Self {
            server,
            secrets,
            status,
            text,
        }
    }

    fn holds(&self, text: &str) {
        text.clone_into(&mut self.text.lock().unwrap());
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn reads(&self) -> usize {
        self.server.seen().len()
    }
}

async fn text(secret: &Secret) -> String {
    secret.get().await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_secret_is_read_once_and_again_when_its_time_is_over() {
    let world = World::start(r#"{"api_key": " one "}"#).await;
    let secret = world.secrets.secret("name");
    assert_eq!(world.reads(), 0, "nothing is read before it is needed");
    let (first, second) = tokio::join!(text(&secret), text(&secret));
    assert_eq!((first.as_str(), second.as_str()), ("one", "one"));
    let seen = world.server.seen();
    assert_eq!(seen.len(), 1, "two at once read once");
    assert_eq!(
        seen[0].header("x-amz-target"),
        "secretsmanager.GetSecretValue"
    );
    assert!(String::from_utf8_lossy(&seen[0].body).contains(r#""SecretId":"name""#));

    world.holds("two");
    time::pass(TTL - Duration::from_millis(1));
    assert_eq!(text(&secret).await, "one");
    time::pass(Duration::from_millis(1));
    assert_eq!(text(&secret).await, "two");
    assert_eq!(world.reads(), 2);
}

#[tokio::test]
async fn the_last_key_is_used_for_a_while_when_none_can_be_read() {
    let world = World::start("one").await;
    let secret = world.secrets.secret("name");
    assert_eq!(text(&secret).await, "one");
    world.answers(500);
    time::pass(TTL);
    assert_eq!(text(&secret).await, "one");
    assert_eq!(text(&secret).await, "one");
    assert_eq!(world.reads(), 2, "it is not asked again at once");
    time::pass(PAUSE);
    assert_eq!(text(&secret).await, "one");
    assert_eq!(world.reads(), 3);
    time::pass(LONGEST_STALE);
    assert!(matches!(
        secret.get().await,
        Err(Error::Storage {
            transient: true,
            ..
        })
    ));
    world.answers(200);
    assert_eq!(text(&secret).await, "one");
}

#[tokio::test]
async fn a_refused_key_is_read_again_but_not_all_the_time() {
    let world = World::start("one").await;
    let secret = world.secrets.secret("name");
    let old = secret.get().await.unwrap();
    assert!(secret.renewed(&old).await.is_none(), "it is the same");
    assert_eq!(world.reads(), 2);
    world.holds("two");
    assert!(secret.renewed(&old).await.is_none(), "asked a moment ago");
    assert_eq!(world.reads(), 2);
    time::pass(PAUSE);
    let new = secret.renewed(&old).await.unwrap();
    assert_eq!(new.expose_secret(), "two");
    assert_eq!(text(&secret).await, "two");
    let again = secret.renewed(&old).await.unwrap();
    assert_eq!(again.expose_secret(), "two", "somebody else has renewed it");
    assert_eq!(world.reads(), 3);
    assert_eq!(secret.redact("one, two, three"), "[key], [key], three");
    time::pass(PAUSE);
    world.answers(500);
    assert!(secret.renewed(&new).await.is_none());
}

/// A service that takes one key only, and quotes every other.
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
    let world = World::start("old-key").await;
    let service = service("new-key").await;
    let (http, url) = (HttpClient::new().unwrap(), service.url.clone());
    let gemini = Gemini::new(
        http.clone(),
        url.clone(),
        "v1beta",
        world.secrets.secret("g"),
        Gate::open(),
    );
    let youtube = YouTube::new(
        http,
        url.clone(),
        url,
        Some(world.secrets.secret("y")),
        Gate::open(),
    );

    // The secret holds no other key yet: the refusal stands, and does not quote the key.
    let refused = gemini.get_file("files/a").await.unwrap_err();
    assert_eq!(refused.problem().slug, "access-refused");
    let report = refused.report();
    assert!(report.contains("API key '[key]' not valid"), "{report}");
    let refused = youtube.metadata("9hE5-98ZeCg").await.unwrap_err();
    assert_eq!(refused.problem().slug, "access-refused");
    assert_eq!(service.seen().len(), 2, "nothing is asked twice in vain");

    world.holds("new-key");
    time::pass(PAUSE);
    assert_eq!(gemini.get_file("files/a").await.unwrap().name, "files/a");
    // The empty list of a key that is taken.
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

#[tokio::test]
async fn a_secret_that_is_none_is_a_fault_of_the_configuration() {
    let world = World::start("").await;
    for text in [
        "",
        "  ",
        "{}",
        r#"{"api_key": 5}"#,
        r#"{"api_key": ""}"#,
        "two words",
        "a\u{e9}",
    ] {
        world.holds(text);
        let secret = world.secrets.secret("name");
        assert!(
            matches!(secret.get().await, Err(Error::NoKey { .. })),
            "{text:?}"
        );
    }
    world.answers(400);
    let secret = world.secrets.secret("name");
    secret.warm().await;
    let error = secret.get().await.unwrap_err();
    assert!(matches!(error, Error::NoKey { .. }), "{error:?}");
    assert!(
        error.detail().contains("The secret name "),
        "{}",
        error.detail()
    );
}

#[tokio::test]
async fn no_debug_form_has_the_key() {
    let world = World::start("hush-hush").await;
    let secret = world.secrets.secret("name");
    assert_eq!(text(&secret).await, "hush-hush");
    let shown = format!("{secret:?} {:?}", world.secrets);
    assert!(shown.contains("name") && !shown.contains("hush"), "{shown}");
}
