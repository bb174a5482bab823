//! From a video to a deployment in one call.

use eventrelay_tests::{PATIENCE, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{ACCOUNT, VIDEO, World, slug};

const PATH: &str = "/v1/video-to-software";

#[tokio::test]
async fn video_to_software_ends_with_a_deployment() {
    let world = World::start().await;
    stages_run_in_order(&world).await;
    failed_analysis_fails_software(&world).await;
    failed_deployment_fails_software(&world).await;
    cancelling_software_cancels_its_child(&world).await;
    impossible_request_is_refused(&world).await;
}

fn asked(video: &str, target: &str, name: &str) -> Value {
    let mut asked = json!({"url": video, "project_type": "web", "framework": "static",
        "deployment_target": target, "features": ["a list of the chapters"]});
    if !name.is_empty() {
        asked["repository"] = json!({ "name": name });
    }
    asked
}

/// Names and states of the stages of a job.
fn stages(job: &Value) -> Vec<(&str, &str)> {
    let stages = job["stages"].as_array().unwrap().iter();
    let stages = stages.map(|one| {
        let part = |name: &str| one[name].as_str().unwrap();
        (part("stage"), part("status"))
    });
    stages.collect()
}

async fn stages_run_in_order(world: &World) {
    let begun = world
        .stack
        .accepted(PATH, asked("SSSSSSSSSSE", "github", "whole"));
    let begun = begun.await.unwrap();
    assert_eq!(begun["kind"], "software");
    let expected = [
        ("analysing", "running"),
        ("building", "waiting"),
        ("deploying", "waiting"),
    ];
    assert_eq!(stages(&begun), expected);
    let link = begun["links"]["job"].as_str().unwrap();
    let mut seen: Vec<String> = Vec::new();
    let done = until(PATIENCE, async || {
        let job = world.stack.get_json(link).await?;
        let stage = job["stage"].as_str().unwrap();
        if seen.last().is_none_or(|last| last != stage) {
            seen.push(stage.to_owned());
        }
        Ok((stage == "done" || job["status"] == "failed").then_some(job))
    });
    let done = done.await.unwrap();
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("done"), &json!(100)),
        "{done:#}"
    );
    let order = ["analysing", "building", "deploying", "done"];
    let places = seen
        .iter()
        .map(|stage| order.iter().position(|one| one == stage));
    assert!(places.is_sorted(), "{seen:?}");
    let expected = [
        ("analysing", "done"),
        ("building", "done"),
        ("deploying", "done"),
    ];
    assert_eq!(stages(&done), expected);

    // Each stage has a job, and its result can be read.
    for stage in done["stages"].as_array().unwrap() {
        let job = world
            .stack
            .get_json(stage["job"].as_str().unwrap())
            .await
            .unwrap();
        assert_eq!(job["status"], "done", "{stage}: {job:#}");
    }
    let link = |name: &str| done["links"][name].as_str().unwrap();
    let analysis = world.stack.get_json(link("video")).await.unwrap();
    assert_eq!(analysis["video"]["id"], "yt:SSSSSSSSSSE");
    let project = world.stack.get_json(link("project")).await.unwrap();
    assert_eq!(project["video_id"], "yt:SSSSSSSSSSE");
    assert_eq!(project["features"], json!(["a list of the chapters"]));
    let deployment = world.stack.get_json(link("deployment")).await.unwrap();
    assert_eq!(deployment["change"], "created", "{deployment:#}");
    let files = world.files(project["project_id"].as_str().unwrap()).await;
    let clone = world.clone_of(&format!("{ACCOUNT}/whole")).await;
    assert_eq!(clone.files("HEAD").await, files);
}

async fn failed_analysis_fails_software(world: &World) {
    let fault = json!({"on": "generate", "match": "SSSSSSSSSSI", "times": null,
        "fault": {"kind": "blocked", "reason": "SAFETY"}});
    world.stack.gemini_fault(fault).await.unwrap();
    let begun = world
        .stack
        .accepted(PATH, asked("SSSSSSSSSSI", "github", "never"));
    let failed = world.stack.end_of(&begun.await.unwrap()).await.unwrap();
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(slug(&failed["error"]), "prompt-blocked");
    let expected = [
        ("analysing", "failed"),
        ("building", "waiting"),
        ("deploying", "waiting"),
    ];
    assert_eq!(stages(&failed), expected);
    let analysis = failed["stages"][0]["job"].as_str().unwrap();
    let analysis = world.stack.get_json(analysis).await.unwrap();
    assert_eq!(analysis["error"], failed["error"]);
    assert!(world.repositories("never").await.is_empty());
}

async fn failed_deployment_fails_software(world: &World) {
    let message = "Command \"build\" exited with 1";
    let failure = json!({"failure": {"message": message}, "build_ms": 100});
    world.set("vercel", failure).await;
    let begun = world.stack.accepted(PATH, asked(VIDEO, "vercel", ""));
    let failed = world.stack.end_of(&begun.await.unwrap()).await.unwrap();
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(slug(&failed["error"]), "deployment-broken");
    let expected = [
        ("analysing", "done"),
        ("building", "done"),
        ("deploying", "failed"),
    ];
    assert_eq!(stages(&failed), expected);
}

/// Cancels a job while its stage `stage` runs, and waits until the job and its child have ended.
async fn cancel_in(world: &World, begun: &Value, stage: usize) {
    let link = begun["links"]["job"].as_str().unwrap();
    let there = until(PATIENCE, async || {
        let job = world.stack.get_json(link).await?;
        let child = job["stages"][stage]["job"].as_str();
        Ok(child.map(str::to_owned))
    });
    let child = there.await.unwrap();
    let cancelled = world.stack.call(Method::DELETE, link, &[], None).await;
    let cancelled = cancelled.unwrap();
    assert!(cancelled.status.is_success(), "{}", cancelled.text());
    let job = world.stack.end_of(begun).await.unwrap();
    assert_eq!(job["status"], "cancelled", "{job:#}");
    assert_eq!(stages(&job)[stage].1, "cancelled");
    let child = json!({"job_id": child.rsplit('/').next().unwrap()});
    let child = world.stack.end_of(&child).await.unwrap();
    assert_eq!(child["status"], "cancelled", "{child:#}");
}

async fn cancelling_software_cancels_its_child(world: &World) {
    let slow = json!({"generate_ms": 20_000});
    world.stack.gemini_settings(slow).await.unwrap();
    let begun = world.stack.accepted(PATH, asked(VIDEO, "github", "halted"));
    cancel_in(world, &begun.await.unwrap(), 1).await;
    world
        .stack
        .gemini_settings(json!({"generate_ms": 0}))
        .await
        .unwrap();

    let fault = json!({"on": "tree", "match": "halted-late", "times": null,
        "fault": {"kind": "status", "status": 503}});
    world.fault("github", fault).await;
    let begun = world
        .stack
        .accepted(PATH, asked(VIDEO, "github", "halted-late"));
    cancel_in(world, &begun.await.unwrap(), 2).await;
    let repository = world.repositories("halted").await;
    assert!(
        repository.iter().all(|one| one["commits"] == 1),
        "{repository:#?}"
    );
}

async fn impossible_request_is_refused(world: &World) {
    let with = |field: &str, value: Value| {
        let mut asked = asked(VIDEO, "github", "");
        asked[field] = value;
        asked
    };
    let mut both = with("upload_id", json!("0".repeat(64)));
    both["url"] = json!(VIDEO);
    for (asked, field) in [
        (with("deployment_target", json!("ftp")), "deployment_target"),
        (with("deployment_target", Value::Null), "deployment_target"),
        (with("project_type", json!("game")), "project_type"),
        (with("framework", json!("axum")), "framework"),
        (both, "upload_id"),
        (with("url", Value::Null), "url"),
    ] {
        let problem = world.stack.post(PATH, asked.clone()).await.unwrap();
        let problem = problem.expect(422).json();
        assert_eq!(problem["field"], field, "{asked}: {problem}");
    }
    for target in ["netlify", "github_pages"] {
        let mut asked = asked(VIDEO, target, "");
        asked["framework"] = json!("nextjs");
        let problem = world.stack.post(PATH, asked).await.unwrap();
        assert_eq!(problem.expect(422).json()["field"], "deployment_target");
    }
}
