//! Cancelled and deleted projects.

use eventrelay_tests::{PATIENCE, Stack, is_open, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    VIDEO, analysed, asked, made, objects, paths, project_of, questions_about, quiet, retried, this,
};

/// Longer than anything takes that is done while an answer is waited for.
const SLOW_MS: u64 = 4000;

/// Asks for a large project and waits until the model is asked for files of it.
async fn under_way(stack: &Stack, feature: &str) -> Value {
    let load = json!({"generate_ms": 0, "project_files": 20, "project_chain": 12});
    stack.gemini_settings(load).await.unwrap();
    let body = json!({"project_type": "cli", "plan_only": true, "features": [feature]});
    let job = asked(stack, body).await;
    let planned = made(stack, &job).await;
    stack
        .gemini_settings(json!({"generate_ms": SLOW_MS}))
        .await
        .unwrap();
    let job = retried(stack, &planned, "files").await;
    until(PATIENCE, async || {
        let asked = questions_about(stack, feature).await;
        Ok((!paths(&asked).is_empty()).then_some(()))
    })
    .await
    .unwrap();
    job
}

async fn delete(stack: &Stack, url: &str, status: u16) -> Value {
    let answer = stack
        .call(Method::DELETE, url, &[], None)
        .await
        .unwrap()
        .expect(status);
    if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    }
}

/// Checks that no call starts after a cancellation: at most the files without dependencies were
/// requested.
async fn assert_stopped(stack: &Stack, feature: &str) {
    quiet(stack).await;
    for question in questions_about(stack, feature).await {
        assert!(
            question.path().is_none() || question.document["depends_on"] == json!([]),
            "{question:#?}"
        );
    }
    let rows = stack.rows("JobsTable").await.unwrap();
    let open: Vec<_> = rows.iter().filter(|row| is_open(row)).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_project_resumes_where_it_stopped() {
    let stack = analysed(&[]).await;
    let job = under_way(&stack, "given-up").await;
    let url = job["links"]["job"].as_str().unwrap();
    let cancelled = delete(&stack, url, 200).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["stage"]),
        (&json!("cancelled"), &json!("cancelled"))
    );
    // The model is slow.
    let settled = until(PATIENCE, async || {
        let project = stack.get_json(project_of(&job)).await?;
        Ok((project["status"] != "building").then_some(project))
    });
    let project = settled.await.unwrap();
    assert_eq!(
        (&project["status"], &project["manifest"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert_stopped(&stack, "given-up").await;
    assert_eq!(delete(&stack, url, 200).await["status"], "cancelled");

    stack
        .gemini_settings(json!({"generate_ms": 0}))
        .await
        .unwrap();
    let job = retried(&stack, &project, "files").await;
    let ready = made(&stack, &job).await;
    assert_eq!(ready["status"], "ready");
    let all = questions_about(&stack, "given-up").await;
    assert_eq!(
        paths(&all).len(),
        20,
        "what was answered is not asked again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_during_every_stage_leaves_nothing() {
    let stack = analysed(&[]).await;
    // While its files are written.
    let job = under_way(&stack, "dropped").await;
    let gone = project_of(&job).to_owned();
    delete(&stack, &gone, 204).await;
    let _ = stack.get(&gone).await.unwrap().expect(404);
    delete(&stack, &gone, 404).await;
    let end = stack.end_of(&job).await.unwrap();
    assert_eq!(end["status"], "cancelled");
    assert_stopped(&stack, "dropped").await;
    assert_eq!(objects(&stack).await, Vec::<String>::new());

    // While it is planned.
    let body = json!({"project_type": "web", "features": ["unplanned"]});
    let job = asked(&stack, body).await;
    until(PATIENCE, async || {
        Ok((!questions_about(&stack, "unplanned").await.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    delete(&stack, project_of(&job), 204).await;
    assert_stopped(&stack, "unplanned").await;
    let left = until(PATIENCE, async || {
        Ok(objects(&stack).await.is_empty().then_some(()))
    })
    .await;
    left.expect("nothing is left of it");

    // When it is ready, beside another one of which nothing is taken.
    stack
        .gemini_settings(json!({"generate_ms": 0, "project_files": null, "project_chain": null}))
        .await
        .unwrap();
    let mut ready = Vec::new();
    for framework in ["static", "nextjs"] {
        let job = asked(
            &stack,
            json!({"project_type": "web", "framework": framework}),
        )
        .await;
        ready.push(made(&stack, &job).await);
    }
    delete(&stack, this(&ready[0]), 204).await;
    let kept = ready[1]["project_id"].as_str().unwrap();
    let prefix = format!("projects/{kept}/");
    assert!(
        objects(&stack)
            .await
            .iter()
            .all(|key| key.starts_with(&prefix))
    );
    let archive = ready[1]["links"]["archive"].as_str().unwrap();
    let _ = stack.get(archive).await.unwrap().expect(200);

    // With its video.
    delete(&stack, &format!("/v1/videos/{VIDEO}"), 204).await;
    let _ = stack.get(this(&ready[1])).await.unwrap().expect(404);
    assert_eq!(
        stack
            .objects()
            .await
            .unwrap()
            .iter()
            .filter(|key| !key.starts_with("transcripts/"))
            .count(),
        0
    );
    assert!(stack.rows("ProjectsTable").await.unwrap().is_empty());
}
