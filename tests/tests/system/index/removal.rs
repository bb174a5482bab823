//! Deletion of one video and of all.

use eventrelay_tests::{PATIENCE, repository, until};
use reqwest::Method;
use serde_json::json;

use super::{forgetful, refused, rows};

#[tokio::test]
async fn deleted_video_is_gone_with_everything_derived_from_it() {
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
    stack
        .get(&path)
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    assert!(rows(&stack, &video).await.is_empty());
    let prefixes = [format!("analyses/{video}/"), format!("media/{upload_id}")];
    for key in stack.objects().await.unwrap() {
        assert!(
            !prefixes.iter().any(|prefix| key.starts_with(prefix)),
            "{key}"
        );
    }
    stack
        .call(Method::DELETE, &path, &[], None)
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    let no_video = stack
        .call(Method::DELETE, "/v1/videos/no-video", &[], None)
        .await
        .unwrap();
    no_video.expect_problem(404, "not-found");
    let stats = stack.get_json("/v1/stats").await.unwrap();
    assert_eq!(
        (
            &stats["videos"]["total"],
            &stats["bytes"],
            &stats["feedback"]["total"]
        ),
        (&json!(0), &json!(0), &json!(0))
    );

    // A job that is still at it cannot bring it back.
    stack
        .gemini_settings(json!({"generate_ms": 1500}))
        .await
        .unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "DDDDDDDDDDA"}))
        .await
        .unwrap();
    let job_path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    let asked =
        async || Ok((!stack.gemini_calls(":generateContent").await?.is_empty()).then_some(()));
    until(PATIENCE, asked).await.unwrap();
    stack
        .call(Method::DELETE, "/v1/videos/yt:DDDDDDDDDDA", &[], None)
        .await
        .unwrap()
        .expect(204);
    let ended = stack.get_json(&job_path).await.unwrap();
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
    stack
        .get("/v1/videos/yt:DDDDDDDDDDA")
        .await
        .unwrap()
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn delete_all_requires_admin_and_confirmation() {
    let stack = forgetful().await;
    let ids: Vec<String> = (0..30).map(|n| format!("KKKKKKKK{n:02}A")).collect();
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
        let key = [("x-api-key", "er-a-writer")];
        stack.call(method, path, &key, None).await.unwrap()
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
    let list = stack.get_json("/v1/videos").await.unwrap();
    assert_eq!(list["videos"], json!([]));
    let left = stack.objects().await.unwrap();
    assert!(
        !left.iter().any(|key| key.starts_with("analyses/")),
        "{left:?}"
    );
}
