//! State of the model and the deployment targets.

use eventrelay_tests::{Stack, read};
use serde_json::{Value, json};

use super::{Harness, Kind, Run};

/// Account that the GitHub stand-in assigns to every token.
pub(super) const OWNER: &str = "eventrelay-stand-in";

/// A list of a stand-in's control surface.
async fn list(stack: &Stack, standin: &str, name: &str) -> Vec<Value> {
    let request = stack.client().get(format!("{standin}/_control/{name}"));
    let list = read(request).await.unwrap().expect(200).json();
    list.as_array().unwrap().clone()
}

/// Number of questions to the model.
pub(super) async fn questions(stack: &Stack) -> usize {
    stack.gemini_calls(":generateContent").await.unwrap().len()
}

/// A deployment at its target, without values that differ between runs.
pub(super) async fn there(harness: &Harness, run: &Run, deployment: &Value) -> Value {
    let (stack, standins) = (&harness.stack, &harness.stack.ready.standins);
    let part = |name: &str| deployment[name].as_str().unwrap_or_default();
    match run.kind {
        Kind::Repository | Kind::PullRequest => {
            let name = format!("{OWNER}/{}", run.repository);
            assert_eq!(part("repository"), name, "{deployment:#}");
            let all = list(stack, &standins.github, "repos").await;
            let of_name = all.iter().filter(|one| one["full_name"] == name.as_str());
            of_name.map(repository).collect()
        }
        // The target returns the same deployment for the same files.
        Kind::Vercel => {
            let id = part("remote_id");
            let all = list(stack, &standins.vercel, "deployments").await;
            let of_id = all.iter().filter(|one| one["id"] == id);
            of_id
                .map(|one| json!([one["readyState"], one["files"]]))
                .collect()
        }
        _ => {
            let id = part("deployment_id");
            let is_its = |site: &&Value| site["deploys"].to_string().contains(id);
            let all = list(stack, &standins.netlify, "sites").await;
            let sites = all.iter().filter(is_its);
            sites
                .map(|site| {
                    let deploys = site["deploys"].as_array().unwrap();
                    let states = deploys.iter().map(|deploy| deploy["state"].clone());
                    json!([states.collect::<Value>(), site["files"]])
                })
                .collect()
        }
    }
}

/// A repository as its owner sees it: every branch, commit, file and request is counted.
fn repository(state: &Value) -> Value {
    let pulls = state["pulls"].as_array().unwrap();
    json!({
        "private": state["private"],
        "branches": state["refs"].as_object().unwrap().len(),
        "commits": state["commits"],
        "files": state["files"],
        "pulls": pulls.iter().map(|pull| pull["state"].clone()).collect::<Value>(),
    })
}

/// Describes repositories, sites and deployments that no build requested.
pub(super) async fn doubles(harness: &Harness) -> Vec<String> {
    let (stack, standins) = (&harness.stack, &harness.stack.ready.standins);
    let mut found = Vec::new();
    let repositories = list(stack, &standins.github, "repos").await;
    if repositories.len() != harness.repositories {
        let names = repositories.iter().map(|one| one["full_name"].clone());
        found.push(format!("repositories: {}", names.collect::<Value>()));
    }
    let rows = stack.rows("ProjectsTable").await.unwrap();
    let docs = rows.iter().map(|row| row["doc"].as_s().unwrap());
    let docs: Vec<Value> = docs.map(|doc| serde_json::from_str(doc).unwrap()).collect();
    let to = |target: &str| {
        let of_target = docs.iter().filter(|doc| doc["request"]["target"] == target);
        of_target.count()
    };
    let sites = list(stack, &standins.netlify, "sites").await;
    if sites.len() != to("netlify") {
        found.push(format!("{} sites of {}", sites.len(), to("netlify")));
    }
    let sent = list(stack, &standins.vercel, "deployments").await;
    if sent.len() != 1 {
        found.push(format!("{} deployments of the same files", sent.len()));
    }
    found
}
