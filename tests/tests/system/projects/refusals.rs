//! Invalid requests for projects are refused before anything is paid.

use eventrelay_tests::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use super::{VIDEO, analysed, asked, made, problem, project_of, questions, slug};

const PRICES: (&str, &str) = ("GEMINI_PRICES", "gemini=1/10");

async fn post(stack: &Stack, body: Value) -> eventrelay_tests::Response {
    let path = format!("/v1/videos/{VIDEO}/projects");
    stack.post(&path, body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_project_requests_have_named_problems() {
    let stack = analysed(&[PRICES]).await;
    let web = |more: Value| {
        let mut body = json!({"project_type": "web"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (body, field, words) in [
        (json!({}), "project_type", "missing"),
        (
            json!({"project_type": "game"}),
            "project_type",
            "web, api, cli, ml, mobile",
        ),
        (json!({"project_type": 3}), "project_type", "string"),
        (
            web(json!({"framework": "rails"})),
            "framework",
            "nextjs, static, fastapi",
        ),
        (
            web(json!({"framework": "axum"})),
            "framework",
            "nextjs (typescript), static (javascript)",
        ),
        (
            web(json!({"language": "cobol"})),
            "language",
            "python, javascript, typescript, rust",
        ),
        (
            web(json!({"language": "rust"})),
            "language",
            "nextjs (typescript), static (javascript)",
        ),
        (
            web(json!({"framework": "static", "language": "typescript"})),
            "framework",
            "static (javascript)",
        ),
        (
            web(json!({"features": vec!["x"; 21]})),
            "features",
            "at most 20",
        ),
        (
            web(json!({"features": ["x".repeat(201)]})),
            "features",
            "200",
        ),
        (web(json!({"features": [""]})), "features", "1 to 200"),
        (web(json!({"features": [1]})), "features", "texts"),
        (web(json!({"features": "x"})), "features", "list"),
        (
            web(json!({"instructions": "x".repeat(4001)})),
            "instructions",
            "4000",
        ),
        (web(json!({"plan_only": "yes"})), "plan_only", ""),
        (
            web(json!({"max_cost_usd": 0})),
            "max_cost_usd",
            "US dollars",
        ),
        (web(json!({"colour": "red"})), "colour", ""),
    ] {
        let refused = problem(post(&stack, body).await, 422, "invalid-input");
        assert_eq!(refused["field"], field, "{refused}");
        assert!(
            refused["detail"].as_str().unwrap().contains(words),
            "{refused}"
        );
    }
    let unknown = "/v1/videos/yt:jNQXAC9IVRw/projects";
    problem(
        stack.post(unknown, web(json!({}))).await.unwrap(),
        404,
        "not-found",
    );
    problem(stack.get(unknown).await.unwrap(), 404, "not-found");
    problem(
        post(&stack, web(json!({"variant": "none"}))).await,
        404,
        "not-found",
    );
    problem(
        stack
            .post("/v1/videos/x!/projects", web(json!({})))
            .await
            .unwrap(),
        404,
        "not-found",
    );
    let unknown = "prj_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b";
    for id in [unknown, "prj_", "x", "prj_..%2f..", &"p".repeat(500)] {
        for (method, path) in [
            (Method::GET, ""),
            (Method::GET, "/archive"),
            (Method::GET, "/files/README.md"),
            (Method::POST, "/retry?from=files"),
            (Method::DELETE, ""),
        ] {
            let path = format!("/v1/projects/{id}{path}");
            let answer = stack.call(method, &path, &[], None).await.unwrap();
            problem(answer, 404, "not-found");
        }
        let path = format!("/v1/projects/{id}/plan");
        let edit = stack
            .call(Method::PATCH, &path, &[], Some(json!({"title": "T"})))
            .await;
        problem(edit.unwrap(), 404, "not-found");
    }
    // No question was asked, and no project exists.
    assert!(questions(&stack).await.is_empty());
    assert!(stack.rows("ProjectsTable").await.unwrap().is_empty());

    what_costs_too_much_is_not_begun(&stack).await;
    keys_may_do_what_their_scopes_say(&stack).await;
}

async fn what_costs_too_much_is_not_begun(stack: &Stack) {
    let job = asked(stack, json!({"project_type": "cli", "max_cost_usd": 0.001})).await;
    let ended = stack.end_of(&job).await.unwrap();
    assert_eq!(
        (&ended["status"], slug(&ended["error"])),
        (&json!("failed"), "cost-above-cap")
    );
    let estimate = ended["error"]["estimated_cost_usd"].as_f64().unwrap();
    assert!((0.001..1.0).contains(&estimate), "{estimate}");
    assert!(questions(stack).await.is_empty());

    let job = asked(stack, json!({"project_type": "cli", "max_cost_usd": 2})).await;
    let project = made(stack, &job).await;
    let cost = project["usage"]["cost_usd"].as_f64().unwrap();
    assert!(cost > 0.0 && cost <= 2.0, "{cost}");

    // There is nothing else to go on from, and nothing else is there.
    let url = project_of(&job);
    let post = async |query: &str| {
        stack
            .call(Method::POST, &format!("{url}/retry{query}"), &[], None)
            .await
            .unwrap()
    };
    assert_eq!(
        problem(post("?from=scratch").await, 422, "invalid-input")["field"],
        "from"
    );
    problem(post("?form=plan").await, 422, "invalid-input");
    for path in [
        "README",
        "..%2f..%2fetc%2fpasswd",
        "app%2f..%2fREADME.md",
        "app",
        "",
    ] {
        let answer = stack.get(&format!("{url}/files/{path}")).await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
    }
}

async fn keys_may_do_what_their_scopes_say(stack: &Stack) {
    stack
        .accept_key("er-reader-key-0123456789", &["read"])
        .await
        .unwrap();
    let reader = [("x-api-key", "er-reader-key-0123456789")];
    let list = format!("/v1/videos/{VIDEO}/projects");
    let answer = stack.call(Method::GET, &list, &reader, None).await.unwrap();
    let listed = answer.expect(200).json();
    let project = listed["projects"][0]["links"]["self"].as_str().unwrap();
    let _ = stack
        .call(Method::GET, project, &reader, None)
        .await
        .unwrap()
        .expect(200);
    let body = json!({"project_type": "web"});
    for (method, url, body) in [
        (Method::POST, list, Some(body.clone())),
        (Method::PATCH, format!("{project}/plan"), Some(body)),
        (Method::POST, format!("{project}/retry"), None),
        (Method::DELETE, project.to_owned(), None),
    ] {
        let answer = stack.call(method, &url, &reader, body).await.unwrap();
        assert_eq!(answer.status, 403, "{url}");
    }
    let answer = stack
        .call(Method::GET, project, &[("x-api-key", "er-unknown")], None)
        .await
        .unwrap();
    assert!([401, 403].contains(&answer.status.as_u16()));
}

#[tokio::test(flavor = "multi_thread")]
async fn key_rate_limit_includes_projects() {
    let stack = Stack::with(&[("API_REQUESTS_PER_MINUTE", "40")])
        .await
        .unwrap();
    for _ in 0..10 {
        let answer = stack.get("/v1/projects/x").await.unwrap();
        assert!(
            answer.header("ratelimit-policy").contains("q=40"),
            "{answer:?}"
        );
        if answer.status == 429 {
            problem(answer, 429, "too-many-requests");
            return;
        }
        problem(answer, 404, "not-found");
    }
    panic!("more than a burst has passed");
}
