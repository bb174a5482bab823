//! Plans: made alone, edited, refused, and bad ones.

use std::collections::BTreeSet;

use eventrelay_tests::{Response, Stack};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    analysed, asked, each, made, paths, problem, project_of, questions, questions_about, quiet,
    retried, slug, this,
};

/// Flaws of a plan.
const BAD: [&str; 7] = [
    "plan_path_escape",
    "plan_duplicate_path",
    "plan_cycle",
    "plan_unknown_dependency",
    "plan_too_many",
    "plan_not_json",
    "plan_without_entry",
];

async fn edit(stack: &Stack, project: &Value, tag: Option<&str>, body: Value) -> Response {
    let path = format!("{}/plan", this(project));
    let condition: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
    stack
        .call(Method::PATCH, &path, &condition, Some(body))
        .await
        .unwrap()
}

/// The plan's files after this was done to them.
fn changed(project: &Value, change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let mut files = project["plan"]["files"].as_array().unwrap().clone();
    change(&mut files);
    json!({"files": files})
}

fn file(path: &str, depends_on: &[&str]) -> Value {
    json!({"path": path, "purpose": "Sums up stretches of the video.", "depends_on": depends_on})
}

/// Invalid edits of a plan have named problems and change nothing.
async fn assert_refused(stack: &Stack, project: &Value) {
    let with = |one: Value| changed(project, |files| files.push(one));
    let circle = |files: &mut Vec<Value>| {
        files.push(file("app/one.py", &["app/two.py"]));
        files.push(file("app/two.py", &["app/one.py"]));
    };
    let many = |files: &mut Vec<Value>| {
        files.extend((0..80).map(|number| file(&format!("app/more_{number}.py"), &[])));
    };
    for (body, field, reason) in [
        (with(file("../../etc/x", &[])), "plan", "path"),
        (with(file("/etc/x", &[])), "plan", "path"),
        (with(file("README.md", &[])), "plan", "made elsewhere"),
        (with(file("app/CLI.py", &[])), "plan", "collides"),
        (
            with(file("app/x.py", &["app/none.py"])),
            "plan",
            "not planned",
        ),
        (with(file("app/logo.png", &[])), "plan", "not a text file"),
        (
            with(json!({"path": "app/x.py", "purpose": " "})),
            "plan",
            "no purpose",
        ),
        (changed(project, circle), "plan", "depends on itself"),
        (
            changed(project, |files| {
                files.retain(|one| one["path"] != "app/cli.py")
            }),
            "plan",
            "app/cli.py",
        ),
        (changed(project, many), "files", "80"),
        (json!({"files": []}), "files", "list"),
        (
            json!({"dependencies": [{"name": "../x"}]}),
            "plan",
            "no package",
        ),
        (json!({"title": ""}), "title", "empty"),
        (json!({"framework": "rust"}), "framework", ""),
        (json!({}), "title", "missing"),
    ] {
        let refused = problem(edit(stack, project, None, body).await, 422, "invalid-input");
        assert_eq!(refused["field"], field, "{refused}");
        assert!(
            refused["detail"].as_str().unwrap().contains(reason),
            "{refused}"
        );
    }
    let plan = stack.get_json(this(project)).await.unwrap()["plan"].take();
    assert_eq!(plan, project["plan"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn edited_plan_is_built_unchanged() {
    let stack = analysed(&[]).await;
    let job = asked(&stack, json!({"project_type": "cli", "plan_only": true})).await;
    let planned = made(&stack, &job).await;
    assert_eq!(
        (&planned["status"], &planned["manifest"]),
        (&json!("planned"), &Value::Null)
    );
    assert_eq!(planned["usage"]["model_calls"], 1);
    quiet(&stack).await;
    let first = questions(&stack).await;
    assert_eq!((first.len(), paths(&first).len()), (1, 0));
    for path in ["archive", "files/app/cli.py"] {
        let path = format!("{}/{path}", this(&planned));
        problem(stack.get(&path).await.unwrap(), 404, "not-found");
    }
    assert_refused(&stack, &planned).await;

    // A file is called otherwise, one is dropped, one is new, another is for something else.
    let edits = |files: &mut Vec<Value>| {
        files.retain(|one| one["path"] != "tests/test_cli.py");
        for one in files.iter_mut() {
            match one["path"].as_str().unwrap() {
                "tests/test_times.py" => one["path"] = json!("tests/test_clock.py"),
                "app/progress.py" => one["purpose"] = json!("What was done already."),
                _ => {}
            }
        }
        files.push(file("app/part_001.py", &[]));
    };
    let mut body = changed(&planned, edits);
    body["title"] = json!("A quiet companion");
    let seen = stack.get(this(&planned)).await.unwrap().expect(200);
    let tag = seen.header("etag").to_owned();
    problem(
        edit(&stack, &planned, Some("\"99\""), body.clone()).await,
        412,
        "precondition-failed",
    );
    let edited = edit(&stack, &planned, Some(&tag), body.clone())
        .await
        .expect(200);
    assert_ne!(edited.header("etag"), tag);
    problem(
        edit(&stack, &planned, Some(&tag), body.clone()).await,
        412,
        "precondition-failed",
    );
    let edited = edited.json();
    assert_eq!(
        (&edited["title"], &edited["plan"]["name"]),
        (&json!("A quiet companion"), &json!("a-quiet-companion"))
    );
    assert_eq!(edited, stack.get_json(this(&planned)).await.unwrap());

    // Nothing is edited, and no other job begins, while one is at work.
    stack
        .gemini_settings(json!({"generate_ms": 1500}))
        .await
        .unwrap();
    let job = retried(&stack, &planned, "files").await;
    problem(
        edit(&stack, &planned, None, body.clone()).await,
        409,
        "conflict",
    );
    let path = format!("{}/retry?from=files", this(&planned));
    problem(
        stack.call(Method::POST, &path, &[], None).await.unwrap(),
        409,
        "conflict",
    );
    stack
        .gemini_settings(json!({"generate_ms": 0}))
        .await
        .unwrap();

    let project = made(&stack, &job).await;
    assert_eq!(
        (&project["status"], &project["validation"]["errors"]),
        (&json!("ready"), &json!(0))
    );
    let expected: BTreeSet<&str> = each(&edited["plan"]["files"], "path").into_iter().collect();
    assert!(expected.contains("tests/test_clock.py") && !expected.contains("tests/test_cli.py"));
    let files = project["manifest"]["files"].as_array().unwrap().iter();
    let written = files.filter(|entry| entry["origin"] == "model");
    let written: BTreeSet<&str> = written
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();
    assert_eq!(written, expected);
    let all = questions(&stack).await;
    assert_eq!(all.len(), 1 + expected.len());
    let purpose = all
        .iter()
        .find(|one| one.path() == Some("app/progress.py"))
        .unwrap();
    assert_eq!(purpose.document["purpose"], "What was done already.");
    assert_eq!(project["usage"]["model_calls"], all.len());
    problem(edit(&stack, &planned, None, body).await, 409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_plan_is_requested_twice_and_never_built() {
    let stack = analysed(&[]).await;
    let tried = join_all(BAD.iter().flat_map(|kind| [(kind, json!(1)), (kind, Value::Null)]).map(async |(kind, times)| {
        let is_once = !times.is_null();
        let feature = format!("{kind}-{}", if is_once { "once" } else { "always" });
        let fault = json!({"on": "generate", "match": feature, "times": times, "fault": {"kind": kind}});
        stack.gemini_fault(fault).await.unwrap();
        let body = json!({"project_type": "cli", "plan_only": true, "features": [feature]});
        let job = asked(&stack, body).await;
        let ended = stack.end_of(&job).await.unwrap();
        let project = stack.get_json(project_of(&job)).await.unwrap();
        (feature, is_once, ended, project)
    }))
    .await;
    for (feature, is_once, job, project) in tried {
        let asked = questions_about(&stack, &feature).await;
        assert_eq!((asked.len(), paths(&asked).len()), (2, 0), "{feature}");
        assert_eq!(project["usage"]["model_calls"], 2, "{feature}");
        if is_once {
            assert_eq!(
                (&job["status"], &project["status"]),
                (&json!("done"), &json!("planned")),
                "{feature}: {job:#}"
            );
            assert!(each(&project["plan"]["files"], "path").contains(&"app/cli.py"));
        } else {
            assert_eq!(
                (&job["status"], &project["status"]),
                (&json!("failed"), &json!("failed")),
                "{feature}: {job:#}"
            );
            assert_eq!(slug(&job["error"]), "answer-malformed", "{feature}");
            assert_eq!(
                (&project["plan"], &project["error"]),
                (&Value::Null, &job["error"])
            );
        }
    }
}
