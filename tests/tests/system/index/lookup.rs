//! Lookup of an analysis and its parts.

use std::io::Read;

use eventrelay_tests::{PATIENCE, Stack, read, repository, until};
use reqwest::Method;
use serde_json::json;

use super::{analyse, forgetful, lose_blobs, refused, row_key, rows};

#[tokio::test]
async fn parts_are_served_from_the_stored_analysis() {
    let stack = Stack::start().await.unwrap();
    let captions = std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap();
    let submission = json!({"url": "dQw4w9WgXcQ", "transcript": captions});
    assert_eq!(stack.run(submission).await.unwrap()["status"], "done");
    let path = "/v1/videos/yt:dQw4w9WgXcQ";
    let whole = stack.get(path).await.unwrap().expect(200);
    let document = whole.json();
    for part in ["transcript", "events", "actions", "chapters"] {
        let answer = stack
            .get(&format!("{path}/{part}"))
            .await
            .unwrap()
            .expect(200);
        let cut = answer.json();
        assert_eq!(cut[part], document[part]);
        assert!(!cut[part].as_array().unwrap().is_empty(), "{part}");
        assert_eq!(cut["video"], document["video"]);
        assert_eq!(cut.as_object().unwrap().len(), 3, "{cut}");
        assert_ne!(answer.header("etag"), whole.header("etag"));
        let known = [("if-none-match", answer.header("etag"))];
        let again = stack
            .call(Method::GET, &format!("{path}/{part}"), &known, None)
            .await
            .unwrap();
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    }
    let chosen = stack
        .get(&format!("{path}?fields=chapters,summary"))
        .await
        .unwrap()
        .expect(200);
    let members: Vec<String> = chosen.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["chapters", "schema_version", "summary", "video"]);
    // A browser's decoder reads one gzip member and no further.
    let gzip = [("accept-encoding", "gzip")];
    let packed = stack
        .call(
            Method::GET,
            &format!("{path}?fields=chapters,summary"),
            &gzip,
            None,
        )
        .await
        .unwrap()
        .expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::bufread::GzDecoder::new(&packed.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text.as_bytes(), chosen.body);

    let vtt = [("accept", "text/vtt")];
    let vtt = stack
        .call(Method::GET, &format!("{path}/transcript"), &vtt, None)
        .await
        .unwrap();
    assert!(vtt.expect(200).text().starts_with("WEBVTT"));
    for (query, field) in [
        ("?fields=colour", "fields"),
        ("?fields=", "fields"),
        ("?fields=summary&format=md", "fields"),
        ("/events?fields=summary", "fields"),
        ("?version=1&variant=1", "version"),
        ("?variant=a%23b", "variant"),
    ] {
        let url = format!("{path}{query}");
        refused(&stack, Method::GET, &url, None, field).await;
    }
    let markdown = [("accept", "text/markdown")];
    let events = stack
        .call(Method::GET, &format!("{path}/events"), &markdown, None)
        .await
        .unwrap();
    events.expect_problem(406, "not-acceptable");
    stack
        .get("/v1/videos/yt:AAAAAAAAAAA/events")
        .await
        .unwrap()
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn row_without_blob_is_a_miss_and_is_repaired() {
    let stack = forgetful().await;
    analyse(&stack, "HHHHHHHHHHA").await;
    let video = "yt:HHHHHHHHHHA";
    let path = format!("/v1/videos/{video}");
    lose_blobs(&stack, video).await;
    // The small body beside the row still answers, and gives back the other forms.
    stack.get(&path).await.unwrap().expect(200);
    let markdown = stack
        .get(&format!("{path}?format=md"))
        .await
        .unwrap()
        .expect(200);
    assert!(markdown.text().starts_with("# "));
    lose_blobs(&stack, video).await;
    for sk in ["current#body", "v#1#body"] {
        let delete = stack
            .dynamodb()
            .delete_item()
            .table_name(stack.name("VideosTable"));
        delete
            .set_key(Some(row_key(video, sk)))
            .send()
            .await
            .unwrap();
    }
    stack
        .get(&path)
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    assert_eq!(
        rows(&stack, video).await,
        ["v#1"],
        "the entry is gone, the empty variant stays"
    );
    let stats = stack.get_json("/v1/stats").await.unwrap();
    assert_eq!(stats["videos"]["total"], 0, "{stats:#}");
    analyse(&stack, "HHHHHHHHHHA").await;
}

#[tokio::test]
async fn large_body_is_served_by_ranges_and_redirect() {
    use eventrelay::store::{StoredAnalysis, blobs, entry::Entry, packed, rows};
    let stack = forgetful().await;
    let video = "yt:LLLLLLLLLLA".parse().unwrap();
    // Noise, so that it is large in gzip as well.
    let mut state = 1_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        format!("{state:x}")
    };
    let words: String = (0..400_000).map(|_| noise()).collect();
    let events = json!([{
        "id": "evt_1", "type": "topic", "title": "t", "description": "", "at_s": 1.0, "confidence": 1.0,
    }]);
    let about = json!({
        "id": "yt:LLLLLLLLLLA", "platform": "youtube", "url": null, "title": "t", "channel": null,
        "duration_s": null,
    });
    let text = format!(
        r#"{{"schema_version":"1","video":{about},"summary":{},"events":{events}}}"#,
        json!(words)
    );
    let packed = packed::pack(&text).unwrap();
    let etag = "e".repeat(64);
    let analysis = StoredAnalysis {
        variant: "1".to_owned(),
        base_variant: "1".to_owned(),
        etag: etag.clone(),
        size_bytes: text.len() as u64,
        gzip_bytes: packed.gzip.len() as u64,
        title: "t".to_owned(),
        category: "other".to_owned(),
        duration_s: None,
        usage: Default::default(),
        answered_by: Default::default(),
        finished_at: eventrelay::clock::Timestamp(1),
        expires_at: eventrelay::clock::Timestamp(u64::MAX / 2),
    };
    assert!(analysis.size_bytes > 5_500_000 && analysis.gzip_bytes > 3_000_000);
    let entry = Entry::analysed(None, &eventrelay::ids::JobId::random(), &analysis).unwrap();
    let key = blobs::analysis_key(&video, &etag, blobs::Form::Json);
    let put = stack
        .s3()
        .put_object()
        .bucket(stack.name("Bucket"))
        .key(key)
        .content_encoding("gzip");
    put.body(packed.gzip.clone().into()).send().await.unwrap();
    for item in rows::rows_of(&video, &entry, &packed).unwrap() {
        let put = stack
            .dynamodb()
            .put_item()
            .table_name(stack.name("VideosTable"));
        put.set_item(Some(item)).send().await.unwrap();
    }
    let answer = stack
        .get_json("/v1/videos/yt:LLLLLLLLLLA/events")
        .await
        .unwrap();
    assert_eq!(answer["events"], events);

    let url = format!("{}/v1/videos/yt:LLLLLLLLLLA", stack.ready.api);
    #[expect(clippy::disallowed_methods, reason = "a client that follows nothing")]
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let key = eventrelay_tests::API_KEY;
    let answer = read(client.get(&url).header("x-api-key", key))
        .await
        .unwrap()
        .expect(307);
    assert!(answer.body.is_empty());
    let location = answer.header("location").to_owned();
    assert!(location.contains("X-Amz-Signature"), "{location}");
    let blob = read(client.get(location)).await.unwrap().expect(200);
    assert_eq!(blob.body, packed.gzip);
    stack
        .get("/v1/videos/yt:LLLLLLLLLLA?fields=summary")
        .await
        .unwrap()
        .expect_problem(413, "too-large");
}

#[tokio::test]
async fn instance_cache_expires_after_its_ttl() {
    let stack = Stack::with(&[("MEMORY_TTL_S", "3"), ("COUNT_LOOKUPS_EVERY_S", "0")])
        .await
        .unwrap();
    analyse(&stack, "MMMMMMMMMMA").await;
    let path = "/v1/videos/yt:MMMMMMMMMMA";
    let etag = stack
        .get(path)
        .await
        .unwrap()
        .expect(200)
        .header("etag")
        .to_owned();
    let delete = stack
        .call(Method::DELETE, path, &[], None)
        .await
        .unwrap()
        .expect(204);
    assert!(delete.body.is_empty());
    // A cached copy in another instance expires after its TTL.
    let gone = async || Ok((stack.get(path).await?.status == 404).then_some(()));
    until(PATIENCE, gone).await.unwrap();
    assert!(!etag.is_empty());
}

#[tokio::test]
async fn reader_key_cannot_write_on_a_route_it_has_read() {
    let stack = Stack::start().await.unwrap();
    stack.accept_key("er-a-reader", &["read"]).await.unwrap();
    let as_reader = async |method: Method, path: &str| {
        let key = [("x-api-key", "er-a-reader")];
        stack.call(method, path, &key, None).await.unwrap()
    };
    as_reader(Method::GET, "/v1/videos").await.expect(200);
    as_reader(Method::POST, "/v1/videos").await.expect(403);
    as_reader(Method::DELETE, "/v1/videos/yt:AAAAAAAAAAA")
        .await
        .expect(403);
}
