//! Skipped and failed deployments and their leftovers.

use std::time::Duration;

use eventrelay::{
    build::{
        Build, Work,
        deployment::{DeploymentWork, Stage},
    },
    clock::Timestamp,
    ids::JobId,
    project::{DeploymentId, DeploymentResult, DeploymentStatus},
    store::{jobs::Jobs, projects::Projects},
};
use eventrelay_tests::{PATIENCE, Stack, until};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    limits::come,
    world::{ACCOUNT, VIDEO, World, project, slug},
};

#[tokio::test]
async fn unconfigured_target_is_skipped() {
    let without = ["GITHUB_SECRET", "VERCEL_SECRET", "NETLIFY_SECRET"].map(|name| (name, ""));
    let stack = Stack::with(&without).await.unwrap();
    let job = stack.run(json!({"url": VIDEO})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let asked = json!({"project_type": "web", "framework": "static"});
    let site = project(&stack, asked).await;
    for (target, missing) in [
        ("github", "a token of GitHub"),
        ("github_pages", "a token of GitHub"),
        ("vercel", "a token of Vercel"),
        ("netlify", "a token of Netlify"),
    ] {
        let path = format!("/v1/projects/{site}/deployments");
        let job = stack
            .accepted(&path, json!({"target": target}))
            .await
            .unwrap();
        let link = job["links"]["deployment"].as_str().unwrap();
        let skipped = until(PATIENCE, async || {
            let shown = stack.get_json(link).await?;
            Ok((shown["status"] != "running").then_some(shown))
        });
        let skipped = skipped.await.unwrap();
        let said = [&skipped["status"], &skipped["stage"], &skipped["missing"]];
        assert_eq!(said, ["skipped", "skipped", missing], "{skipped:#}");
        assert!(skipped["error"].is_null());
        assert_eq!(stack.end_of(&job).await.unwrap()["status"], "done");
    }
    // Video-to-software still analyzes and builds if its target is not configured.
    let asked = json!({"url": VIDEO, "project_type": "web", "framework": "static",
        "deployment_target": "netlify"});
    let job = stack
        .accepted("/v1/video-to-software", asked)
        .await
        .unwrap();
    let job = stack.end_of(&job).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let link = |name: &str| job["links"][name].as_str().unwrap();
    let made = stack.get_json(link("project")).await.unwrap();
    assert_eq!(made["status"], "ready", "{made:#}");
    let skipped = stack.get_json(link("deployment")).await.unwrap();
    assert_eq!(skipped["status"], "skipped", "{skipped:#}");
}

#[tokio::test]
async fn failed_deployment_removes_or_reports_its_leftovers() {
    let world = World::start().await;
    let site = world.site().await;
    a_dry_run_tells_the_calls_and_makes_none(&world, &site).await;
    a_repository_is_deleted_if_that_is_wanted_and_it_is_ours(&world, &site).await;
    a_repository_that_another_deployment_wants_stays(&world, &site).await;
    a_repository_that_cannot_be_deleted_holds_up_nothing(&world, &site).await;
    a_cancelled_deployment_goes_no_further(&world, &site).await;
    a_repository_that_was_made_meanwhile_is_known(&world, &site).await;
    a_deployment_of_a_deleted_project_leaves_no_row(&world, &site).await;
}

async fn a_dry_run_tells_the_calls_and_makes_none(world: &World, site: &str) {
    let path = format!("/v1/projects/{site}/deployments");
    let files = world.files(site).await;
    let project = world.stack.get_json(&format!("/v1/projects/{site}")).await;
    let validation = project.unwrap()["validation"].clone();
    assert!(validation["findings"].is_array(), "{validation:#}");
    let mut told = Vec::new();
    for (target, service) in [
        ("github", "github"),
        ("github_pages", "github"),
        ("vercel", "vercel"),
        ("netlify", "netlify"),
    ] {
        let asked = json!({"target": target, "dry_run": true});
        let dry = world.stack.post(&path, asked).await.unwrap();
        let dry = dry.expect(200).json();
        assert_eq!(dry["target"], target);
        assert_eq!(dry["validation"], validation);
        assert_eq!(
            (&dry["dry_run"], &dry["target"]),
            (&json!(true), &json!(target))
        );
        let listed = dry["files"].as_array().unwrap();
        for file in listed {
            let (mode, content) = &files[file["path"].as_str().unwrap()];
            let expected = (&json!(content.len()), &json!(mode));
            assert_eq!((&file["bytes"], &file["mode"]), expected);
        }
        assert_eq!(listed.len() == files.len(), target != "netlify", "{target}");
        assert_eq!(world.shown(service, "calls").await, Vec::<Value>::new());
        told.push(dry);
    }
    let list = world.stack.get_json(&path).await.unwrap();
    assert_eq!(list["deployments"], json!([]));

    // The calls of a real one are those that were told.
    let deployment = world.deploy(site, json!({"target": "github"})).await;
    let owner = format!("/{ACCOUNT}/");
    let expected = told[0]["calls"].as_array().unwrap().iter().map(|call| {
        assert_eq!(call["times"], 1, "{call}");
        let path = call["path"].as_str().unwrap().replace("/{owner}/", &owner);
        (call["method"].as_str().unwrap().to_owned(), path)
    });
    let mut expected: Vec<_> = expected.collect();
    let mut made = world.calls("github", "").await;
    expected.sort_unstable();
    made.sort_unstable();
    assert_eq!(made, expected, "{deployment:#}");
}

/// Fails the deployment of a site at its last step.
async fn fail_late(world: &World, site: &str, name: &str, delete: bool) -> Value {
    let body = json!({"message": "Not today"});
    let fault = json!({"kind": "status", "status": 400, "body": body});
    world.trouble(name, "pages", fault).await;
    let asked = json!({"target": "github_pages", "repository": {"name": name},
        "delete_on_failure": delete});
    let failed = world.deploy(site, asked).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(slug(&failed["error"]), "upstream-rejected");
    assert_eq!(failed["repository"], format!("{ACCOUNT}/{name}"));
    assert_eq!(failed["made_repository"], true);
    failed
}

/// The deployment once its job has nothing left to do.
async fn settled(world: &World, deployment: &Value) -> Value {
    let job = deployment["links"]["job"].as_str().unwrap();
    let id = job.rsplit('/').next().unwrap();
    let settled = until(PATIENCE, async || {
        let (_, row) = world.stack.job_row(id).await?;
        Ok((row["settled"] == true).then_some(()))
    });
    settled.await.unwrap();
    let link = deployment["links"]["self"].as_str().unwrap();
    world.stack.get_json(link).await.unwrap()
}

async fn a_repository_is_deleted_if_that_is_wanted_and_it_is_ours(world: &World, site: &str) {
    let kept = fail_late(world, site, "kept", false).await;
    let kept = settled(world, &kept).await;
    assert_eq!(kept["deleted_repository"], false);
    assert_eq!(world.repository("kept").await["commits"], 2);

    let deleted = fail_late(world, site, "deleted", true).await;
    let deleted = settled(world, &deleted).await;
    assert_eq!(deleted["deleted_repository"], true, "{deleted:#}");
    assert!(world.repositories("deleted").await.is_empty());

    // Another author has written into it.
    let moved = json!({"kind": "ref_moved"});
    world.trouble("shared", "pages", moved).await;
    let shared = fail_late(world, site, "shared", true).await;
    let shared = settled(world, &shared).await;
    assert_eq!(shared["deleted_repository"], false, "{shared:#}");
    let repository = world.repository("shared").await;
    assert!(
        repository["files"]["foreign.txt"].is_object(),
        "{repository:#}"
    );
}

async fn a_repository_that_another_deployment_wants_stays(world: &World, site: &str) {
    // The second one has started before the first one ends.
    let slow = json!({"kind": "slow", "ms": 15000});
    world.trouble("wanted", "create_repo", slow).await;
    let asked = json!({"target": "github", "repository": {"name": "wanted"}});
    let second = world.ask(site, asked).await;
    let id = second["job_id"].as_str().unwrap().parse().unwrap();
    at_work(world, &id).await;
    let failed = fail_late(world, site, "wanted", true).await;
    let failed = settled(world, &failed).await;
    assert_eq!(failed["deleted_repository"], false, "{failed:#}");
    let second = world.end_of(&second).await;
    assert_eq!(second["change"], "unchanged", "{second:#}");
    assert_eq!(world.repository("wanted").await["commits"], 2);
}

/// A token that may not delete is a common one.
async fn a_repository_that_cannot_be_deleted_holds_up_nothing(world: &World, site: &str) {
    let body = json!({"message": "Must have admin rights to Repository."});
    let fault = json!({"on": "delete_repo", "match": "undeletable", "times": null,
        "fault": {"kind": "status", "status": 403, "body": body}});
    world.fault("github", fault).await;
    let failed = fail_late(world, site, "undeletable", true).await;
    assert_eq!(failed["deleted_repository"], false);
    assert_eq!(world.repository("undeletable").await["commits"], 2);
}

async fn a_cancelled_deployment_goes_no_further(world: &World, site: &str) {
    let slow = json!({"kind": "status", "status": 503});
    let fault = json!({"on": "commit", "match": "cancelled", "times": null, "fault": slow});
    world.fault("github", fault).await;
    let asked = json!({"target": "github", "repository": {"name": "cancelled"},
        "delete_on_failure": true});
    let job = world.ask(site, asked).await;
    let tried = until(PATIENCE, async || {
        let calls = world.calls("github", "cancelled/git/commits").await;
        Ok((!calls.is_empty()).then_some(()))
    });
    tried.await.unwrap();
    delete(world, job["links"]["job"].as_str().unwrap()).await;
    let deployment = world.end_of(&job).await;
    assert_eq!(deployment["status"], "cancelled", "{deployment:#}");
    let deployment = settled(world, &deployment).await;
    assert_eq!(deployment["deleted_repository"], true, "{deployment:#}");
    assert!(world.repositories("cancelled").await.is_empty());
}

fn jobs(world: &World) -> Jobs {
    Jobs::new(
        world.stack.dynamodb(),
        world.stack.name("JobsTable").to_owned(),
    )
}

/// Waits until a worker runs a step of a job.
async fn at_work(world: &World, id: &JobId) {
    let jobs = jobs(world);
    let begun = until(PATIENCE, async || {
        let row = jobs.get::<Build>(id).await?;
        Ok(row.and_then(|row| row.running_until))
    });
    begun.await.unwrap();
}

async fn delete(world: &World, link: &str) {
    let deleted = world.stack.call(Method::DELETE, link, &[], None);
    let deleted = deleted.await.unwrap();
    assert!(deleted.status.is_success(), "{}", deleted.text());
}

/// Cancelled while GitHub makes its repository, a deployment has ended before it learns of it.
async fn a_repository_that_was_made_meanwhile_is_known(world: &World, site: &str) {
    let one = async |name: &str, wanted: bool| {
        // Longer than a step runs without a check of its lease.
        let slow = json!({"kind": "slow", "ms": 7000});
        world.trouble(name, "create_repo", slow).await;
        let asked = json!({"target": "github", "repository": {"name": name},
            "delete_on_failure": wanted});
        let job = world.ask(site, asked).await;
        let id = job["job_id"].as_str().unwrap().parse().unwrap();
        at_work(world, &id).await;
        delete(world, job["links"]["job"].as_str().unwrap()).await;
        let link = job["links"]["deployment"].as_str().unwrap();
        let told = until(PATIENCE, async || {
            let shown = world.stack.get_json(link).await?;
            let knows = shown["made_repository"] == true && shown["deleted_repository"] == wanted;
            Ok(knows.then_some(shown))
        });
        let told = told.await.unwrap();
        assert_eq!(told["status"], "cancelled", "{told:#}");
        assert_eq!(told["repository"], format!("{ACCOUNT}/{name}"), "{told:#}");
        let there = world.repositories(name).await.len();
        assert_eq!(there, usize::from(!wanted), "{told:#}");
    };
    join(one("late-kept", false), one("late-deleted", true)).await;
}

/// Begun at the very moment, it is not among those that are deleted with their project.
async fn a_deployment_of_a_deleted_project_leaves_no_row(world: &World, site: &str) {
    let known = world.deploy_to(site, "of-the-deleted").await;
    let known: DeploymentId = known["deployment_id"].as_str().unwrap().parse().unwrap();
    let dynamodb = world.stack.dynamodb();
    let projects = Projects::new(
        dynamodb,
        world.stack.name("ProjectsTable").to_owned(),
        jobs(world),
    );
    let mut late = projects.deployment(&known).await.unwrap().unwrap().doc;
    delete(world, &format!("/v1/projects/{site}")).await;

    let now = Timestamp::now();
    (late.id, late.job) = (DeploymentId::random(), JobId::random());
    late.status = DeploymentStatus::Running;
    let work = Work::Deployment(DeploymentWork {
        deployment: late.id.clone(),
        project: late.project.clone(),
        manifest: late.manifest.clone(),
        request: late.request.clone(),
        result: DeploymentResult::default(),
        blobs: 0,
        stage: Stage::first(late.request.target, None),
    });
    let deadline = now + Duration::from_secs(3600);
    let build = Build::new(late.job.clone(), work, deadline, now);
    assert!(projects.start(&late, None, &build).await.unwrap());
    come(world, late.job.as_str()).await;
    let gone = until(PATIENCE, async || {
        let row = projects.deployment(&late.id).await?;
        Ok(row.is_none().then_some(()))
    });
    gone.await.unwrap();
}
