//! Many videos in one request.

use eventrelay_tests::{PATIENCE, Stack, until};
use reqwest::Method;
use serde_json::json;

use super::{FORGETFUL, analyse, forgetful, refused};

#[tokio::test]
async fn listing_is_newest_first_and_paginated() {
    let stack = forgetful().await;
    let ids: Vec<String> = (0..5).map(|n| format!("AAAAAAAAA{n}A")).collect();
    for id in &ids {
        analyse(&stack, id).await;
    }
    let mut found = Vec::new();
    let mut url = "/v1/videos?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = stack.get_json(&url).await.unwrap();
        let videos = page["videos"].as_array().unwrap();
        assert!(videos.len() <= 2);
        found.extend(
            videos
                .iter()
                .map(|video| video["video_id"].as_str().unwrap()["yt:".len()..].to_owned()),
        );
        pages += 1;
        match page["links"]["next"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    let newest_first: Vec<_> = ids.iter().rev().cloned().collect();
    assert_eq!(found, newest_first);
    assert!(pages <= 4);
    let done = stack.get_json("/v1/videos?status=done").await.unwrap();
    assert_eq!(done["videos"].as_array().unwrap().len(), 5);
    let first = &done["videos"][0];
    for name in [
        "title",
        "category",
        "finished_at",
        "etag",
        "pipeline_version",
    ] {
        assert!(first[name].is_string(), "{name}: {first}");
    }
    let category = first["category"].as_str().unwrap();
    let of = |query: String| {
        let stack = &stack;
        async move {
            let page = stack
                .get_json(&format!("/v1/videos?{query}"))
                .await
                .unwrap();
            page["videos"].as_array().unwrap().len()
        }
    };
    assert_eq!(of(format!("category={category}")).await, 5);
    assert_eq!(
        of(format!("category={category}&status=done&limit=100")).await,
        5
    );
    assert_eq!(of(format!("category={category}&status=failed")).await, 0);
    assert_eq!(of("status=running".to_owned()).await, 0);
    let second = done["videos"][1]["listed_at"].as_str().unwrap();
    assert_eq!(of(format!("since={second}")).await, 2);
    assert_eq!(of("since=2999-01-01T00:00:00Z".to_owned()).await, 0);

    let page = stack.get_json("/v1/videos?limit=2").await.unwrap();
    let cursor = page["cursor"].as_str().unwrap();
    for (query, field) in [
        ("category=colour".to_owned(), "category"),
        ("status=good".to_owned(), "status"),
        ("since=yesterday".to_owned(), "since"),
        ("limit=0".to_owned(), "limit"),
        ("limit=101".to_owned(), "limit"),
        ("cursor=abc".to_owned(), "cursor"),
        (format!("status=done&cursor={cursor}"), "cursor"),
        (format!("cursor={}", cursor.to_uppercase()), "cursor"),
        ("colour=red".to_owned(), "colour"),
    ] {
        refused(
            &stack,
            Method::GET,
            &format!("/v1/videos?{query}"),
            None,
            field,
        )
        .await;
    }
}

#[tokio::test]
async fn batch_has_an_outcome_for_each_video() {
    let stack = forgetful().await;
    analyse(&stack, "BBBBBBBBBBA").await;
    stack
        .gemini_settings(json!({"generate_ms": 3000}))
        .await
        .unwrap();
    let running = stack
        .accepted("/v1/videos", json!({"url": "BBBBBBBBBBE"}))
        .await
        .unwrap();
    let videos = json!([
        "BBBBBBBBBBA",
        {"url": "https://youtu.be/BBBBBBBBBBE"},
        {"url": "BBBBBBBBBBI"},
        {"url": "BBBBBBBBBBI"},
        {"url": "https://vimeo.com/1"},
        {"url": "BBBBBBBBBBI", "language": "de"},
        {"upload_id": "ab".repeat(32)},
        5,
    ]);
    let answer = stack
        .post("/v1/videos/batch", json!({"videos": videos}))
        .await
        .unwrap()
        .expect(200)
        .json();
    let entries = answer["videos"].as_array().unwrap();
    let outcomes: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry["outcome"].as_str().unwrap(),
                entry["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("cached", 200),
            ("joined", 202),
            ("queued", 202),
            ("joined", 202),
            ("refused", 422),
            ("queued", 202),
            ("refused", 409),
            ("refused", 422)
        ],
        "{answer:#}"
    );
    assert_eq!(entries[1]["job"]["job_id"], running["job_id"]);
    assert_eq!(entries[2]["job"]["job_id"], entries[3]["job"]["job_id"]);
    assert_ne!(
        entries[2]["job"]["job_id"], entries[5]["job"]["job_id"],
        "another question"
    );
    assert_eq!(entries[4]["problem"]["reference_kind"], "unsupported_host");
    for entry in [&entries[2], &entries[5]] {
        assert_eq!(stack.end_of(&entry["job"]).await.unwrap()["status"], "done");
    }

    // Fifty at once are claimed and sent in bulk, and all come to their end.
    let ids: Vec<String> = (0..50).map(|n| format!("BBBBBBBB{n:02}A")).collect();
    let answer = stack
        .post("/v1/videos/batch", json!({"videos": ids}))
        .await
        .unwrap()
        .expect(200)
        .json();
    let entries = answer["videos"].as_array().unwrap();
    assert!(
        entries.iter().all(|entry| entry["outcome"] == "queued"),
        "{answer:#}"
    );
    for entry in entries {
        assert_eq!(stack.end_of(&entry["job"]).await.unwrap()["status"], "done");
    }
    assert_eq!(
        stack.gemini_calls(":generateContent").await.unwrap().len(),
        54
    );

    for (body, field) in [
        (json!({}), "videos"),
        (json!({"videos": []}), "videos"),
        (json!({"videos": vec!["AAAAAAAAAAA"; 51]}), "videos"),
        (json!({"videos": ["x"], "more": 1}), "more"),
    ] {
        refused(&stack, Method::POST, "/v1/videos/batch", Some(body), field).await;
    }
}

#[tokio::test]
async fn playlist_is_submitted_page_by_page() {
    let stack = Stack::with(&[
        ("YOUTUBE_API_KEY", "a-youtube-key"),
        FORGETFUL[0],
        FORGETFUL[1],
    ])
    .await
    .unwrap();
    let list = "PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0";
    let ids: Vec<String> = (0..60).map(|n| format!("PPPPPPPP{n:02}A")).collect();
    let control = format!("{}/_control/playlists/{list}", stack.ready.standins.youtube);
    stack
        .control(Method::PUT, control, json!({"videos": ids}))
        .await
        .unwrap();
    let url = format!("https://www.youtube.com/playlist?list={list}");
    let accepted = stack
        .accepted("/v1/playlists", json!({"url": url}))
        .await
        .unwrap();
    let done = stack.end_of(&accepted).await.unwrap();
    assert_eq!(
        (&done["status"], &done["kind"]),
        (&json!("done"), &json!("playlist")),
        "{done:#}"
    );
    assert_eq!(
        (&done["done"]["found"], &done["done"]["queued"]),
        (&json!(60), &json!(60)),
        "{done:#}"
    );
    let all_done = async || {
        let stats = stack.get_json("/v1/stats").await?;
        Ok((stats["videos"]["by_status"]["done"] == 60).then_some(()))
    };
    until(PATIENCE, all_done).await.unwrap();
    let again = stack
        .accepted("/v1/playlists", json!({"url": url}))
        .await
        .unwrap();
    let again = stack.end_of(&again).await.unwrap();
    assert_eq!(again["done"]["cached"], 60, "{again:#}");

    let missing =
        json!({"url": "https://www.youtube.com/playlist?list=PLnothinghere0000000000000000000000"});
    let missing = stack.accepted("/v1/playlists", missing).await.unwrap();
    let missing = stack.end_of(&missing).await.unwrap();
    assert_eq!(missing["status"], "failed");
    assert!(
        missing["error"]["type"]
            .as_str()
            .unwrap()
            .ends_with("playlist-not-found"),
        "{missing:#}"
    );
    let video = stack
        .post(
            "/v1/playlists",
            json!({"url": "https://youtu.be/dQw4w9WgXcQ"}),
        )
        .await
        .unwrap();
    assert_eq!(video.expect_problem(422, "not-a-playlist")["field"], "url");
    refused(
        &stack,
        Method::POST,
        "/v1/playlists",
        Some(json!({})),
        "url",
    )
    .await;

    let without = forgetful().await;
    let refusal = without
        .post("/v1/playlists", json!({"url": url}))
        .await
        .unwrap();
    refusal.expect_problem(501, "not-configured");
}
