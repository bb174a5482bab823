//! The YouTube stand-in, checked against the discovery document of the Data API.

use crate::common::{
    Caller,
    discovery::{self, check},
    read, reason,
};
use eventrelay_standins::{Running, youtube};
use serde_json::{Value, json};

const ID: &str = "9hE5-98ZeCg";

async fn started() -> (Running, Caller) {
    let running = youtube::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    (running, caller)
}

/// `schemas` of the discovery document that `videos.list` uses.
fn schemas() -> Value {
    discovery::schemas(include_str!(
        "../../../../tests/data/specs/youtube.v3.videos.json"
    ))
}

fn list(parts: &str, ids: &str) -> String {
    format!("/youtube/v3/videos?part={parts}&id={ids}")
}

async fn first(caller: &Caller) -> Value {
    let (status, mut body) = caller.get(&list("snippet,contentDetails,status", ID)).await;
    assert_eq!(status, 200);
    body["items"][0].take()
}

#[tokio::test]
async fn responses_match_discovery_document() {
    let (_running, caller) = started().await;
    let schemas = schemas();
    let parts = "snippet,contentDetails,statistics,status,player,id";
    let (status, body) = caller
        .get(&list(parts, &format!("{ID},{ID},no,dQw4w9WgXcQ")))
        .await;
    assert_eq!(status, 200);
    check(&schemas, &schemas["VideoListResponse"], &body, "");
    assert_eq!(body["kind"], "youtube#videoListResponse");
    assert_eq!(
        body["pageInfo"],
        json!({"totalResults": 2, "resultsPerPage": 2})
    );
    let item = &body["items"][0];
    assert_eq!(item["id"], ID);
    assert_eq!(item["snippet"]["title"], format!("Stand-in video {ID}"));
    assert_eq!(item["snippet"]["channelTitle"], "EventRelay stand-in");
    assert_eq!(item["contentDetails"]["duration"], "PT1H");
    assert_eq!(item["status"]["privacyStatus"], "public");
}

#[tokio::test]
async fn items_contain_only_requested_parts() {
    let (_running, caller) = started().await;
    let (_, body) = caller.get(&list("status", ID)).await;
    let names: Vec<&String> = body["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(body["items"][0]["status"].is_object());
}

#[tokio::test]
async fn videos_match_the_control_settings() {
    let (_running, caller) = started().await;
    let schemas = schemas();
    let set = async |video: Value| {
        caller
            .control("PUT", &format!("/videos/{ID}"), &video)
            .await
    };
    set(
        json!({"title": "T", "channel": "C", "duration": "PT4M2S", "privacy": "unlisted",
        "age_restricted": true, "embeddable": false}),
    )
    .await;
    let item = first(&caller).await;
    check(&schemas, &schemas["Video"], &item, "");
    assert_eq!(item["snippet"]["title"], "T");
    assert_eq!(item["snippet"]["channelTitle"], "C");
    assert_eq!(item["contentDetails"]["duration"], "PT4M2S");
    assert_eq!(
        item["contentDetails"]["contentRating"]["ytRating"],
        "ytAgeRestricted"
    );
    assert_eq!(item["status"]["privacyStatus"], "unlisted");
    assert_eq!(item["status"]["embeddable"], false);

    for live in ["live", "upcoming"] {
        set(json!({"live": live})).await;
        let item = first(&caller).await;
        check(&schemas, &schemas["Video"], &item, "");
        assert_eq!(item["snippet"]["liveBroadcastContent"], live);
        assert_eq!(item["contentDetails"]["duration"], "P0D");
    }
    for gone in [json!({"privacy": "private"}), json!({"missing": true})] {
        set(gone).await;
        let (status, body) = caller.get(&list("snippet", ID)).await;
        assert_eq!((status, &body["items"]), (200, &json!([])));
    }
    caller.control("DELETE", "", &Value::Null).await;
    assert_eq!(first(&caller).await["contentDetails"]["duration"], "PT1H");
}

#[tokio::test]
async fn errors_match_the_data_api() {
    let (_running, caller) = started().await;
    let expect =
        |code: u64, domain: &str, reason: &str| (code, domain.to_owned(), reason.to_owned());
    let response = caller
        .anonymous("GET", &list("id", ID))
        .send()
        .await
        .unwrap();
    let (status, body) = read(response).await;
    assert_eq!(status, 403);
    assert_eq!(reason(&body), expect(403, "global", "forbidden"));
    let path = format!("{}&key=invalid", list("id", ID));
    let (_, body) = read(caller.anonymous("GET", &path).send().await.unwrap()).await;
    assert_eq!(reason(&body), expect(400, "usageLimits", "keyInvalid"));
    let path = format!("{}&key=good", list("id", ID));
    assert_eq!(
        caller
            .anonymous("GET", &path)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );

    let missing = "missingRequiredParameter";
    let many = vec![ID; 51].join(",");
    for (path, reason_of) in [
        (format!("/youtube/v3/videos?id={ID}"), missing),
        ("/youtube/v3/videos?part=id".to_owned(), missing),
        (list("nonsense", ID), "unknownPart"),
        (list("id", &many), "invalidFilters"),
    ] {
        let (status, body) = caller.get(&path).await;
        assert_eq!(status, 400, "{path}");
        assert_eq!(reason(&body).2, reason_of);
    }
    let fault = json!({"status": 403, "reason": "quotaExceeded", "times": 2});
    caller.control("POST", "/faults", &fault).await;
    for _ in 0..2 {
        let (status, body) = caller.get(&list("id", ID)).await;
        assert_eq!(status, 403);
        assert_eq!(reason(&body), expect(403, "youtube.quota", "quotaExceeded"));
    }
    assert_eq!(caller.get(&list("id", ID)).await.0, 200);
    caller
        .control("POST", "/faults", &json!({"status": 503}))
        .await;
    assert_eq!(caller.get(&list("id", ID)).await.0, 503);
    assert_eq!(caller.calls().await.len(), 11);
}

#[tokio::test]
async fn oembed_without_key_succeeds() {
    let (_running, caller) = started().await;
    let ask = async |url: &str| {
        let path = format!(
            "/oembed?format=json&url={}",
            url.replace(':', "%3A").replace('?', "%3F")
        );
        read(caller.anonymous("GET", &path).send().await.unwrap()).await
    };
    let watch = format!("https://www.youtube.com/watch?v={ID}");
    let (status, body) = ask(&watch).await;
    assert_eq!(status, 200);
    assert_eq!(body["title"], format!("Stand-in video {ID}"));
    assert_eq!(body["author_name"], "EventRelay stand-in");
    assert_eq!(
        (&body["type"], &body["version"]),
        (&json!("video"), &json!("1.0"))
    );
    for name in ["height", "width", "thumbnail_height", "thumbnail_width"] {
        assert!(body[name].is_u64(), "{name}");
    }
    assert_eq!(ask(&format!("https://youtu.be/{ID}")).await.0, 200);

    assert_eq!(
        ask("https://www.youtube.com/watch?v=short").await,
        (400, json!("Bad Request"))
    );
    assert_eq!(ask("https://example.com/").await, (404, json!("Not Found")));
    for (video, status, text) in [
        (json!({"privacy": "private"}), 403, "Forbidden"),
        (json!({"embeddable": false}), 401, "Unauthorized"),
        (json!({"missing": true}), 404, "Not Found"),
    ] {
        caller
            .control("PUT", &format!("/videos/{ID}"), &video)
            .await;
        assert_eq!(ask(&watch).await, (status, json!(text)));
    }
    caller.control("DELETE", "", &Value::Null).await;
    caller
        .control("POST", "/faults", &json!({"on": "oembed", "status": 500}))
        .await;
    assert_eq!(ask(&watch).await.0, 500);
    assert_eq!(ask(&watch).await.0, 200);
}
