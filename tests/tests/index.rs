//! What is found, listed, submitted in bulk, deleted, counted and said of videos: by HTTP alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::HashSet, io::Read};

use aws_sdk_dynamodb::types::AttributeValue;
use eventrelay_tests::{PATIENCE, Response, Stack, read, repository, until};
use reqwest::Method;
use serde_json::{Value, json};

/// Nothing is remembered, so that a test sees what it has just changed.
const FORGETFUL: [(&str, &str); 2] = [("MEMORY_TTL_S", "0"), ("COUNT_LOOKUPS_EVERY_S", "0")];

async fn forgetful() -> Stack {
    Stack::with(&FORGETFUL).await.unwrap()
}

async fn analyse(stack: &Stack, id: &str) -> Value {
    let job = stack.run(json!({"url": id})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    stack
        .get(&format!("/v1/videos/yt:{id}"))
        .await
        .unwrap()
        .expect(200)
        .json()
}

fn problem(response: Response, status: u16, slug: &str) -> Value {
    let problem = response.expect(status).json();
    assert_eq!(
        problem["type"],
        format!("urn:eventrelay:problem:{slug}"),
        "{problem}"
    );
    problem
}

async fn refused(stack: &Stack, method: Method, path: &str, body: Option<Value>, field: &str) {
    let response = stack.call(method, path, &[], body).await.unwrap();
    assert_eq!(
        problem(response, 422, "invalid-input")["field"],
        field,
        "{path}"
    );
}

#[tokio::test]
async fn parts_are_cut_from_what_is_stored() {
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
    refused(
        &stack,
        Method::GET,
        &format!("{path}?fields=colour"),
        None,
        "fields",
    )
    .await;
    refused(
        &stack,
        Method::GET,
        &format!("{path}?fields="),
        None,
        "fields",
    )
    .await;
    refused(
        &stack,
        Method::GET,
        &format!("{path}?fields=summary&format=md"),
        None,
        "fields",
    )
    .await;
    refused(
        &stack,
        Method::GET,
        &format!("{path}/events?fields=summary"),
        None,
        "fields",
    )
    .await;
    refused(
        &stack,
        Method::GET,
        &format!("{path}?version=1&variant=1"),
        None,
        "version",
    )
    .await;
    refused(
        &stack,
        Method::GET,
        &format!("{path}?variant=a%23b"),
        None,
        "variant",
    )
    .await;
    let markdown = [("accept", "text/markdown")];
    let events = stack
        .call(Method::GET, &format!("{path}/events"), &markdown, None)
        .await
        .unwrap();
    problem(events, 406, "not-acceptable");
    problem(
        stack.get("/v1/videos/yt:AAAAAAAAAAA/events").await.unwrap(),
        404,
        "not-found",
    );
}

/// Deletes the blobs of a video behind the system's back.
async fn lose_blobs(stack: &Stack, video: &str) {
    let s3 = stack.s3();
    let listed = s3
        .list_objects_v2()
        .bucket("bucket")
        .prefix(format!("analyses/{video}/"));
    let listed = listed.send().await.unwrap();
    assert!(!listed.contents().is_empty());
    for object in listed.contents() {
        s3.delete_object()
            .bucket("bucket")
            .key(object.key().unwrap())
            .send()
            .await
            .unwrap();
    }
}

fn row_key(video: &str, sk: &str) -> std::collections::HashMap<String, AttributeValue> {
    [("pk", video), ("sk", sk)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
        .into()
}

async fn rows(stack: &Stack, video: &str) -> Vec<String> {
    let read = stack
        .dynamodb()
        .query()
        .table_name("videostable")
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(video.to_owned()))
        .send()
        .await
        .unwrap();
    read.items()
        .iter()
        .map(|item| item["sk"].as_s().unwrap().clone())
        .collect()
}

#[tokio::test]
async fn a_row_without_its_blob_is_a_miss_and_is_healed() {
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
        let delete = stack.dynamodb().delete_item().table_name("videostable");
        delete
            .set_key(Some(row_key(video, sk)))
            .send()
            .await
            .unwrap();
    }
    problem(stack.get(&path).await.unwrap(), 404, "not-found");
    assert_eq!(
        rows(&stack, video).await,
        ["v#1"],
        "the entry is gone, the empty variant stays"
    );
    let stats = stack.get("/v1/stats").await.unwrap().expect(200).json();
    assert_eq!(stats["videos"]["total"], 0, "{stats:#}");
    analyse(&stack, "HHHHHHHHHHA").await;
}

#[tokio::test]
async fn a_large_body_is_cut_by_ranges_and_redirected() {
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
    let document = json!([{"schema_version": "1"}, {"video": {"id": "yt:LLLLLLLLLLA"}}, {"summary": words}, {"events": [1, 2]}]);
    let members: Vec<String> = document
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member.to_string().trim_matches(['{', '}']).to_owned())
        .collect();
    // The braces of the video were trimmed with the others.
    let text = format!(
        "{{{},{}}},{},{}}}",
        members[0], members[1], members[2], members[3]
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
        finished_at: eventrelay::clock::Timestamp(1),
        expires_at: eventrelay::clock::Timestamp(u64::MAX / 2),
    };
    assert!(analysis.size_bytes > 5_500_000 && analysis.gzip_bytes > 3_000_000);
    let entry = Entry::analysed(None, &eventrelay::job::JobId::random(), &analysis).unwrap();
    let key = blobs::analysis_key(&video, &etag, blobs::Form::Json);
    let put = stack
        .s3()
        .put_object()
        .bucket("bucket")
        .key(key)
        .content_encoding("gzip");
    put.body(packed.gzip.clone().into()).send().await.unwrap();
    for item in rows::rows_of(&video, &entry, &packed).unwrap() {
        let put = stack.dynamodb().put_item().table_name("videostable");
        put.set_item(Some(item)).send().await.unwrap();
    }
    let events = stack
        .get("/v1/videos/yt:LLLLLLLLLLA/events")
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(events["events"], json!([1, 2]));

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
    problem(
        stack
            .get("/v1/videos/yt:LLLLLLLLLLA?fields=summary")
            .await
            .unwrap(),
        413,
        "too-large",
    );
}

#[tokio::test]
async fn memory_answers_for_its_time_and_no_longer() {
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
    // The copy of an instance that knows of nothing dies within its time.
    let gone = async || Ok((stack.get(path).await?.status == 404).then_some(()));
    until(PATIENCE, gone).await.unwrap();
    assert!(!etag.is_empty());
}

#[tokio::test]
async fn an_older_version_stays_readable_and_a_new_one_takes_its_place() {
    let stack = forgetful().await;
    let document = analyse(&stack, "VVVVVVVVVVA").await;
    let path = "/v1/videos/yt:VVVVVVVVVVA";
    let dynamodb = stack.dynamodb();
    // What an earlier pipeline left: the same rows under another version.
    for (from, to) in [("v#1", "v#0"), ("v#1#body", "v#0#body")] {
        let get = dynamodb.get_item().table_name("videostable");
        let item = get
            .set_key(Some(row_key("yt:VVVVVVVVVVA", from)))
            .send()
            .await
            .unwrap();
        let mut item = item.item.unwrap();
        item.insert("sk".to_owned(), AttributeValue::S(to.to_owned()));
        if let Some(AttributeValue::S(doc)) = item.get("doc") {
            let mut doc: Value = serde_json::from_str(doc).unwrap();
            doc["variant"] = json!("0");
            item.insert("doc".to_owned(), AttributeValue::S(doc.to_string()));
        }
        let put = dynamodb.put_item().table_name("videostable");
        put.set_item(Some(item)).send().await.unwrap();
    }
    let old = stack
        .get(&format!("{path}?version=0"))
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(old, document);
    problem(
        stack.get(&format!("{path}?version=7")).await.unwrap(),
        404,
        "not-found",
    );
    let forced = stack
        .run(json!({"url": "VVVVVVVVVVA", "force": true}))
        .await
        .unwrap();
    assert_eq!(forced["status"], "done");
    let newest = stack.get(path).await.unwrap().expect(200).json();
    assert_ne!(
        newest["provenance"]["analyzed_at"],
        document["provenance"]["analyzed_at"]
    );
    let old = stack
        .get(&format!("{path}?version=0"))
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(old, document, "the older version is what it was");
    let listed = stack
        .get(&format!("{path}/analyses"))
        .await
        .unwrap()
        .expect(200)
        .json();
    let versions: Vec<_> = listed["analyses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|analysis| analysis["pipeline_version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1", "0"], "newest first");
    problem(
        stack
            .get("/v1/videos/yt:AAAAAAAAAAA/analyses")
            .await
            .unwrap(),
        404,
        "not-found",
    );
}

#[tokio::test]
async fn a_stale_analysis_is_served_while_one_refresh_runs() {
    let mut settings = FORGETFUL.to_vec();
    settings.push(("ANALYSIS_TTL_S", "1"));
    let stack = Stack::with(&settings).await.unwrap();
    let first = analyse(&stack, "SSSSSSSSSSA").await;
    let path = "/v1/videos/yt:SSSSSSSSSSA";
    let control = format!("{}/_control/settings", stack.ready.standins.gemini);
    stack
        .control(Method::PUT, control, json!({"generate_ms": 2000}))
        .await
        .unwrap();
    let refreshed = async || {
        let answer = stack
            .post("/v1/videos", json!({"url": "SSSSSSSSSSA"}))
            .await?;
        Ok((answer.status == 202).then(|| answer.json()))
    };
    let refresh = until(PATIENCE, refreshed).await.unwrap();
    let posts = (0..5).map(|_| stack.post("/v1/videos", json!({"url": "SSSSSSSSSSA"})));
    let mut jobs = HashSet::new();
    for answer in futures_util::future::join_all(posts).await {
        jobs.insert(
            answer.unwrap().expect(202).json()["job_id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    jobs.insert(refresh["job_id"].as_str().unwrap().to_owned());
    assert_eq!(jobs.len(), 1, "one refresh");
    assert_eq!(
        stack.get(path).await.unwrap().expect(200).json(),
        first,
        "the stale one meanwhile"
    );
    let job = json!({"job_id": jobs.into_iter().next().unwrap()});
    assert_eq!(stack.end_of(&job).await.unwrap()["status"], "done");
    assert_ne!(stack.get(path).await.unwrap().expect(200).json(), first);
}

#[tokio::test]
async fn a_failure_answers_for_the_next_submission_for_a_while() {
    let stack = forgetful().await;
    let control = format!(
        "{}/_control/videos/FFFFFFFFFFA",
        stack.ready.standins.youtube
    );
    stack
        .control(Method::PUT, control.clone(), json!({"privacy": "private"}))
        .await
        .unwrap();
    let failed = stack.run(json!({"url": "FFFFFFFFFFA"})).await.unwrap();
    assert_eq!(failed["status"], "failed");
    let again = stack
        .post("/v1/videos", json!({"url": "FFFFFFFFFFA"}))
        .await
        .unwrap();
    let pause: u64 = again.header("retry-after").parse().unwrap();
    assert!(
        (1800..=5400).contains(&pause),
        "an hour, more or less: {pause}"
    );
    problem(again, 422, "video-private");
    stack
        .control(Method::PUT, control, json!({}))
        .await
        .unwrap();
    let forced = stack
        .run(json!({"url": "FFFFFFFFFFA", "force": true}))
        .await
        .unwrap();
    assert_eq!(forced["status"], "done", "{forced:#}");

    let empty = json!({"on": "generate", "match": "FFFFFFFFFFE", "times": null, "fault": {"kind": "truncated"}});
    stack.gemini_fault(empty).await.unwrap();
    assert_eq!(
        stack.run(json!({"url": "FFFFFFFFFFE"})).await.unwrap()["status"],
        "failed"
    );
    let again = stack
        .post("/v1/videos", json!({"url": "FFFFFFFFFFE"}))
        .await
        .unwrap();
    let pause: u64 = again.header("retry-after").parse().unwrap();
    assert!((1..=90).contains(&pause), "briefly: {pause}");
    problem(again, 502, "answer-truncated");
    let list = stack
        .get("/v1/videos?status=failed")
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(list["videos"][0]["video_id"], "yt:FFFFFFFFFFE", "{list:#}");
    assert!(
        list["videos"][0]["error"]["type"]
            .as_str()
            .unwrap()
            .ends_with("answer-truncated")
    );
}

#[tokio::test]
async fn videos_are_listed_newest_first_page_by_page() {
    let stack = forgetful().await;
    let ids: Vec<String> = (0..5).map(|n| format!("AAAAAAAAA{n}A")).collect();
    for id in &ids {
        analyse(&stack, id).await;
    }
    let mut found = Vec::new();
    let mut url = "/v1/videos?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = stack.get(&url).await.unwrap().expect(200).json();
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
    let done = stack
        .get("/v1/videos?status=done")
        .await
        .unwrap()
        .expect(200)
        .json();
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
                .get(&format!("/v1/videos?{query}"))
                .await
                .unwrap()
                .expect(200)
                .json();
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

    let page = stack
        .get("/v1/videos?limit=2")
        .await
        .unwrap()
        .expect(200)
        .json();
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
async fn a_batch_has_an_answer_for_each() {
    let stack = forgetful().await;
    analyse(&stack, "BBBBBBBBBBA").await;
    let control = format!("{}/_control/settings", stack.ready.standins.gemini);
    stack
        .control(Method::PUT, control, json!({"generate_ms": 3000}))
        .await
        .unwrap();
    let running = stack
        .post("/v1/videos", json!({"url": "BBBBBBBBBBE"}))
        .await
        .unwrap()
        .expect(202)
        .json();
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

    refused(
        &stack,
        Method::POST,
        "/v1/videos/batch",
        Some(json!({})),
        "videos",
    )
    .await;
    refused(
        &stack,
        Method::POST,
        "/v1/videos/batch",
        Some(json!({"videos": []})),
        "videos",
    )
    .await;
    refused(
        &stack,
        Method::POST,
        "/v1/videos/batch",
        Some(json!({"videos": vec!["AAAAAAAAAAA"; 51]})),
        "videos",
    )
    .await;
    refused(
        &stack,
        Method::POST,
        "/v1/videos/batch",
        Some(json!({"videos": ["x"], "more": 1})),
        "more",
    )
    .await;
}

#[tokio::test]
async fn a_deleted_video_is_gone_with_all_that_was_made_of_it() {
    let stack = forgetful().await;
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let upload_id = stack.upload("talk.mp4", recording).await.unwrap();
    let done = stack.run(json!({"upload_id": upload_id})).await.unwrap();
    assert_eq!(done["status"], "done");
    let video = format!("up:{upload_id}");
    let path = format!("/v1/videos/{video}");
    stack
        .post(
            &format!("{path}/feedback"),
            json!({"type": "general", "rating": 5}),
        )
        .await
        .unwrap()
        .expect(201);
    stack
        .call(Method::DELETE, &path, &[], None)
        .await
        .unwrap()
        .expect(204);
    problem(stack.get(&path).await.unwrap(), 404, "not-found");
    assert!(rows(&stack, &video).await.is_empty());
    for prefix in [format!("analyses/{video}/"), format!("media/{upload_id}")] {
        let listed = stack
            .s3()
            .list_objects_v2()
            .bucket("bucket")
            .prefix(&prefix)
            .send()
            .await
            .unwrap();
        assert!(listed.contents().is_empty(), "{prefix}");
    }
    problem(
        stack.call(Method::DELETE, &path, &[], None).await.unwrap(),
        404,
        "not-found",
    );
    let no_video = stack
        .call(Method::DELETE, "/v1/videos/no-video", &[], None)
        .await
        .unwrap();
    problem(no_video, 404, "not-found");
    let stats = stack.get("/v1/stats").await.unwrap().expect(200).json();
    assert_eq!(
        (
            &stats["videos"]["total"],
            &stats["bytes"],
            &stats["feedback"]["total"]
        ),
        (&json!(0), &json!(0), &json!(0))
    );

    // A job that is still at it cannot bring it back.
    let control = format!("{}/_control/settings", stack.ready.standins.gemini);
    stack
        .control(Method::PUT, control, json!({"generate_ms": 1500}))
        .await
        .unwrap();
    let job = stack
        .post("/v1/videos", json!({"url": "DDDDDDDDDDA"}))
        .await
        .unwrap()
        .expect(202)
        .json();
    let job_path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    let asked =
        async || Ok((!stack.gemini_calls(":generateContent").await?.is_empty()).then_some(()));
    until(PATIENCE, asked).await.unwrap();
    stack
        .call(Method::DELETE, "/v1/videos/yt:DDDDDDDDDDA", &[], None)
        .await
        .unwrap()
        .expect(204);
    let ended = stack.get(&job_path).await.unwrap().expect(200).json();
    assert_eq!(ended["status"], "cancelled");
    let settled = async || {
        let empty = rows(&stack, "yt:DDDDDDDDDDA").await.is_empty();
        let idle = stack
            .instances()
            .await?
            .iter()
            .all(|one| one["state"] != "busy");
        Ok((empty && idle).then_some(()))
    };
    until(PATIENCE, settled).await.unwrap();
    problem(
        stack.get("/v1/videos/yt:DDDDDDDDDDA").await.unwrap(),
        404,
        "not-found",
    );
}

#[tokio::test]
async fn everything_is_deleted_by_an_admin_who_means_it() {
    let stack = forgetful().await;
    let ids: Vec<String> = (0..30).map(|n| format!("XXXXXXXX{n:02}A")).collect();
    let answer = stack
        .post("/v1/videos/batch", json!({"videos": ids}))
        .await
        .unwrap()
        .expect(200)
        .json();
    for entry in answer["videos"].as_array().unwrap() {
        stack.end_of(&entry["job"]).await.unwrap();
    }
    stack
        .accept_key("er-a-writer", &["read", "write"])
        .await
        .unwrap();
    let as_writer = async |method: Method, path: &str| {
        let url = format!("{}{path}", stack.ready.api);
        read(
            stack
                .client()
                .request(method, url)
                .header("x-api-key", "er-a-writer"),
        )
        .await
        .unwrap()
    };
    as_writer(Method::GET, "/v1/videos").await.expect(200);
    as_writer(Method::DELETE, "/v1/videos?confirm=all")
        .await
        .expect(403);
    as_writer(Method::POST, "/v1/admin/recount")
        .await
        .expect(403);
    refused(&stack, Method::DELETE, "/v1/videos", None, "confirm").await;
    refused(
        &stack,
        Method::DELETE,
        "/v1/videos?confirm=yes",
        None,
        "confirm",
    )
    .await;
    let accepted = stack
        .call(Method::DELETE, "/v1/videos?confirm=all", &[], None)
        .await
        .unwrap()
        .expect(202);
    let job = accepted.json();
    assert_eq!(
        accepted.header("location"),
        job["links"]["job"].as_str().unwrap()
    );
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(
        (&done["status"], &done["kind"]),
        (&json!("done"), &json!("delete_videos")),
        "{done:#}"
    );
    assert_eq!(done["done"]["deleted"], 30, "{done:#}");
    let list = stack.get("/v1/videos").await.unwrap().expect(200).json();
    assert_eq!(list["videos"], json!([]));
    let left = stack
        .s3()
        .list_objects_v2()
        .bucket("bucket")
        .prefix("analyses/")
        .send()
        .await
        .unwrap();
    assert!(left.contents().is_empty());
}

#[tokio::test]
async fn a_reader_does_not_write_after_it_has_read() {
    let stack = Stack::start().await.unwrap();
    stack.accept_key("er-a-reader", &["read"]).await.unwrap();
    let as_reader = async |method: Method, path: &str| {
        let url = format!("{}{path}", stack.ready.api);
        read(
            stack
                .client()
                .request(method, url)
                .header("x-api-key", "er-a-reader"),
        )
        .await
        .unwrap()
    };
    as_reader(Method::GET, "/v1/videos").await.expect(200);
    as_reader(Method::POST, "/v1/videos").await.expect(403);
    as_reader(Method::DELETE, "/v1/videos/yt:AAAAAAAAAAA")
        .await
        .expect(403);
}

#[tokio::test]
async fn statistics_are_counted_and_can_be_counted_anew() {
    let stack = forgetful().await;
    let first = analyse(&stack, "TTTTTTTTTTA").await;
    analyse(&stack, "TTTTTTTTTTE").await;
    let fault = json!({"on": "generate", "match": "TTTTTTTTTTI", "times": null, "fault": {"kind": "truncated"}});
    stack.gemini_fault(fault).await.unwrap();
    stack.run(json!({"url": "TTTTTTTTTTI"})).await.unwrap();
    stack
        .post("/v1/videos", json!({"url": "TTTTTTTTTTA"}))
        .await
        .unwrap()
        .expect(200);
    stack
        .post(
            "/v1/videos/yt:TTTTTTTTTTA/feedback",
            json!({"type": "quality", "rating": 4}),
        )
        .await
        .unwrap()
        .expect(201);
    let settled = async || {
        let stats = stack.get("/v1/stats").await?.expect(200).json();
        Ok((stats["videos"]["by_status"]["failed"] == 1).then_some(stats))
    };
    let stats = until(PATIENCE, settled).await.unwrap();
    assert_eq!(
        stats["videos"]["by_status"],
        json!({"done": 2, "failed": 1, "running": 0, "cancelled": 0})
    );
    assert_eq!(
        stats["videos"]["by_category"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_i64().unwrap())
            .sum::<i64>(),
        2
    );
    assert!(stats["bytes"].as_i64().unwrap() > 500);
    assert_eq!(
        stats["oldest_analysis_at"].as_str().unwrap()[..16],
        first["provenance"]["analyzed_at"].as_str().unwrap()[..16]
    );
    assert!(stats["newest_analysis_at"].as_str() > stats["oldest_analysis_at"].as_str());
    assert!(
        stats["today"]["model_calls"].as_i64().unwrap() >= 2
            && stats["today"]["input_tokens"].as_i64().unwrap() > 0
    );
    assert_eq!(
        (
            &stats["feedback"]["total"],
            &stats["feedback"]["average_rating"]
        ),
        (&json!(1), &json!(4.0))
    );
    let (hits, misses) = (
        stats["lookups"]["hits"].as_i64().unwrap(),
        stats["lookups"]["misses"].as_i64().unwrap(),
    );
    assert!(hits >= 1 && misses >= 3, "{stats:#}");

    // Counters that have gone astray are put right.
    let add = stack.dynamodb().update_item().table_name("controlstable");
    add.key("pk", AttributeValue::S("count#totals#3".to_owned()))
        .update_expression("ADD status_done :n, #bytes :n, feedback_general :n")
        .expression_attribute_names("#bytes", "bytes")
        .expression_attribute_values(":n", AttributeValue::N("1000".to_owned()))
        .send()
        .await
        .unwrap();
    let wrong = stack.get("/v1/stats").await.unwrap().expect(200).json();
    assert_eq!(wrong["videos"]["by_status"]["done"], 1002);
    let job = stack
        .call(Method::POST, "/v1/admin/recount", &[], None)
        .await
        .unwrap()
        .expect(202)
        .json();
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(
        (&done["status"], &done["done"]["videos"]),
        (&json!("done"), &json!(3)),
        "{done:#}"
    );
    let right = stack.get("/v1/stats").await.unwrap().expect(200).json();
    for name in ["videos", "bytes", "feedback"] {
        assert_eq!(right[name], stats[name]);
    }
}

#[tokio::test]
async fn feedback_is_kept_and_listed() {
    let stack = forgetful().await;
    analyse(&stack, "KKKKKKKKKKA").await;
    let path = "/v1/videos/yt:KKKKKKKKKKA/feedback";
    for rating in 1..=3 {
        let said = json!({"type": "accuracy", "rating": rating, "comment": "ü".repeat(1000)});
        let kept = stack.post(path, said).await.unwrap().expect(201).json();
        assert!(kept["feedback_id"].as_str().unwrap().starts_with("fb_"));
    }
    let page = stack
        .get(&format!("{path}?limit=2"))
        .await
        .unwrap()
        .expect(200)
        .json();
    let ratings: Vec<_> = page["feedback"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rating"].as_u64().unwrap())
        .collect();
    assert_eq!(ratings, [3, 2], "latest first");
    let rest = stack
        .get(page["links"]["next"].as_str().unwrap())
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(rest["feedback"][0]["rating"], 1);
    assert!(rest["links"]["next"].is_null() && rest["feedback"].as_array().unwrap().len() == 1);
    for (body, field) in [
        (json!({}), "type"),
        (json!({"type": "praise", "rating": 5}), "type"),
        (json!({"type": "general"}), "rating"),
        (json!({"type": "general", "rating": 6}), "rating"),
        (json!({"type": "general", "rating": 0}), "rating"),
        (
            json!({"type": "general", "comment": "x".repeat(1001)}),
            "comment",
        ),
        (
            json!({"type": "general", "rating": 5, "user": "me"}),
            "user",
        ),
    ] {
        refused(&stack, Method::POST, path, Some(body), field).await;
    }
    refused(
        &stack,
        Method::GET,
        &format!("{path}?cursor=x"),
        None,
        "cursor",
    )
    .await;
    let unknown = "/v1/videos/yt:AAAAAAAAAAA/feedback";
    problem(
        stack
            .post(unknown, json!({"type": "general", "rating": 5}))
            .await
            .unwrap(),
        404,
        "not-found",
    );
    problem(stack.get(unknown).await.unwrap(), 404, "not-found");
}

#[tokio::test]
async fn a_playlist_is_submitted_page_by_page() {
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
        .post("/v1/playlists", json!({"url": url}))
        .await
        .unwrap()
        .expect(202)
        .json();
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
        let stats = stack.get("/v1/stats").await?.expect(200).json();
        Ok((stats["videos"]["by_status"]["done"] == 60).then_some(()))
    };
    until(PATIENCE, all_done).await.unwrap();
    let again = stack
        .post("/v1/playlists", json!({"url": url}))
        .await
        .unwrap()
        .expect(202)
        .json();
    let again = stack.end_of(&again).await.unwrap();
    assert_eq!(again["done"]["cached"], 60, "{again:#}");

    let missing =
        json!({"url": "https://www.youtube.com/playlist?list=PLnothinghere0000000000000000000000"});
    let missing = stack
        .post("/v1/playlists", missing)
        .await
        .unwrap()
        .expect(202)
        .json();
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
    assert_eq!(problem(video, 422, "not-a-playlist")["field"], "url");
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
    problem(refusal, 501, "not-configured");
}
