//! Old, stale and failed analyses.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use eventrelay_tests::{PATIENCE, Stack, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{FORGETFUL, analyse, forgetful, row_key};

#[tokio::test]
async fn analysis_of_older_version_is_readable_until_replaced() {
    let stack = forgetful().await;
    let document = analyse(&stack, "VVVVVVVVVVA").await;
    let path = "/v1/videos/yt:VVVVVVVVVVA";
    let dynamodb = stack.dynamodb();
    // Rows of an earlier pipeline have another version.
    for (from, to) in [("v#1", "v#0"), ("v#1#body", "v#0#body")] {
        let get = dynamodb.get_item().table_name(stack.name("VideosTable"));
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
        let put = dynamodb.put_item().table_name(stack.name("VideosTable"));
        put.set_item(Some(item)).send().await.unwrap();
    }
    let old = stack.get_json(&format!("{path}?version=0")).await.unwrap();
    assert_eq!(old, document);
    stack
        .get(&format!("{path}?version=7"))
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    let forced = stack
        .run(json!({"url": "VVVVVVVVVVA", "force": true}))
        .await
        .unwrap();
    assert_eq!(forced["status"], "done");
    let newest = stack.get_json(path).await.unwrap();
    assert_ne!(
        newest["provenance"]["analyzed_at"],
        document["provenance"]["analyzed_at"]
    );
    let old = stack.get_json(&format!("{path}?version=0")).await.unwrap();
    assert_eq!(old, document, "the older version is what it was");
    let listed = stack.get_json(&format!("{path}/analyses")).await.unwrap();
    let versions: Vec<_> = listed["analyses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|analysis| analysis["pipeline_version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1", "0"], "newest first");
    stack
        .get("/v1/videos/yt:AAAAAAAAAAA/analyses")
        .await
        .unwrap()
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn stale_analysis_is_served_during_one_refresh() {
    let mut settings = FORGETFUL.to_vec();
    settings.push(("ANALYSIS_TTL_S", "1"));
    let stack = Stack::with(&settings).await.unwrap();
    let first = analyse(&stack, "SSSSSSSSSSA").await;
    let path = "/v1/videos/yt:SSSSSSSSSSA";
    stack
        .gemini_settings(json!({"generate_ms": 2000}))
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
        stack.get_json(path).await.unwrap(),
        first,
        "the stale one meanwhile"
    );
    let job = json!({"job_id": jobs.into_iter().next().unwrap()});
    assert_eq!(stack.end_of(&job).await.unwrap()["status"], "done");
    assert_ne!(stack.get_json(path).await.unwrap(), first);
}

#[tokio::test]
async fn recent_failure_answers_the_next_submission() {
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
    again.expect_problem(422, "video-private");
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
    again.expect_problem(502, "answer-truncated");
    let list = stack.get_json("/v1/videos?status=failed").await.unwrap();
    assert_eq!(list["videos"][0]["video_id"], "yt:FFFFFFFFFFE", "{list:#}");
    assert!(
        list["videos"][0]["error"]["type"]
            .as_str()
            .unwrap()
            .ends_with("answer-truncated")
    );
}
