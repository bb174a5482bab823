//! Each framework, from the analysis to the archive and to a repository.

use std::{collections::BTreeSet, io::Read};

use eventrelay::project::deploy::ObjectId;
use eventrelay_tests::{PATIENCE, Stack, read, until};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{VIDEO, analysed, each, made, problem, project_of, questions, retried, this};

/// Kinds, frameworks, languages, and where each begins. The one that is taken unasked is first.
const FRAMEWORKS: [(&str, &str, &str, &str); 9] = [
    ("web", "nextjs", "typescript", "app/page.tsx"),
    ("web", "static", "javascript", "index.html"),
    ("api", "fastapi", "python", "app/main.py"),
    ("api", "express", "typescript", "src/index.ts"),
    ("api", "axum", "rust", "src/main.rs"),
    ("cli", "python", "python", "app/cli.py"),
    ("cli", "rust", "rust", "src/main.rs"),
    ("ml", "notebook", "python", "notebooks/analysis.ipynb"),
    ("mobile", "expo", "typescript", "app/index.tsx"),
];

const STAGES: [&str; 5] = ["planning", "writing", "checking", "packaging", "done"];

/// A job at each look, until it has ended.
async fn watched(stack: &Stack, job: &Value) -> Vec<Value> {
    let path = job["links"]["job"].as_str().unwrap();
    let mut seen = vec![job.clone()];
    until(PATIENCE, async || {
        let now = stack.get_json(path).await?;
        let has_ended = ["done", "failed", "cancelled"].contains(&now["status"].as_str().unwrap());
        seen.push(now);
        Ok(has_ended.then_some(()))
    })
    .await
    .unwrap();
    seen
}

/// A job goes through its stages in their order, and nothing that it tells of itself goes back.
fn assert_goes_on(seen: &[Value]) {
    let place = |job: &Value| {
        let stage = job["stage"].as_str().unwrap();
        let place = STAGES.iter().position(|known| *known == stage);
        place.unwrap_or_else(|| panic!("{job:#}"))
    };
    for pair in seen.windows(2) {
        let (one, next) = (&pair[0], &pair[1]);
        assert!(place(one) <= place(next), "{one:#} then {next:#}");
        let progress = |job: &Value| job["progress"].as_u64().unwrap();
        assert!(progress(one) <= progress(next), "{one:#} then {next:#}");
        assert!(progress(next) < 100 || next["status"] == "done");
        if let (Some(one), Some(next)) = (one["files"].as_object(), next["files"].as_object()) {
            assert_eq!(one["total"], next["total"]);
            assert!(one["written"].as_u64() <= next["written"].as_u64());
        }
    }
}

/// Path, mode and bytes of each.
type Files = Vec<(String, u32, Vec<u8>)>;

async fn assert_files(stack: &Stack, project: &Value) -> Files {
    let manifest = project["manifest"]["files"].as_array().unwrap();
    let fetched = join_all(manifest.iter().map(async |entry| {
        let link = entry["link"].as_str().unwrap();
        let file = stack.get(link).await.unwrap().expect(200);
        assert_eq!(file.body.len(), entry["bytes"], "{entry}");
        let hash = hex::encode(Sha256::digest(&file.body));
        assert_eq!(hash, entry["sha256"], "{entry}");
        assert_eq!(file.header("etag"), format!("\"{hash}\""));
        assert!(file.header("content-type").starts_with("text/plain"));
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        let mode = u32::from_str_radix(entry["mode"].as_str().unwrap(), 8).unwrap();
        let path = entry["path"].as_str().unwrap().to_owned();
        (path, mode, file.body)
    }))
    .await;
    let bytes: usize = fetched.iter().map(|(_, _, content)| content.len()).sum();
    assert_eq!(project["manifest"]["bytes"], bytes);
    assert_eq!(
        (&project["bytes"], &project["files"]),
        (&json!(bytes), &json!(fetched.len()))
    );
    fetched
}

/// The list of the files is that of the plan and of the templates, and what it says of each is so.
async fn assert_manifest(stack: &Stack, project: &Value) -> Files {
    let files = project["manifest"]["files"].as_array().unwrap();
    let by = |origin: &str| -> BTreeSet<&str> {
        let entries = files.iter().filter(|entry| entry["origin"] == origin);
        entries
            .map(|entry| entry["path"].as_str().unwrap())
            .collect()
    };
    let plan = &project["plan"];
    let planned: BTreeSet<&str> = each(&plan["files"], "path").into_iter().collect();
    assert_eq!(by("model"), planned);
    let elsewhere = plan["made_elsewhere"].as_array().unwrap().iter();
    let elsewhere: BTreeSet<&str> = elsewhere.map(|path| path.as_str().unwrap()).collect();
    assert_eq!(by("template"), elsewhere);
    assert!(each(&project["manifest"]["files"], "path").is_sorted());
    for file in plan["files"].as_array().unwrap() {
        let entry = files.iter().find(|entry| entry["path"] == file["path"]);
        assert_eq!(entry.unwrap()["sources"], file["sources"], "{file}");
    }
    let come_from_video = files.iter().filter(|entry| entry["sources"] != json!([]));
    assert!(come_from_video.count() > 0);
    assert_files(stack, project).await
}

/// The archive holds the same bytes with the same modes, below one folder.
async fn assert_archive(stack: &Stack, project: &Value, files: &Files) {
    let link = project["links"]["archive"].as_str().unwrap();
    let packed = stack.get(link).await.unwrap().expect(200);
    assert_eq!(packed.header("content-type"), "application/zip");
    assert!(packed.header("content-disposition").contains(".zip"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(packed.body.as_slice())).unwrap();
    assert_eq!(zip.len(), files.len());
    let root = project["plan"]["name"].as_str().unwrap();
    for (path, mode, content) in files {
        let mut entry = zip.by_name(&format!("{root}/{path}")).unwrap();
        assert_eq!(entry.unix_mode(), Some(*mode), "{path}");
        let mut unpacked = Vec::new();
        entry.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, *content, "{path}");
    }
}

/// A dry run describes a deployment and does nothing.
async fn assert_dry_run(stack: &Stack, project: &Value) {
    let body = json!({"target": "github", "dry_run": true, "repository": {"name": "made-here"}});
    let path = format!("{}/deployments", this(project));
    let told = stack.post(&path, body).await.unwrap().expect(200).json();
    assert_eq!(
        (&told["dry_run"], &told["name"], &told["bytes"]),
        (
            &json!(true),
            &json!("made-here"),
            &project["manifest"]["bytes"]
        )
    );
    let list = |files: &Value| -> Vec<(Value, Value, Value)> {
        let files = files.as_array().unwrap().iter();
        let parts = files.map(|one| ["path", "bytes", "mode"].map(|name| one[name].clone()));
        parts
            .map(|[path, bytes, mode]| (path, bytes, mode))
            .collect()
    };
    assert_eq!(list(&told["files"]), list(&project["manifest"]["files"]));
    let calls = told["calls"].as_array().unwrap().iter();
    let calls: Vec<String> = calls
        .filter(|call| call["times"] != 0 && call["method"] != "GET")
        .map(|call| format!("{} {}", call["method"], call["path"]).replace('"', ""))
        .collect();
    let expected = [
        "POST /user/repos",
        "POST /repos/{owner}/made-here/git/trees",
        "POST /repos/{owner}/made-here/git/commits",
        "PATCH /repos/{owner}/made-here/git/refs/heads/main",
    ];
    assert_eq!(calls, expected);
}

/// Each is brought to GitHub, where git has every file as the manifest has it, and nothing else.
async fn assert_deployed(stack: &Stack, made: &[(&Value, Files)]) {
    let deployed = join_all(made.iter().map(async |(project, _)| {
        let name = format!(
            "{}-{}",
            text(&project["project_type"]),
            text(&project["framework"])
        );
        let body = json!({"target": "github", "repository": {"name": name}});
        let path = format!("{}/deployments", this(project));
        let job = stack.accepted(&path, body).await.unwrap();
        let link = text(&job["links"]["deployment"]);
        let ended = until(PATIENCE, async || {
            let shown = stack.get_json(link).await?;
            Ok((shown["status"] != "running").then_some(shown))
        });
        ended.await.unwrap()
    }));
    let deployed = deployed.await;
    let repositories = format!("{}/_control/repos", stack.ready.standins.github);
    let repositories = read(stack.client().get(repositories)).await.unwrap().json();
    for ((_, files), deployment) in made.iter().zip(&deployed) {
        assert_eq!(deployment["change"], "created", "{deployment:#}");
        let mut repositories = repositories.as_array().unwrap().iter();
        let repository = repositories.find(|one| one["full_name"] == deployment["repository"]);
        let expected: Map<String, Value> = files
            .iter()
            .map(|(path, mode, content)| {
                let sha = ObjectId::of_blob(content);
                let entry = json!({"mode": format!("{mode:o}"), "sha": sha, "size": content.len()});
                (path.clone(), entry)
            })
            .collect();
        assert_eq!(repository.unwrap()["files"], Value::Object(expected));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A request with the current entity tag is answered with 304.
async fn assert_not_modified(stack: &Stack, project: &Value) {
    let file = project["manifest"]["files"][0]["link"].as_str().unwrap();
    for url in [
        this(project),
        file,
        project["links"]["archive"].as_str().unwrap(),
    ] {
        let seen = stack.get(url).await.unwrap().expect(200);
        let etag = seen.header("etag").to_owned();
        assert!(!etag.is_empty(), "{url}");
        let condition = [("if-none-match", etag.as_str())];
        let again = stack.call(Method::GET, url, &condition, None).await;
        let again = again.unwrap().expect(304);
        assert_eq!((again.body.len(), again.header("etag")), (0, etag.as_str()));
    }
}

/// All projects of the video are listed page by page, the latest first.
async fn assert_listed(stack: &Stack, projects: &[Value]) {
    let list = format!("/v1/videos/{VIDEO}/projects");
    let mut page = stack.get_json(&format!("{list}?limit=4")).await.unwrap();
    let cursor = page["cursor"].as_str().unwrap().to_owned();
    let mut listed: Vec<Value> = Vec::new();
    loop {
        let items = page["projects"].as_array().unwrap();
        assert!(items.len() <= 4);
        listed.extend(items.iter().cloned());
        match page["links"]["next"].as_str() {
            Some(next) => page = stack.get_json(next).await.unwrap(),
            None => break,
        }
    }
    let ids: Vec<&str> = listed
        .iter()
        .map(|one| one["project_id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|one, next| one > next), "{ids:?}");
    let expected: BTreeSet<&str> = projects
        .iter()
        .map(|one| one["project_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), expected);
    for brief in &listed {
        let whole = projects
            .iter()
            .find(|one| one["project_id"] == brief["project_id"]);
        for name in ["title", "framework", "files", "bytes", "links", "status"] {
            assert_eq!(brief[name], whole.unwrap()[name], "{name}");
        }
        assert!(brief.get("plan").is_none());
    }
    let foreign = format!("/v1/videos/yt:jNQXAC9IVRw/projects?cursor={cursor}");
    problem(stack.get(&foreign).await.unwrap(), 422, "invalid-input");
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_of_every_framework_are_built_and_deployed() {
    let unlimited = [
        "GITHUB_WRITES_PER_SECOND",
        "GITHUB_WRITES_PER_MINUTE",
        "GITHUB_WRITES_PER_HOUR",
    ];
    let stack = analysed(&unlimited.map(|name| (name, "0"))).await;
    stack
        .gemini_settings(json!({"generate_ms": 300}))
        .await
        .unwrap();
    let made = join_all(
        FRAMEWORKS
            .iter()
            .map(async |(kind, framework, language, entry)| {
                let mut body = json!({"project_type": kind, "features": ["a search", "tests"]});
                // One is named, the others are what the language leaves.
                match *framework {
                    "static" | "express" | "axum" | "rust" => body["language"] = json!(language),
                    "nextjs" => {}
                    _ => body["framework"] = json!(framework),
                }
                let path = format!("/v1/videos/{VIDEO}/projects");
                let accepted = stack.post(&path, body).await.unwrap().expect(202);
                let job = accepted.json();
                assert_eq!(
                    accepted.header("location"),
                    job["links"]["job"].as_str().unwrap()
                );
                assert!(accepted.header("retry-after").parse::<u32>().unwrap() >= 1);
                assert_eq!(
                    (&job["kind"], &job["progress"]),
                    (&json!("project"), &json!(5))
                );
                let seen = watched(&stack, &job).await;
                let last = seen.last().unwrap();
                assert_eq!(last["status"], "done", "{framework}: {last:#}");
                assert_goes_on(&seen);
                let project = stack.get_json(project_of(&job)).await.unwrap();
                assert_eq!(project["status"], "ready");
                assert_eq!(
                    (
                        &project["framework"],
                        &project["language"],
                        &project["project_type"]
                    ),
                    (&json!(framework), &json!(language), &json!(kind))
                );
                assert!(each(&project["plan"]["files"], "path").contains(entry));
                assert_eq!(
                    project["validation"]["errors"], 0,
                    "{:#}",
                    project["validation"]
                );
                let checked = project["validation"]["checked"].as_object().unwrap();
                let checked: u64 = checked.values().map(|count| count.as_u64().unwrap()).sum();
                assert_eq!(project["files"], checked);
                // One for the plan and one for each file.
                let files = project["plan"]["files"].as_array().unwrap().len();
                assert_eq!(project["usage"]["model_calls"], files + 1);
                for name in ["input_tokens", "output_tokens", "model_calls"] {
                    assert_eq!(project["usage"][name], last["usage"][name], "{name}");
                }
                let tokens = ["input_tokens", "output_tokens", "billed_ms"];
                assert!(
                    tokens
                        .iter()
                        .all(|name| project["usage"][*name].as_u64() > Some(0))
                );
                let were_counted = seen.iter().filter_map(|job| job["files"]["total"].as_u64());
                let were_counted: Vec<u64> = were_counted.collect();
                assert!(were_counted.iter().all(|total| *total == files as u64));
                (project, were_counted.len())
            }),
    )
    .await;
    assert!(
        made.iter().any(|(_, counted)| *counted > 0),
        "no job has told of its files"
    );
    let projects: Vec<Value> = made.into_iter().map(|(project, _)| project).collect();
    stack
        .gemini_settings(json!({"generate_ms": 0}))
        .await
        .unwrap();

    let mut with_files = Vec::new();
    for project in &projects {
        let files = assert_manifest(&stack, project).await;
        assert_archive(&stack, project, &files).await;
        assert_dry_run(&stack, project).await;
        with_files.push((project, files));
    }
    assert_not_modified(&stack, &projects[0]).await;
    assert_listed(&stack, &projects).await;
    let github = format!("{}/_control/calls", stack.ready.standins.github);
    assert_eq!(
        read(stack.client().get(github)).await.unwrap().json(),
        json!([])
    );
    assert_deployed(&stack, &with_files).await;

    // The calls of the day are counted once, by whomever they were made.
    let paid = stack.gemini_calls(":generateContent").await.unwrap().len();
    until(PATIENCE, async || {
        let stats = stack.get_json("/v1/stats").await?;
        Ok((stats["today"]["model_calls"] == paid).then_some(()))
    })
    .await
    .unwrap();
    assert_nothing_is_paid_again(&stack, &projects[5]).await;
}

/// Asserts that a retry of a finished project from any stage gives the same project at no cost.
async fn assert_nothing_is_paid_again(stack: &Stack, project: &Value) {
    let before = questions(stack).await.len();
    for from in ["plan", "files", "validation"] {
        let job = retried(stack, project, from).await;
        let again = made(stack, &job).await;
        assert_eq!(again["status"], "ready", "{from}");
        assert_eq!(again["manifest"], project["manifest"], "{from}");
        let calls = |one: &Value| one["usage"]["model_calls"].clone();
        assert_eq!(calls(&again), calls(project), "{from}");
        assert_eq!(questions(stack).await.len(), before, "{from}");
    }
}
