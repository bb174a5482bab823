use super::*;
use crate::UpstreamGuard;
use crate::client::HttpClient;
use crate::youtube::tests::{KEY, failure};
use eventrelay_testing::{Reply, Responder};
use proptest::prelude::*;
use serde_json::json;

const LIST: &str = "PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0";

fn item(video: &str, privacy: &str) -> Value {
    json!({
        "kind": "youtube#playlistItem",
        "etag": "e",
        "id": "UEx0NXl1My13WkFs",
        "snippet": {
            "title": "A talk",
            "playlistId": LIST,
            "position": 0,
            "resourceId": {"kind": "youtube#video", "videoId": video},
        },
        "contentDetails": {"videoId": video, "videoPublishedAt": "2026-01-02T03:04:05Z"},
        "status": {"privacyStatus": privacy},
    })
}

fn list(items: &[Value], next: Value) -> Value {
    json!({
        "kind": "youtube#playlistItemListResponse",
        "etag": "e",
        "items": items,
        "nextPageToken": next,
        "pageInfo": {"totalResults": 849, "resultsPerPage": 50},
    })
}

async fn server(status: u16, body: impl ToString) -> Responder {
    let body = body.to_string();
    Responder::start(move |_| Reply::new(status, body.clone())).await
}

async fn ask(
    server: &Responder,
    key: Option<&str>,
    token: Option<&str>,
) -> Result<PlaylistPage, Error> {
    let (url, key) = (server.url.clone(), key.map(Into::into));
    YouTube::new(
        HttpClient::new().unwrap(),
        url.clone(),
        url,
        key,
        UpstreamGuard::open(),
    )
    .playlist_page(&LIST.parse().unwrap(), token)
    .await
}

/// Parses a successful response.
async fn read(body: Value) -> Result<PlaylistPage, Error> {
    ask(&server(200, body).await, Some(KEY), Some("asked")).await
}

fn ids(page: &PlaylistPage) -> Vec<&str> {
    page.videos.iter().map(YouTubeId::as_str).collect()
}

#[tokio::test]
async fn a_page_is_asked_for_and_the_key_stays_out_of_the_url() {
    let items = [
        item("9hE5-98ZeCg", "public"),
        item("dQw4w9WgXcQ", "unlisted"),
    ];
    let server = server(200, list(&items, json!("EAAaBlBUOkNESQ"))).await;
    let page = ask(&server, Some(KEY), None).await.unwrap();
    assert_eq!(ids(&page), ["9hE5-98ZeCg", "dQw4w9WgXcQ"]);
    assert_eq!((page.unavailable, page.total), (0, Some(849)));
    assert_eq!(page.next.as_deref(), Some("EAAaBlBUOkNESQ"));

    ask(&server, Some(KEY), Some("a&b=c")).await.unwrap();
    let seen = server.seen();
    let path = format!(
        "/youtube/v3/playlistItems?part=snippet%2CcontentDetails%2Cstatus&playlistId={LIST}&maxResults=50"
    );
    assert_eq!(seen[0].path, path);
    assert_eq!(seen[1].path, format!("{path}&pageToken=a%26b%3Dc"));
    assert_eq!(
        (seen[0].method.as_str(), seen[0].header("x-goog-api-key")),
        ("GET", KEY)
    );
}

#[tokio::test]
async fn without_a_key_nobody_is_asked() {
    let server = server(200, list(&[], Value::Null)).await;
    let error = ask(&server, None, None).await.unwrap_err();
    assert_eq!(error.problem().slug, "not-configured");
    assert!(error.detail().contains("key of the YouTube Data API"));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn what_nobody_can_watch_is_counted_and_left_out() {
    let mut no_status = item("dQw4w9WgXcQ", "public");
    no_status["status"].take();
    let mut channel = item("", "public");
    channel["snippet"]["resourceId"] = json!({"kind": "youtube#channel", "videoId": "dQw4w9WgXcQ"});
    let mut by_resource = item("jNQXAC9IVRw", "public");
    by_resource["contentDetails"] = json!({});
    let items = [
        item("9hE5-98ZeCg", "private"),
        item("9hE5-98ZeCg", "privacyStatusUnspecified"),
        item("9hE5-98ZeCg", ""),
        item("not an id", "public"),
        item("", "public"),
        no_status,
        channel,
        json!({"contentDetails": {"videoId": 7}, "status": {"privacyStatus": "public"}}),
        json!({}),
        json!(null),
        json!("dQw4w9WgXcQ"),
        item("dQw4w9WgXcR", "public"),
        item("dQw4w9WgXcQ", "public"),
        by_resource,
    ];
    let page = read(list(&items, Value::Null)).await.unwrap();
    assert_eq!(ids(&page), ["dQw4w9WgXcQ", "dQw4w9WgXcQ", "jNQXAC9IVRw"]);
    assert_eq!((page.unavailable, page.next), (11, None));
}

#[tokio::test]
async fn the_last_page_is_the_last_and_a_total_that_is_none_is_none() {
    let page = read(json!({})).await.unwrap();
    let nothing = PlaylistPage {
        videos: Vec::new(),
        unavailable: 0,
        next: None,
        total: None,
    };
    assert_eq!(page, nothing);
    for total in [json!(-1), json!("849"), json!(null), json!([])] {
        let body = json!({"items": [], "nextPageToken": "", "pageInfo": {"totalResults": total}});
        assert_eq!(read(body).await.unwrap(), nothing, "{total}");
    }
}

#[tokio::test]
async fn an_answer_outside_the_contract_is_refused() {
    let page = vec![item("dQw4w9WgXcQ", "public"); PAGE];
    assert!(read(list(&page, json!("t"))).await.is_ok());
    let longest = "t".repeat(TOKEN_BYTES);
    assert!(read(list(&page, json!(longest))).await.is_ok());
    let one_more = vec![item("dQw4w9WgXcQ", "public"); PAGE + 1];
    let mut too_large = item("dQw4w9WgXcQ", "public");
    too_large["snippet"]["description"] = json!("x".repeat(LIMIT));
    for body in [
        list(&one_more, Value::Null),
        list(&[too_large], Value::Null),
        list(&page, json!("t".repeat(TOKEN_BYTES + 1))),
        list(&page, json!("a token")),
        list(&page, json!("t\u{e9}")),
        list(&page, json!(7)),
        // The token of the request itself.
        list(&page, json!("asked")),
        json!({"items": {}}),
        json!("<html>"),
    ] {
        let error = read(body.clone()).await.unwrap_err();
        assert_eq!(error.problem().slug, "upstream-malformed");
    }
}

#[tokio::test]
async fn failures_say_what_they_are_without_the_key() {
    use eventrelay_core::error::Disposition::{Permanent, Transient};
    for (status, reason, expected, disposition) in [
        (404, "playlistNotFound", "playlist-not-found", Permanent),
        (
            403,
            "playlistItemsNotAccessible",
            "playlist-not-found",
            Permanent,
        ),
        (403, "quotaExceeded", "daily-quota-spent", Permanent),
        (403, "rateLimitExceeded", "rate-limited", Transient),
        (400, "invalidPageToken", "upstream-rejected", Permanent),
        (400, "playlistIdRequired", "upstream-rejected", Permanent),
        (400, "keyInvalid", "access-refused", Permanent),
        (403, "accessNotConfigured", "access-refused", Permanent),
        (404, "", "upstream-rejected", Permanent),
        (500, "backendError", "upstream-unavailable", Transient),
        (302, "", "upstream-malformed", Transient),
    ] {
        let server = server(status, failure(status, reason)).await;
        let error = ask(&server, Some(KEY), None).await.unwrap_err();
        assert_eq!(error.problem().slug, expected, "{status} {reason}");
        assert_eq!(error.disposition(), disposition, "{status} {reason}");
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
}

/// JSON that resembles an entry in some fields only.
fn any_item() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[A-Za-z0-9_-]{11}|public|private|.{0,12}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "snippet",
        "contentDetails",
        "status",
        "resourceId",
        "kind",
        "videoId",
        "privacyStatus",
    ]);
    let names = names.prop_map(str::to_owned);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop::collection::hash_map(names.clone(), inner, 0..6)
            .prop_map(|fields| Value::Object(fields.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn every_entry_is_a_video_or_counted(
        items in prop::collection::vec(any_item(), 0..=8),
        page_info in any_item(),
    ) {
        let count = items.len();
        let list = WireList { items, next_page_token: None, page_info };
        let page = page(list, None).unwrap();
        prop_assert_eq!(page.videos.len() + page.unavailable as usize, count);
    }
}
