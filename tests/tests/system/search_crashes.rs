//! Idempotency of the search index: after duplicate, concurrent or partial writes, an entry exists
//! once or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::library::{Library, analysis, etag, event, search, video};
use aws_sdk_dynamodb::{
    Client,
    config::{ConfigBag, Intercept, interceptors::BeforeSerializationInterceptorContextRef},
    error::BoxError,
};
use eventrelay::analysis::{
    Analysis,
    search::{Document, Query},
};
use serde_json::json;

type Act = Box<dyn Fn() -> Result<(), BoxError> + Send + Sync>;

/// Does something before the nth call and, if that is an error, before each one after it: as if the
/// process had died.
struct Before {
    call: usize,
    calls: Arc<AtomicUsize>,
    act: Act,
}

impl std::fmt::Debug for Before {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Before({})", self.call)
    }
}

impl Intercept for Before {
    fn name(&self) -> &'static str {
        "Before"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.calls.fetch_add(1, Ordering::SeqCst) >= self.call {
            (self.act)()
        } else {
            Ok(())
        }
    }
}

fn client(library: &Library, call: usize, act: Act) -> (Client, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let before = Before {
        call,
        calls: Arc::clone(&calls),
        act,
    };
    let config = library.stack.dynamodb_config().interceptor(before);
    (Client::from_conf(config.build()), calls)
}

fn dying(library: &Library, call: usize) -> Client {
    client(
        library,
        call,
        Box::new(|| Err("the process has died".into())),
    )
    .0
}

/// Few enough words for one batch of writes, so that the order of calls is one order.
fn short() -> Analysis {
    analysis(
        "Rust web server",
        json!({"events": [event("Axum is installed", 3.0)]}),
    )
}

/// Every posting is one of a document that is there to say so.
async fn assert_all_is_named(library: &Library) {
    let keys = library.keys().await;
    for posting in keys.iter().filter(|key| key.starts_with("t#")) {
        let document = posting.split(' ').skip(2).collect::<Vec<_>>().join(" ");
        assert!(
            keys.contains(&format!("d#{document}")),
            "{posting}: {keys:?}"
        );
    }
}

async fn is_found(library: &Library) -> bool {
    let query = Query::parse("rust axum").unwrap();
    !library
        .search
        .find(&query, 0, 1)
        .await
        .unwrap()
        .hits
        .is_empty()
}

#[tokio::test]
async fn indexing_twice_equals_indexing_once() {
    let library = Library::start().await;
    let id = video(1);
    library.add(&id, &short()).await;
    let (once, counted) = (library.keys().await, library.corpus().await);
    library.add(&id, &short()).await;
    assert_eq!(
        (library.keys().await, library.corpus().await),
        (once, counted)
    );
    let length = i64::from(Document::new(&short()).length());
    assert_eq!(counted, (1, length));
}

#[tokio::test]
async fn crash_while_indexing_leaves_only_removable_rows() {
    let library = Library::start().await;
    let (id, analysis) = (video(1), short());
    let (key, etag) = (id.parse().unwrap(), etag(&id, &analysis));
    let document = Document::new(&analysis);
    library.add(&id, &analysis).await;
    library.search.forget(&key, None).await.unwrap();
    for calls in 0.. {
        let put = search(&library.stack, dying(&library, calls))
            .put(&key, &etag, &document)
            .await;
        if put.is_ok() {
            assert_eq!(calls, 4, "row, counter, postings, look");
            break;
        }
        assert_all_is_named(&library).await;
        // A redelivered message repeats the write.
        library.search.put(&key, &etag, &document).await.unwrap();
        assert!(is_found(&library).await);
        library.search.forget(&key, None).await.unwrap();
        assert_eq!(library.leftovers().await, [""; 0], "{calls}");

        // The write is never repeated, but the video is removed.
        let put = search(&library.stack, dying(&library, calls))
            .put(&key, &etag, &document)
            .await;
        assert!(put.is_err());
        library.search.forget(&key, None).await.unwrap();
        assert_eq!(library.leftovers().await, [""; 0], "{calls}");
    }
}

#[tokio::test]
async fn crash_while_removing_leaves_only_removable_rows() {
    let library = Library::start().await;
    let (id, analysis) = (video(1), short());
    let key = id.parse().unwrap();
    for calls in 0.. {
        library.add(&id, &analysis).await;
        let forgotten = search(&library.stack, dying(&library, calls))
            .forget(&key, None)
            .await;
        if forgotten.is_ok() {
            assert_eq!(calls, 4, "documents, postings, row, counter");
            break;
        }
        assert_all_is_named(&library).await;
        library.search.forget(&key, None).await.unwrap();
        assert_eq!(library.leftovers().await, [""; 0], "{calls}");
    }
}

/// A deployment with another tokenizer meets the rows of the one before.
#[tokio::test]
async fn indexing_changed_words_replaces_the_old_ones() {
    let library = Library::start().await;
    let (id, before) = (video(1), short());
    let (key, etag) = (id.parse().unwrap(), etag(&id, &before));
    library.add(&id, &before).await;
    let after = Document::new(&analysis("Rust with Axum", json!({})));
    library.search.put(&key, &etag, &after).await.unwrap();
    let words = library.keys().await;
    assert!(!words.iter().any(|key| key.contains("server")), "{words:?}");
    assert!(is_found(&library).await);
    assert_eq!(library.corpus().await, (1, i64::from(after.length())));
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_during_indexing_wins() {
    let library = Library::start().await;
    let (id, analysis) = (video(1), short());
    let (key, etag) = (id.parse().unwrap(), etag(&id, &analysis));
    let document = Document::new(&analysis);
    for calls in 0..4 {
        let (other, this) = (library.search.clone(), tokio::runtime::Handle::current());
        let video: eventrelay::video::VideoKey = id.parse().unwrap();
        let done = std::sync::Once::new();
        let remove = Box::new(move || {
            let forget = || this.block_on(other.forget(&video, None)).unwrap();
            done.call_once(|| tokio::task::block_in_place(forget));
            Ok(())
        });
        let (client, _) = client(&library, calls, remove);
        search(&library.stack, client)
            .put(&key, &etag, &document)
            .await
            .unwrap();
        assert_all_is_named(&library).await;
        library.search.forget(&key, None).await.unwrap();
        assert_eq!(library.leftovers().await, [""; 0], "{calls}");
    }
}
