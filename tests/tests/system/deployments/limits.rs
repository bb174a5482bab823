//! Rate limits of GitHub are respected without repeated effects.

use eventrelay::{
    clock::Timestamp,
    config::LimitsConfig,
    limit::{Condition, Cost, Decision, Target},
    store::limits::Limits,
};
use eventrelay_tests::{PATIENCE, until};
use futures_util::future::join_all;
use serde_json::json;

use super::world::World;

/// The queue of builds, by the lower case of its name in the template.
const QUEUE: &str = "BuildsQueue";

#[tokio::test]
async fn deployment_waits_as_long_as_github_says() {
    let world = World::start().await;
    let project = world.site().await;
    for (name, fault, seconds) in [
        // Without a word of how long, at least a minute.
        ("unsaid", json!({"kind": "secondary_limit"}), 60),
        (
            "said",
            json!({"kind": "secondary_limit", "retry_after_s": 90, "status": 429}),
            90,
        ),
        (
            "spent",
            json!({"kind": "primary_limit", "reset_s": 300}),
            295,
        ),
    ] {
        world.trouble(name, "commit", fault).await;
        let asked = json!({"target": "github", "repository": {"name": name}});
        let job = world.ask(&project, asked).await;
        let id = job["job_id"].as_str().unwrap();
        let row = until(PATIENCE, async || {
            let (_, row) = world.stack.job_row(id).await?;
            Ok((row["attempts"] == 1).then_some(row))
        });
        let row = row.await.unwrap();
        let at = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("{row:#}"));
        let wait = at("due_at") - at("updated_at");
        assert!(wait >= seconds * 1000, "{name}: {wait} ms: {row:#}");
        assert!(wait <= seconds * 1200, "{name}: {wait} ms: {row:#}");

        // No other call is sent either.
        let before = world.shown("github", "calls").await.len();
        let other = json!({"target": "github", "repository": {"name": format!("after-{name}")}});
        let other = world.ask(&project, other).await;
        let held = until(PATIENCE, async || {
            let row = world.stack.job_row(other["job_id"].as_str().unwrap());
            let (_, row) = row.await?;
            let far = at("updated_at") + seconds * 900;
            Ok((row["due_at"].as_u64() >= Some(far)).then_some(row))
        });
        held.await.unwrap();
        assert_eq!(world.shown("github", "calls").await.len(), before, "{name}");

        // The time is over.
        world.stack.forget_limits().await.unwrap();
        for job in [&job, &other] {
            come(&world, job["job_id"].as_str().unwrap()).await;
            let deployment = world.end_of(job).await;
            assert_eq!(deployment["change"], "created", "{deployment:#}");
        }
        let repository = world.repository(name).await;
        assert_eq!(repository["commits"], 2, "{repository:#}");
    }
}

/// Deployments that have to wait for one another read nothing twice.
#[tokio::test]
async fn throttled_deployments_send_no_extra_requests() {
    let world = World::with(&[
        ("GITHUB_WRITES_PER_SECOND", "3"),
        ("GITHUB_WRITES_PER_MINUTE", "0"),
        ("GITHUB_WRITES_PER_HOUR", "0"),
    ]);
    let world = world.await;
    let project = world.site().await;
    let names = ["one", "two", "three", "four"];
    let asked = names.map(|name| json!({"target": "github", "repository": {"name": name}}));
    let jobs = asked.map(|asked| world.ask(&project, asked));
    for job in join_all(jobs).await {
        let deployment = world.end_of(&job).await;
        assert_eq!(deployment["change"], "created", "{deployment:#}");
    }
    let calls = world.calls("github", "").await;
    assert_eq!(calls.len(), 5 * names.len(), "{calls:#?}");
}

/// After an outage of GitHub, the concurrent request must not prevent the trial call of the
/// half-open circuit breaker.
#[tokio::test]
async fn tree_request_probes_github_after_outage() {
    let world = World::with(&[
        ("GITHUB_WRITES_PER_SECOND", "0"),
        ("GITHUB_WRITES_PER_MINUTE", "0"),
        ("GITHUB_WRITES_PER_HOUR", "0"),
    ]);
    let world = world.await;
    let project = world.site().await;
    let limited = json!({"kind": "secondary_limit"});
    world.trouble("back", "tree", limited).await;
    let asked = json!({"target": "github", "repository": {"name": "back"}});
    let job = world.ask(&project, asked).await;
    let id = job["job_id"].as_str().unwrap();
    let waits = until(PATIENCE, async || {
        let (_, row) = world.stack.job_row(id).await?;
        Ok((row["attempts"] == 1).then_some(()))
    });
    waits.await.unwrap();

    // The circuit breaker opened two minutes ago.
    world.stack.forget_limits().await.unwrap();
    let limits = Limits::new(
        world.stack.dynamodb(),
        world.stack.name("ControlsTable").to_owned(),
    );
    let policy = Target::GitHub.policy(&LimitsConfig {
        circuit_breakers: true,
        ..LimitsConfig::default()
    });
    let past = Timestamp(Timestamp::now().0 - 120_000);
    let mut is_open = false;
    while !is_open {
        let call = limits.acquire(&policy, Cost::CALL, false, || past);
        assert_eq!(call.await.unwrap(), Decision::Pass { probe: false });
        is_open = limits.failed(&policy.name, false, past).await.unwrap();
    }
    let level = limits
        .states(std::slice::from_ref(&policy.name))
        .await
        .unwrap();
    assert_eq!(level[0].condition(Timestamp::now()), Condition::HalfOpen);

    come(&world, id).await;
    let deployment = world.end_of(&job).await;
    assert_eq!(deployment["change"], "created", "{deployment:#}");
    let level = limits.states(&[policy.name]).await.unwrap();
    assert_eq!(level[0].condition(Timestamp::now()), Condition::Closed);
}

/// Makes a waiting job due and sends its message.
pub(crate) async fn come(world: &World, id: &str) {
    world.stack.make_overdue(id).await.unwrap();
    let (version, _) = world.stack.job_row(id).await.unwrap();
    let body = json!({"v": 1, "job_id": id, "step": version});
    world
        .stack
        .sqs()
        .send_message()
        .queue_url(world.stack.queue_url(QUEUE))
        .message_body(body.to_string())
        .send()
        .await
        .unwrap();
}
