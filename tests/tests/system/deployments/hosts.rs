//! Sites are published where they are served, and what is served is what was made.

use eventrelay_tests::{PATIENCE, read, until};
use futures_util::future::join3;
use serde_json::{Value, json};

use super::world::{ACCOUNT, Files, World, file, project, slug};

#[tokio::test]
async fn deployed_site_serves_the_generated_files() {
    let world = World::start().await;
    join3(vercel(&world), netlify(&world), pages(&world)).await;
    // No token is anywhere but in headers.
    for service in ["vercel", "netlify"] {
        assert!(world.calls(service, &world.token).await.is_empty());
    }
    let written = world.written();
    assert!(memchr::memmem::find(&written, world.token.as_bytes()).is_none());
}

/// Each file that is served can be had below a URL.
async fn is_served(world: &World, base: &str, files: &Files) {
    for (path, (_, bytes)) in files {
        let url = format!("{}/{path}", base.trim_end_matches('/'));
        let served = until(PATIENCE, async || {
            let page = read(world.stack.client().get(&url)).await?;
            Ok((page.status == 200).then_some(page))
        });
        let served = served
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(served.body, *bytes, "{url}");
    }
}

/// Files of a project that a host serves.
fn published(files: &Files) -> Files {
    let is_public = |path: &str| !path.split('/').any(|part| part.starts_with('.'));
    let mut files = files.clone();
    files.retain(|path, _| is_public(path));
    files
}

fn is_published(deployment: &Value) {
    let said = [&deployment["status"], &deployment["change"]];
    assert_eq!(said, ["done", "published"], "{deployment:#}");
}

/// Message of a target about a failed build.
fn broken<'a>(deployment: &'a Value, words: &str) -> &'a Value {
    assert_eq!(deployment["status"], "failed", "{deployment:#}");
    let error = &deployment["error"];
    assert_eq!(slug(error), "deployment-broken");
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    deployment
}

fn limited() -> Value {
    json!({"kind": "rate_limited", "retry_after_s": 1})
}

fn failed_call() -> Value {
    json!({"kind": "status", "status": 500})
}

/// Fails calls of a host once and loses the response of the next one.
async fn has_troubles(world: &World, service: &str, troubles: &[(&str, Value)]) {
    for (on, first) in troubles {
        for fault in [first, &json!({"kind": "lost_response"})] {
            let fault = json!({"on": on, "fault": fault});
            world.fault(service, fault).await;
        }
    }
}

async fn vercel(world: &World) {
    let asked = json!({"target": "vercel"});
    let site = world.site().await;
    let message = "Command \"npm run build\" exited with 1";
    let failure = json!({"message": message, "log": ["Compiling", "Type error: no such page"]});
    world
        .set("vercel", json!({"failure": failure, "build_ms": 300}))
        .await;
    let failed = world.deploy(&site, asked.clone()).await;
    let log = broken(&failed, message)["log"].as_array().unwrap();
    let line = json!("Type error: no such page");
    assert!(log.iter().any(|one| one == &line), "{log:?}");

    // The same after a repair, with failing calls and lost responses.
    world.set("vercel", json!({"failure": null})).await;
    has_troubles(
        world,
        "vercel",
        &[("deploy", limited()), ("get", failed_call())],
    )
    .await;
    let deployment = world.deploy(&site, asked.clone()).await;
    is_published(&deployment);
    let deployments = world.shown("vercel", "deployments").await;
    assert_eq!(
        deployments.len(),
        2,
        "one failed, one did not: {deployments:#?}"
    );
    assert_eq!(deployment["remote_id"], deployments[1]["id"]);
    let url = deployment["url"].as_str().unwrap();
    let host = url.strip_prefix("https://").unwrap();
    let base = format!("{}/_site/{host}", world.stack.ready.standins.vercel);
    is_served(world, &base, &world.files(&site).await).await;

    // The host builds the project instead of serving its files.
    let next = project(
        &world.stack,
        json!({"project_type": "web", "framework": "nextjs"}),
    )
    .await;
    is_published(&world.deploy(&next, asked).await);
    let deployments = world.shown("vercel", "deployments").await;
    let settings = &deployments[2]["projectSettings"];
    assert_eq!(settings["framework"], "nextjs", "{deployments:#?}");
    let sent = deployments[2]["files"].as_object().unwrap();
    assert!(sent.keys().eq(world.files(&next).await.keys()));
}

async fn netlify(world: &World) {
    let asked = json!({"target": "netlify"});
    world.set("netlify", json!({"processing_ms": 300})).await;
    let site = world.site().await;
    let troubles = [
        ("create_site", failed_call()),
        ("deploy", limited()),
        ("upload", failed_call()),
    ];
    has_troubles(world, "netlify", &troubles).await;
    let deployment = world.deploy(&site, asked.clone()).await;
    is_published(&deployment);
    let sites = world.shown("netlify", "sites").await;
    assert_eq!(sites.len(), 1, "{sites:#?}");
    let deploys = sites[0]["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 1, "{deploys:#?}");
    assert_eq!(deploys[0]["id"], deployment["remote_id"]);
    let files = world.files(&site).await;
    let expected = published(&files);
    assert!(expected.len() < files.len(), "nothing is kept back");
    let served = sites[0]["files"].as_object().unwrap();
    assert!(served.keys().eq(expected.keys()), "{served:?}");
    is_served(world, deployment["url"].as_str().unwrap(), &expected).await;

    world.set("netlify", json!({"processing_ms": 0})).await;
    // Only what is new is sent, once.
    let uploads = async || world.calls("netlify", "/files/").await.len();
    let other = world.site().await;
    is_published(&world.deploy(&other, asked.clone()).await);
    let before = uploads().await;
    let mut changed: Vec<_> = world.files(&other).await.into_iter().collect();
    changed.push(("a.txt".to_owned(), ("100644".to_owned(), b"new\n".to_vec())));
    changed.push(("b.txt".to_owned(), ("100644".to_owned(), b"new\n".to_vec())));
    let changed = changed
        .into_iter()
        .map(|(path, (_, bytes))| file(&path, bytes, false));
    world.change(&other, &changed.collect::<Vec<_>>()).await;
    let deployment = world.deploy(&other, asked.clone()).await;
    is_published(&deployment);
    assert_eq!(uploads().await - before, 1);
    is_served(
        world,
        deployment["url"].as_str().unwrap(),
        &published(&world.files(&other).await),
    )
    .await;

    // A deploy that Netlify fails, and a name that is taken.
    world
        .set("netlify", json!({"failure": "No such header rule"}))
        .await;
    broken(
        &world.deploy(&other, asked.clone()).await,
        "No such header rule",
    );
    world.set("netlify", json!({"failure": null})).await;
    let third = world.site().await;
    let path = format!("/v1/projects/{third}/deployments");
    let dry = world
        .stack
        .post(&path, json!({"target": "netlify", "dry_run": true}));
    let dry = dry.await.unwrap().expect(200).json();
    world.set("netlify", json!({"taken": [dry["name"]]})).await;
    let refused = world.deploy(&third, asked).await;
    assert_eq!(refused["status"], "failed", "{refused:#}");
    assert_eq!(slug(&refused["error"]), "conflict");
}

async fn pages(world: &World) {
    let site = world.site().await;
    let pages = |name: &str, private: Option<bool>| {
        let mut asked = json!({"target": "github_pages", "repository": {"name": name}});
        if let Some(private) = private {
            asked["repository"]["private"] = json!(private);
        }
        world.deploy(&site, asked)
    };
    world.set("github", json!({"pages_build_ms": 300})).await;
    // An answer that is lost enables it once.
    world
        .trouble("public-site", "pages", json!({"kind": "lost_response"}))
        .await;
    let deployment = pages("public-site", None).await;
    is_published(&deployment);
    assert_eq!(deployment["repository"], format!("{ACCOUNT}/public-site"));
    assert_eq!(world.repository("public-site").await["private"], false);
    is_served(
        world,
        deployment["url"].as_str().unwrap(),
        &published(&world.files(&site).await),
    )
    .await;

    world.set("github", json!({"plan": "free"})).await;
    let refused = pages("private-site", Some(true)).await;
    broken(&refused, "no Pages for a private repository");
    // The created site is reported and stays.
    assert_eq!(refused["made_repository"], true);
    assert_eq!(refused["deleted_repository"], false);
    assert_eq!(refused["repository"], format!("{ACCOUNT}/private-site"));
    assert_eq!(world.repository("private-site").await["commits"], 2);

    world
        .set("github", json!({"pages_outcome": "errored"}))
        .await;
    broken(&pages("broken-site", None).await, "Page build failed");
}
