use std::sync::atomic::{AtomicU64, Ordering};

use eventrelay_testing::SecretsManager;

use super::*;

const TTL: Duration = Duration::from_secs(300);

/// Secrets Manager and a client of it, with the clock of the test.
struct World {
    server: SecretsManager,
    secrets: Secrets,
}

impl World {
    async fn start(text: &str) -> Self {
        let server = SecretsManager::start(text).await;
        let secrets = Secrets::new(server.client(), TTL, time::now);
        Self { server, secrets }
    }

    fn holds(&self, text: &str) {
        self.server.holds(text);
    }

    fn answers(&self, status: u16) {
        self.server.answers(status);
    }

    fn reads(&self) -> usize {
        self.server.seen().len()
    }
}

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

async fn text(secret: &Secret) -> String {
    secret.get().await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn secret_is_read_again_after_its_ttl() {
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
    time::pass(MIN_READ_INTERVAL);
    assert_eq!(text(&secret).await, "one");
    assert_eq!(world.reads(), 3);
    time::pass(MAX_STALE);
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
    time::pass(MIN_READ_INTERVAL);
    let new = secret.renewed(&old).await.unwrap();
    assert_eq!(new.expose_secret(), "two");
    assert_eq!(text(&secret).await, "two");
    let again = secret.renewed(&old).await.unwrap();
    assert_eq!(again.expose_secret(), "two", "another task has renewed it");
    assert_eq!(world.reads(), 3);
    assert_eq!(secret.redact("one, two, three"), "[key], [key], three");
    time::pass(MIN_READ_INTERVAL);
    world.answers(500);
    assert!(secret.renewed(&new).await.is_none());
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
