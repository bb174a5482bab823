//! Playlists of the YouTube stand-in, checked against the discovery document of the Data API.

use crate::common::{
    Caller,
    discovery::{self, check},
    read, reason,
};
use eventrelay_standins::{Running, youtube};
use serde_json::{Value, json};

const LIST: &str = "PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0";
const PARTS: &str = "id,snippet,contentDetails,status";

/// Starts a stand-in with a playlist of this many videos.
async fn started(videos: usize) -> (Running, Caller) {
    let running = youtube::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    let videos: Vec<String> = (0..videos).map(video).collect();
    set(&caller, LIST, json!({"videos": videos})).await;
    (running, caller)
}

fn video(number: usize) -> String {
    format!("video{number:05}A")
}

async fn set(caller: &Caller, id: &str, playlist: Value) {
    let path = format!("/playlists/{id}");
    caller.control("PUT", &path, &playlist).await;
}

fn page(rest: &str) -> String {
    format!("/youtube/v3/playlistItems?part={PARTS}&playlistId={LIST}{rest}")
}

/// `schemas` of the discovery document that `playlistItems.list` uses.
fn schemas() -> Value {
    discovery::schemas(include_str!(
        "../../../../tests/data/specs/youtube.v3.playlistItems.json"
    ))
}

fn ids(body: &Value) -> Vec<&str> {
    let items = body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["contentDetails"]["videoId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn responses_match_discovery_document() {
    let (_running, caller) = started(7).await;
    let schemas = schemas();
    let (status, body) = caller.get(&page("")).await;
    assert_eq!(status, 200);
    check(&schemas, &schemas["PlaylistItemListResponse"], &body, "");
    assert_eq!(body["kind"], "youtube#playlistItemListResponse");
    assert_eq!(
        body["pageInfo"],
        json!({"totalResults": 7, "resultsPerPage": 5})
    );
    assert_eq!(ids(&body).len(), 5);
    let item = &body["items"][1];
    assert_eq!(item["kind"], "youtube#playlistItem");
    assert_eq!(
        item["snippet"]["title"],
        format!("Stand-in video {}", video(1))
    );
    assert_eq!(item["snippet"]["playlistId"], LIST);
    assert_eq!(item["snippet"]["position"], 1);
    assert_eq!(
        item["snippet"]["resourceId"],
        json!({"kind": "youtube#video", "videoId": video(1)})
    );
    assert!(item["contentDetails"]["videoPublishedAt"].is_string());
    assert_eq!(item["status"]["privacyStatus"], "public");
    let calls = caller.calls().await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&calls[0]["path"], &calls[0]["status"]),
        (&json!(page("")), &json!(200))
    );
}

#[tokio::test]
async fn items_contain_only_requested_parts() {
    let (_running, caller) = started(1).await;
    let path = format!("/youtube/v3/playlistItems?part=status&playlistId={LIST}");
    let (_, body) = caller.get(&path).await;
    let names: Vec<&String> = body["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(body["items"][0]["status"].is_object());
}

#[tokio::test]
async fn page_tokens_list_every_video_once_in_order() {
    let (_running, caller) = started(107).await;
    let schemas = schemas();
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    let mut rest = "&maxResults=50".to_owned();
    let last = loop {
        let (_, body) = caller.get(&page(&rest)).await;
        check(&schemas, &schemas["PlaylistItemListResponse"], &body, "");
        assert_eq!(
            body["pageInfo"],
            json!({"totalResults": 107, "resultsPerPage": 50})
        );
        assert_eq!(body["prevPageToken"].is_null(), seen.is_empty());
        sizes.push(ids(&body).len());
        seen.extend(ids(&body).into_iter().map(str::to_owned));
        match body["nextPageToken"].as_str() {
            Some(token) => rest = format!("&maxResults=50&pageToken={token}"),
            None => break body,
        }
    };
    assert_eq!(sizes, [50, 50, 7]);
    assert_eq!(seen, (0..107).map(video).collect::<Vec<_>>());

    let back = last["prevPageToken"].as_str().unwrap();
    let (_, body) = caller
        .get(&page(&format!("&maxResults=50&pageToken={back}")))
        .await;
    assert_eq!(ids(&body)[0], video(50));

    let (status, body) = caller.get(&page("&maxResults=0")).await;
    assert_eq!((status, ids(&body).len()), (200, 0));
    assert!(body["nextPageToken"].is_null());
}

#[tokio::test]
async fn private_and_deleted_videos_are_listed_as_such() {
    let (_running, caller) = started(0).await;
    let schemas = schemas();
    let videos: Vec<String> = [0, 1, 2, 3, 0].into_iter().map(video).collect();
    set(&caller, LIST, json!({"videos": videos})).await;
    for (number, like) in [
        (1, json!({"privacy": "private", "title": "Secret"})),
        (2, json!({"missing": true, "title": "Secret"})),
        (3, json!({"privacy": "unlisted"})),
    ] {
        let path = format!("/videos/{}", video(number));
        caller.control("PUT", &path, &like).await;
    }
    let (_, mut body) = caller.get(&page("")).await;
    assert_eq!(ids(&body), videos);
    assert_eq!(body["pageInfo"]["totalResults"], 5);
    let texts = |item: &Value| {
        let snippet = &item["snippet"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&snippet["title"]), text(&snippet["description"]))
    };
    let items = body["items"].as_array().unwrap();
    let private = (
        "Private video".to_owned(),
        "This video is private.".to_owned(),
    );
    let deleted = (
        "Deleted video".to_owned(),
        "This video is unavailable.".to_owned(),
    );
    assert_eq!((texts(&items[1]), texts(&items[2])), (private, deleted));
    let statuses: Vec<&Value> = items
        .iter()
        .map(|item| &item["status"]["privacyStatus"])
        .collect();
    let gone = "privacyStatusUnspecified";
    assert_eq!(statuses, ["public", "private", gone, "unlisted", "public"]);
    for item in &items[1..3] {
        assert!(item["contentDetails"]["videoPublishedAt"].is_null());
        assert!(item["snippet"]["videoOwnerChannelId"].is_null());
        assert_eq!(item["snippet"]["thumbnails"], json!({}));
    }
    // A video that is listed twice has two entries.
    assert_ne!(items[0]["id"], items[4]["id"]);
    // YouTube sends a value here that its discovery document does not list.
    body["items"][2]["status"]["privacyStatus"] = json!("private");
    check(&schemas, &schemas["PlaylistItemListResponse"], &body, "");

    let (_, body) = caller.get(&page(&format!("&videoId={}", video(0)))).await;
    assert_eq!(ids(&body), [video(0), video(0)]);
}

#[tokio::test]
async fn errors_match_the_data_api() {
    let (_running, caller) = started(3).await;
    let at = |body: &Value| body["error"]["errors"][0]["location"].clone();
    let response = caller.anonymous("GET", &page("")).send().await.unwrap();
    let (status, body) = read(response).await;
    assert_eq!((status, reason(&body).2.as_str()), (403, "forbidden"));
    let response = caller.anonymous("GET", &page("&key=invalid")).send();
    let (status, body) = read(response.await.unwrap()).await;
    assert_eq!((status, reason(&body).2.as_str()), (400, "keyInvalid"));

    set(
        &caller,
        "PLprivate-000",
        json!({"videos": [], "private": true}),
    )
    .await;
    caller
        .control(
            "PUT",
            &format!("/videos/{}", video(9)),
            &json!({"missing": true}),
        )
        .await;
    let items = "/youtube/v3/playlistItems";
    let of = |id: &str| format!("{items}?part=id&playlistId={id}");
    for (path, code, domain, reason_of, location) in [
        (
            format!("{items}?playlistId={LIST}"),
            400,
            "youtube.parameter",
            "missingRequiredParameter",
            "part",
        ),
        (
            format!("{items}?part=statistics&playlistId={LIST}"),
            400,
            "youtube.part",
            "unknownPart",
            "part",
        ),
        (
            format!("{items}?part=id"),
            400,
            "youtube.playlistItem",
            "playlistIdRequired",
            "playlistId",
        ),
        (
            of(""),
            400,
            "youtube.playlistItem",
            "playlistIdRequired",
            "playlistId",
        ),
        (
            of("PLunknown-000"),
            404,
            "youtube.playlistItem",
            "playlistNotFound",
            "playlistId",
        ),
        (
            of("..%2F"),
            404,
            "youtube.playlistItem",
            "playlistNotFound",
            "playlistId",
        ),
        (
            of("PLprivate-000"),
            403,
            "youtube.playlistItem",
            "playlistItemsNotAccessible",
            "playlistId",
        ),
        (
            page("&pageToken=nonsense"),
            400,
            "youtube.parameter",
            "invalidPageToken",
            "pageToken",
        ),
        (
            page("&pageToken=UFQ6LTE"),
            400,
            "youtube.parameter",
            "invalidPageToken",
            "pageToken",
        ),
        (
            page("&maxResults=51"),
            400,
            "global",
            "invalidParameter",
            "maxResults",
        ),
        (
            page("&maxResults=-1"),
            400,
            "global",
            "invalidParameter",
            "maxResults",
        ),
        (
            page("&maxResults=many"),
            400,
            "global",
            "invalidParameter",
            "maxResults",
        ),
        (
            page("&videoId=short"),
            404,
            "youtube.playlistItem",
            "videoNotFound",
            "videoId",
        ),
        (
            page(&format!("&videoId={}", video(9))),
            404,
            "youtube.playlistItem",
            "videoNotFound",
            "videoId",
        ),
    ] {
        let (status, body) = caller.get(&path).await;
        assert_eq!(u64::from(status), code, "{path}");
        let expected = (code, domain.to_owned(), reason_of.to_owned());
        assert_eq!(reason(&body), expected, "{path}");
        assert_eq!(at(&body), location, "{path}");
    }
}

#[tokio::test]
async fn fault_of_videos_does_not_affect_playlists() {
    let (_running, caller) = started(1).await;
    let fault = |on: &str| json!({"on": on, "status": 403, "reason": "quotaExceeded"});
    caller.control("POST", "/faults", &fault("videos")).await;
    assert_eq!(caller.get(&page("")).await.0, 200);
    caller
        .control("POST", "/faults", &fault("playlist_items"))
        .await;
    let (status, body) = caller.get(&page("")).await;
    assert_eq!((status, reason(&body).2.as_str()), (403, "quotaExceeded"));
    assert_eq!(caller.get(&page("")).await.0, 200);

    caller.control("DELETE", "", &Value::Null).await;
    assert_eq!(caller.get(&page("")).await.0, 404);
}

#[tokio::test]
async fn control_refuses_impossible_videos() {
    let (_running, caller) = started(0).await;
    for (id, playlist) in [
        ("short", json!({"videos": []})),
        (LIST, json!({"videos": ["short"]})),
        (LIST, json!({"video": []})),
        (LIST, json!({"private": true})),
    ] {
        let path = format!("/_control/playlists/{id}");
        let request = caller.anonymous("PUT", &path).body(playlist.to_string());
        let request = request.header("content-type", "application/json");
        let status = request.send().await.unwrap().status();
        assert!(status.is_client_error(), "{id} {playlist}: {status}");
    }
}
