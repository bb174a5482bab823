//! Messages of builds that are delivered ten times, lost or dead-lettered.
//!
//! ```sh
//! cargo test --workspace --test system build_messages::
//! ```

use std::time::Duration;

use eventrelay::ids::JobId;
use eventrelay_tests::{
    PATIENCE, Stack,
    faults::{BUILDER, BUILDS, DEAD_BUILDS},
    is_open, read, until,
};
use reqwest::Method;
use serde_json::{Value, json};

const DEAD_LETTERED: &str = "urn:eventrelay:problem:dead-lettered";

/// Files of the project that the model writes.
const FILES: usize = 6;

/// The file that depends on nothing and others depend on, and the one that waits for most others.
const FIRST: usize = 0;
const LAST: usize = 5;

/// A stack with a video that is analysed.
async fn analysed(video: &str) -> Stack {
    let stack = Stack::breakable(&[
        ("GITHUB_WRITES_PER_SECOND", "0"),
        ("GITHUB_WRITES_PER_MINUTE", "0"),
        ("GITHUB_WRITES_PER_HOUR", "0"),
    ])
    .await
    .unwrap();
    let done = stack.run(json!({ "url": video })).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    stack
}

fn id(job: &Value) -> &str {
    job["job_id"].as_str().unwrap()
}

fn link<'a>(job: &'a Value, name: &str) -> &'a str {
    job["links"][name].as_str().unwrap()
}

fn part(job: &Value, number: usize) -> String {
    JobId::derived(id(job), &format!("file 0 {number}")).to_string()
}

/// Asks for a project of a video.
async fn project(stack: &Stack, video: &str, plan_only: bool) -> Value {
    let path = format!("/v1/videos/{video}/projects");
    let body = json!({"project_type": "web", "framework": "static", "plan_only": plan_only});
    stack.accepted(&path, body).await.unwrap()
}

/// Plans a project and returns the job that writes its files. No worker starts it while the queue is
/// not read.
async fn planned(stack: &Stack, video: &str) -> Value {
    let plan = project(stack, video, true).await;
    ends_as(stack, &plan, "done").await;
    stack.read_queue(BUILDER, false).await.unwrap();
    let path = format!("{}/retry?from=files", link(&plan, "project"));
    let answer = stack.call(Method::POST, &path, &[], None).await.unwrap();
    answer.expect(202).json()
}

async fn ends_as(stack: &Stack, job: &Value, status: &str) -> Value {
    let ended = stack.end_of(job).await.unwrap();
    assert_eq!(ended["status"], status, "{ended:#}");
    ended
}

async fn ten_copies(stack: &Stack, job: &str, step: u32) {
    for _ in 0..10 {
        let sent = stack.send_step_to(BUILDS, job, step, Duration::ZERO);
        sent.await.unwrap();
    }
}

async fn purge(stack: &Stack) {
    let url = stack.queue_url(BUILDS);
    let purge = stack.sqs().purge_queue().queue_url(url);
    purge.send().await.unwrap();
}

async fn give_up(stack: &Stack, job: &str, step: u32) {
    let sent = stack.send_step_to(DEAD_BUILDS, job, step, Duration::ZERO);
    sent.await.unwrap();
}

async fn questions(stack: &Stack) -> usize {
    stack.gemini_calls(":generateContent").await.unwrap().len()
}

/// A list of the control surface of GitHub's stand-in.
async fn github(stack: &Stack, name: &str) -> Vec<Value> {
    let url = format!("{}/_control/{name}", stack.ready.standins.github);
    let list = read(stack.client().get(url)).await.unwrap().json();
    list.as_array().unwrap().clone()
}

/// Waits until no message is left and no worker runs, then checks for leftovers.
async fn assert_nothing_is_left(stack: &Stack) {
    let quiet = async || {
        let left = stack.messages(BUILDS).await?;
        let rows = stack.rows("JobsTable").await?;
        Ok((left == 0 && !rows.iter().any(is_open)).then_some(()))
    };
    until(PATIENCE, quiet).await.expect("the queue is empty");
    assert_eq!(stack.leftovers().await.unwrap(), [""; 0]);
}

async fn is_there(stack: &Stack, job: &str) {
    let written = async || Ok(stack.job_row(job).await.ok());
    until(PATIENCE, written).await.unwrap();
}

/// Waits until a worker writes a file, which starts after its dependencies exist.
async fn is_begun(stack: &Stack, file: &str) {
    let writing = async || {
        let Ok((_, build)) = stack.job_row(file).await else {
            return Ok(None);
        };
        Ok((build["work"]["stage"]["stage"] == "writing").then_some(()))
    };
    until(PATIENCE, writing).await.unwrap();
}

#[tokio::test]
async fn build_message_delivered_ten_times_takes_effect_once() {
    let video = "CCCCCCCCCCA";
    let stack = analysed(video).await;
    let thinking = json!({"generate_ms": 1500});
    stack.gemini_settings(thinking).await.unwrap();
    let before = questions(&stack).await;

    // The step that opens the builds of the files, and those builds while the model thinks.
    let job = planned(&stack, video).await;
    assert_eq!(questions(&stack).await, before + 1, "the plan");
    ten_copies(&stack, id(&job), 0).await;
    stack.read_queue(BUILDER, true).await.unwrap();
    for number in [FIRST, LAST] {
        let file = part(&job, number);
        is_begun(&stack, &file).await;
        ten_copies(&stack, &file, 0).await;
        ten_copies(&stack, &file, 99).await;
    }
    ends_as(&stack, &job, "done").await;
    assert_eq!(questions(&stack).await, before + 1 + FILES);
    let rows = stack.rows("JobsTable").await.unwrap();
    let of_files = rows.iter().filter(|row| {
        let doc = row.get("doc").and_then(|doc| doc.as_s().ok());
        doc.is_some_and(|doc| doc.contains(r#""kind":"file""#))
    });
    assert_eq!(of_files.count(), FILES);

    // The step that makes a repository.
    stack.read_queue(BUILDER, false).await.unwrap();
    let path = format!("{}/deployments", link(&job, "project"));
    let deployment = stack.accepted(&path, json!({"target": "github"}));
    let deployment = deployment.await.unwrap();
    ten_copies(&stack, id(&deployment), 0).await;
    stack.read_queue(BUILDER, true).await.unwrap();
    ends_as(&stack, &deployment, "done").await;
    assert_nothing_is_left(&stack).await;
    let repositories = github(&stack, "repos").await;
    assert_eq!(repositories.len(), 1, "{repositories:#?}");
    assert_eq!(repositories[0]["commits"], 2, "GitHub's and ours");
    let calls = github(&stack, "calls").await;
    let made = calls.iter().filter(|call| call["path"] == "/user/repos");
    assert_eq!(made.count(), 1, "{calls:#?}");
    assert_eq!(questions(&stack).await, before + 1 + FILES);
    assert_eq!(stack.dead_letters().await.unwrap(), [Value::Null; 0]);
}

#[tokio::test]
async fn dead_lettered_build_message_fails_build_and_parent() {
    let video = "CCCCCCCCCCE";
    let stack = analysed(video).await;
    let ready = project(&stack, video, false).await;
    ends_as(&stack, &ready, "done").await;

    // No worker has started these.
    stack.read_queue(BUILDER, false).await.unwrap();
    let dead_lettered = project(&stack, video, false).await;
    let path = format!("{}/deployments", link(&ready, "project"));
    let deployment = stack.accepted(&path, json!({"target": "github"}));
    let deployment = deployment.await.unwrap();
    purge(&stack).await;
    for job in [&dead_lettered, &deployment] {
        give_up(&stack, id(job), 0).await;
    }
    stack.read_queue(BUILDER, true).await.unwrap();
    for (job, name) in [(&dead_lettered, "project"), (&deployment, "deployment")] {
        let failed = ends_as(&stack, job, "failed").await;
        assert_eq!(failed["error"]["type"], DEAD_LETTERED, "{failed:#}");
        let says_so = async || {
            let shown = stack.get_json(link(&failed, name)).await?;
            Ok(
                (shown["status"] == "failed" && shown["error"]["type"] == DEAD_LETTERED)
                    .then_some(()),
            )
        };
        until(PATIENCE, says_so).await.expect(name);
    }

    // A file that waits for the others, which are being written.
    let thinking = json!({"generate_ms": 1500});
    stack.gemini_settings(thinking).await.unwrap();
    let job = planned(&stack, video).await;
    stack.read_queue(BUILDER, true).await.unwrap();
    let file = part(&job, LAST);
    is_there(&stack, &file).await;
    give_up(&stack, &file, 0).await;
    let failed = ends_as(&stack, &job, "failed").await;
    assert_eq!(failed["error"]["type"], DEAD_LETTERED, "{failed:#}");

    let letters = stack.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 3, "{letters:#?}");
    assert_nothing_is_left(&stack).await;
    assert_eq!(github(&stack, "repos").await, [Value::Null; 0]);
}

#[tokio::test]
async fn sweeper_requeues_builds_with_lost_messages() {
    let video = "CCCCCCCCCCI";
    let stack = analysed(video).await;
    let revived = async |count: i64| {
        let done = stack.invoke("Sweep", json!({})).await.unwrap();
        assert_eq!(done["revived_jobs"].as_i64().unwrap_or(0), count, "{done}");
    };

    // Its message was never sent.
    stack.read_queue(BUILDER, false).await.unwrap();
    let lost = project(&stack, video, false).await;
    purge(&stack).await;
    stack.read_queue(BUILDER, true).await.unwrap();
    revived(0).await;
    stack.make_overdue(id(&lost)).await.unwrap();
    revived(1).await;
    ends_as(&stack, &lost, "done").await;

    // The worker that was to start the dependent files has crashed, and its message is lost.
    let before = questions(&stack).await;
    let job = planned(&stack, video).await;
    let starter = part(&job, FIRST);
    let death = json!({
        "function": BUILDER, "match": starter, "effect": "sqs SendMessage", "at": 1, "when": "before",
    });
    let planned = stack.admin(Method::POST, "/faults/kills", death);
    planned.await.unwrap();
    stack.read_queue(BUILDER, true).await.unwrap();
    let died = async || Ok(stack.kills().await?[0].killed_at.is_some().then_some(()));
    until(PATIENCE, died).await.expect("it dies");
    stack.read_queue(BUILDER, false).await.unwrap();
    purge(&stack).await;
    stack.read_queue(BUILDER, true).await.unwrap();
    stack.make_overdue(&starter).await.unwrap();
    revived(1).await;
    ends_as(&stack, &job, "done").await;
    assert_eq!(questions(&stack).await, before + 1 + FILES);
    assert_nothing_is_left(&stack).await;
    assert_eq!(stack.dead_letters().await.unwrap(), [Value::Null; 0]);
}
