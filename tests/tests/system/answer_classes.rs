//! Answers of stand-ins are not served where a model is configured, and a plain submission is shown
//! its own analysis.

use eventrelay_tests::{Stack, repository};
use serde_json::{Value, json};

const MODEL: &str = "gemini-3.8-flash";

/// Nothing is remembered, so that the test sees what it has just changed.
const FORGETFUL: (&str, &str) = ("MEMORY_TTL_S", "0");

/// A stack whose stand-ins take the place of the real services of another one.
async fn real_services() -> Stack {
    let stack = Stack::start().await.unwrap();
    let settings = json!({"model_version": MODEL});
    stack.gemini_settings(settings).await.unwrap();
    stack
}

async fn listed(stack: &Stack, video: &str) -> Value {
    let listing = stack.get_json("/v1/videos").await.unwrap();
    let videos = listing["videos"].as_array().unwrap();
    let one = videos.iter().find(|one| one["video_id"] == video);
    one.unwrap().clone()
}

async fn model_of(stack: &Stack, url: &str) -> Value {
    stack.get_json(url).await.unwrap()["provenance"]["model"].clone()
}

#[tokio::test]
async fn stand_in_answer_is_replaced_where_a_model_is_configured() {
    let real = real_services().await;
    let mut stack = Stack::with(&[FORGETFUL]).await.unwrap();
    let (video, submission) = ("yt:EEEEEEEEEEA", json!({"url": "EEEEEEEEEEA"}));
    let path = format!("/v1/videos/{video}");

    let job = stack.run(submission.clone()).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let ready = stack.post("/v1/videos", submission.clone()).await.unwrap();
    assert_eq!(ready.expect(200).json()["answered_by"], "stand-in");
    let page = stack
        .get(&format!("{path}?format=md"))
        .await
        .unwrap()
        .text();
    let first: Vec<_> = page.lines().take(5).collect();
    assert!(
        first.concat().contains("No AI model was asked"),
        "{first:?}"
    );
    let project = json!({"project_type": "api", "framework": "axum"});
    let job = stack
        .accepted(&format!("{path}/projects"), project.clone())
        .await
        .unwrap();
    let job = stack.end_of(&job).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let made = job["links"]["project"].as_str().unwrap().to_owned();
    let made = stack.get_json(&made).await.unwrap();
    assert_eq!(made["answered_by"], "stand-in");
    let readme = made["manifest"]["files"].as_array().unwrap().iter();
    let readme = readme.clone().find(|file| file["path"] == "README.md");
    let readme = stack.get(readme.unwrap()["link"].as_str().unwrap()).await;
    assert!(readme.unwrap().text().contains("No AI model was asked"));
    // A failure that a stand-in has made up says nothing of the real service either.
    let fault = json!({"on": "generate", "match": "EEEEEEEEEEE", "times": 1,
        "fault": {"kind": "inaccessible_video"}});
    stack.gemini_fault(fault).await.unwrap();
    let failed = stack.run(json!({"url": "EEEEEEEEEEE"})).await.unwrap();
    assert_eq!(failed["status"], "failed", "{failed:#}");

    let standins = &real.ready.standins;
    let (gemini, youtube) = (standins.gemini.clone(), standins.youtube.clone());
    let with_a_key = [
        FORGETFUL,
        ("GEMINI_API_KEY", "k"),
        ("GEMINI_BASE_URL", gemini.as_str()),
        ("YOUTUBE_OEMBED_BASE_URL", youtube.as_str()),
    ];
    stack.redeploy(&with_a_key).await.unwrap();
    // Shown as what it is until it is replaced, and nothing is built on it.
    assert_eq!(model_of(&stack, &path).await, "stand-in");
    assert_eq!(listed(&stack, video).await["answered_by"], "stand-in");
    let refused = stack.post(&format!("{path}/projects"), project).await;
    assert_eq!(
        refused.unwrap().expect(409).json()["type"],
        "urn:eventrelay:problem:conflict"
    );
    let retry = format!(
        "/v1/projects/{}/retry",
        made["project_id"].as_str().unwrap()
    );
    let _ = stack.post(&retry, json!({})).await.unwrap().expect(409);
    let batch = json!({"videos": [submission.clone(), "EEEEEEEEEEE"]});
    let batch = stack.post("/v1/videos/batch", batch).await.unwrap();
    let batch = batch.expect(200).json();
    for entry in batch["videos"].as_array().unwrap() {
        assert_eq!(entry["outcome"], "queued", "{batch:#}");
        let job = stack.end_of(&entry["job"]).await.unwrap();
        assert_eq!(job["status"], "done", "{job:#}");
    }
    assert_eq!(model_of(&stack, &path).await, MODEL);
    let ready = stack.post("/v1/videos", submission.clone()).await.unwrap();
    assert_eq!(ready.expect(200).json()["answered_by"], "model");

    // The answer of a model also serves where a stand-in is configured.
    stack.redeploy(&[FORGETFUL]).await.unwrap();
    let ready = stack.post("/v1/videos", submission).await.unwrap();
    assert_eq!(ready.expect(200).json()["answered_by"], "model");
}

#[tokio::test]
async fn plain_submission_is_shown_its_own_analysis() {
    let stack = Stack::start().await.unwrap();
    let bytes = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let transcript = std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap();
    let upload = stack.upload("talk.mp4", bytes).await.unwrap();
    let plain = json!({"upload_id": upload});
    let first = stack.run(plain.clone()).await.unwrap();
    assert_eq!(first["status"], "done", "{first:#}");
    let link = first["links"]["video"].as_str().unwrap().to_owned();
    let own = stack.get_json(&link).await.unwrap();

    let part = json!({"upload_id": upload, "transcript": transcript, "start_s": 10, "end_s": 20});
    let other = stack.run(part).await.unwrap();
    assert_eq!(other["status"], "done", "{other:#}");
    let of_part = other["links"]["video"].as_str().unwrap();
    let of_part = stack.get_json(of_part).await.unwrap();
    assert_ne!(own, of_part);

    assert_eq!(stack.get_json(&link).await.unwrap(), own);
    let again = stack.post("/v1/videos", plain).await.unwrap();
    let again = again.expect(200).json();
    let link = again["links"]["video"].as_str().unwrap();
    assert_eq!(stack.get_json(link).await.unwrap(), own);
    let video = first["video_id"].as_str().unwrap();
    let path = format!("/v1/videos/{video}");
    assert_eq!(stack.get_json(&path).await.unwrap(), own);
    for part in ["transcript", "events"] {
        let shown = stack.get_json(&format!("{path}/{part}")).await.unwrap();
        assert_eq!(shown[part], own[part], "{part}");
    }
    // The listing links to the newest analysis.
    let newest = listed(&stack, video).await;
    let link = newest["links"]["video"].as_str().unwrap();
    assert_eq!(stack.get_json(link).await.unwrap(), of_part);
}

#[tokio::test]
async fn newest_analysis_is_shown_where_no_plain_one_was_made() {
    let stack = Stack::start().await.unwrap();
    let german = json!({"url": "EEEEEEEEEEI", "language": "de"});
    let job = stack.run(german).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let shown = stack.get_json("/v1/videos/yt:EEEEEEEEEEI").await.unwrap();
    let own = job["links"]["video"].as_str().unwrap();
    assert_eq!(shown, stack.get_json(own).await.unwrap());
}
