//! Statistics and feedback.

use aws_sdk_dynamodb::types::AttributeValue;
use eventrelay_tests::{PATIENCE, until};
use reqwest::Method;
use serde_json::json;

use super::{analyse, forgetful, refused};

#[tokio::test]
async fn statistics_are_counted_and_recount_agrees() {
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
        let stats = stack.get_json("/v1/stats").await?;
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
    let add = stack
        .dynamodb()
        .update_item()
        .table_name(stack.name("ControlsTable"));
    add.key("pk", AttributeValue::S("count#totals#3".to_owned()))
        .update_expression("ADD status_done :n, #bytes :n, feedback_general :n")
        .expression_attribute_names("#bytes", "bytes")
        .expression_attribute_values(":n", AttributeValue::N("1000".to_owned()))
        .send()
        .await
        .unwrap();
    let wrong = stack.get_json("/v1/stats").await.unwrap();
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
    let right = stack.get_json("/v1/stats").await.unwrap();
    for name in ["videos", "bytes", "feedback"] {
        assert_eq!(right[name], stats[name]);
    }
}

#[tokio::test]
async fn feedback_is_stored_and_listed() {
    let stack = forgetful().await;
    analyse(&stack, "KKKKKKKKKKA").await;
    let path = "/v1/videos/yt:KKKKKKKKKKA/feedback";
    for rating in 1..=3 {
        let said = json!({"type": "accuracy", "rating": rating, "comment": "ü".repeat(1000)});
        let kept = stack.post(path, said).await.unwrap().expect(201).json();
        assert!(kept["feedback_id"].as_str().unwrap().starts_with("fb_"));
    }
    let page = stack.get_json(&format!("{path}?limit=2")).await.unwrap();
    let ratings: Vec<_> = page["feedback"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rating"].as_u64().unwrap())
        .collect();
    assert_eq!(ratings, [3, 2], "latest first");
    let rest = stack
        .get_json(page["links"]["next"].as_str().unwrap())
        .await
        .unwrap();
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
    stack
        .post(unknown, json!({"type": "general", "rating": 5}))
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    stack
        .get(unknown)
        .await
        .unwrap()
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn recount_repairs_search_and_listing() {
    let stack = forgetful().await;
    let id = "NNNNNNNNNNA";
    let analysis = analyse(&stack, id).await;
    let word = analysis["video"]["title"].as_str().unwrap();
    let word: String = word.split_whitespace().next().unwrap().to_owned();
    let search = format!("/v1/search?q={word}");
    let is_found = async || {
        let found = stack.get_json(&search).await.unwrap();
        let results = found["results"].as_array().unwrap();
        results
            .iter()
            .any(|one| one["video_id"] == format!("yt:{id}"))
    };
    // It becomes findable after it is done.
    let findable = async || Ok(is_found().await.then_some(()));
    until(PATIENCE, findable).await.unwrap();

    // As an outage leaves it that lasts longer than a job is tried.
    let dynamodb = stack.dynamodb();
    for row in stack.rows("SearchTable").await.unwrap() {
        let delete = dynamodb.delete_item().table_name(stack.name("SearchTable"));
        let delete = delete.key("pk", row["pk"].clone());
        delete.key("sk", row["sk"].clone()).send().await.unwrap();
    }
    let (text, number) = (
        |text: &str| AttributeValue::S(text.to_owned()),
        |number: u64| AttributeValue::N(number.to_string()),
    );
    let put = dynamodb.put_item().table_name(stack.name("VideosTable"));
    let put = put
        .item("pk", text("yt:NNNNNNNNNNE"))
        .item("sk", text("current"))
        .item("listing", text("videos"))
        .item("status", text("running"))
        .item("listed_at", number(1000))
        .item("revision", number(1))
        .item("job", text("job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5c"));
    put.send().await.unwrap();
    assert!(!is_found().await);

    for repaired in [2, 0] {
        let job = stack.call(Method::POST, "/v1/admin/recount", &[], None);
        let job = job.await.unwrap().expect(202).json();
        let done = stack.end_of(&job).await.unwrap();
        assert_eq!(done["status"], "done", "{done:#}");
        let counted = json!({"videos": 2, "repaired": repaired});
        assert_eq!(done["done"], counted, "{done:#}");
        assert!(is_found().await);
    }
    let failed = stack.get_json("/v1/videos?status=failed").await.unwrap();
    assert_eq!(
        failed["videos"][0]["video_id"], "yt:NNNNNNNNNNE",
        "{failed:#}"
    );
    let stats = stack.get_json("/v1/stats").await.unwrap();
    assert_eq!(stats["videos"]["by_status"]["failed"], 1, "{stats:#}");
    assert_eq!(stats["videos"]["by_status"]["done"], 1, "{stats:#}");
}
