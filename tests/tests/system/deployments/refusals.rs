//! Invalid requests for deployments.

use eventrelay_tests::{PATIENCE, Response, until};
use serde_json::{Value, json};

use super::world::{VIDEO, World, project, slug};

#[tokio::test]
async fn invalid_deployments_have_named_problems() {
    let world = World::start().await;
    let site = world.site().await;
    let post =
        async |path: &str, body: Value| -> Response { world.stack.post(path, body).await.unwrap() };
    let path = format!("/v1/projects/{site}/deployments");
    let named = |name: Value| json!({"target": "github", "repository": name});
    for (asked, field) in [
        (json!({}), "target"),
        (json!({"target": "gitlab"}), "target"),
        (json!({"target": 1}), "target"),
        (json!({"target": "GitHub"}), "target"),
        (
            json!({"target": "vercel", "repository": {"name": "a"}}),
            "repository",
        ),
        (json!({"target": "netlify", "repository": {}}), "repository"),
        (named(json!("a/b")), "repository"),
        (named(json!({"name": ""})), "repository.name"),
        (named(json!({"name": ".."})), "repository.name"),
        (named(json!({"name": "a b"})), "repository.name"),
        (named(json!({"name": "a/b"})), "repository.name"),
        (named(json!({"name": "a.git"})), "repository.name"),
        (named(json!({"name": "grüße"})), "repository.name"),
        (named(json!({"name": "a".repeat(101)})), "repository.name"),
        (named(json!({"owner": "-a"})), "repository.owner"),
        (named(json!({"owner": "a/b"})), "repository.owner"),
        (named(json!({"private": "yes"})), "repository.private"),
        (
            named(json!({"visibility": "public"})),
            "repository.visibility",
        ),
        (json!({"target": "github", "force": true}), "force"),
        (json!({"target": "github", "dry_run": "yes"}), "dry_run"),
        (
            json!({"target": "github", "delete_on_failure": 1}),
            "delete_on_failure",
        ),
    ] {
        let problem = post(&path, asked.clone()).await.expect(422).json();
        assert_eq!(slug(&problem), "invalid-input", "{asked}");
        assert_eq!(problem["field"], field, "{asked}: {problem}");
    }

    // The targets do not accept the framework, or the project has no files yet.
    let api = json!({"project_type": "api", "framework": "axum", "plan_only": true});
    let planned = project(&world.stack, api).await;
    let planned = format!("/v1/projects/{planned}/deployments");
    for target in ["vercel", "netlify", "github_pages"] {
        let problem = post(&planned, json!({"target": target}))
            .await
            .expect(422)
            .json();
        assert_eq!(problem["field"], "target", "{problem}");
    }
    for asked in [
        json!({"target": "github"}),
        json!({"target": "github", "dry_run": true}),
    ] {
        let problem = post(&planned, asked).await.expect(409).json();
        assert_eq!(slug(&problem), "conflict");
    }

    // Ids of nothing.
    let digits = "0".repeat(32);
    for id in [
        "x",
        "prj_",
        &format!("prj_{digits}"),
        &format!("dpl_{digits}"),
        VIDEO,
    ] {
        let path = format!("/v1/projects/{id}/deployments");
        let _ = post(&path, json!({"target": "github"})).await.expect(404);
        let _ = world.stack.get(&path).await.unwrap().expect(404);
        let path = format!("/v1/deployments/{id}");
        let _ = world.stack.get(&path).await.unwrap().expect(404);
    }

    // Nothing of all that was begun.
    let list = world.stack.get_json(&path).await.unwrap();
    assert_eq!(list["deployments"], json!([]));
    let quiet = until(PATIENCE, async || {
        Ok((world.stack.messages("BuildsQueue").await? == 0).then_some(()))
    });
    quiet.await.unwrap();
    for service in ["github", "vercel", "netlify"] {
        assert_eq!(world.shown(service, "calls").await, Vec::<Value>::new());
    }
}
