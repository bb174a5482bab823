//! A project that was deployed before is proposed as a difference, or left as it is.

use eventrelay_tests::{PATIENCE, until};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{ACCOUNT, World, as_files, file};

#[tokio::test]
async fn existing_repository_changes_only_by_pull_request() {
    let world = World::start().await;
    nothing_is_done_to_an_equal_tree(&world).await;
    two_at_once_are_one_repository(&world).await;
    deleted_repository_is_created_again(&world).await;
    only_the_difference_is_proposed(&world).await;
    a_lost_answer_proposes_nothing_twice(&world).await;
    a_repository_of_before_becomes_a_site(&world).await;
}

async fn writes(world: &World, full_name: &str) -> usize {
    let calls = world.calls("github", full_name).await;
    calls.iter().filter(|(method, _)| method != "GET").count()
}

async fn nothing_is_done_to_an_equal_tree(world: &World) {
    let project = world.site().await;
    let asked = json!({"target": "github", "repository": {"name": "equal"}});
    let first = world.deploy(&project, asked).await;
    let full_name = first["repository"].as_str().unwrap();
    let (before, repository) = (
        writes(world, full_name).await,
        world.repository("equal").await,
    );
    // Also where it is not named again, or named in capitals.
    for asked in [
        json!({"target": "github"}),
        json!({"target": "github", "repository": {"name": "EQUAL", "owner": ACCOUNT}}),
    ] {
        let again = world.deploy(&project, asked).await;
        let said = [&again["status"], &again["change"], &again["repository"]];
        assert_eq!(said, ["done", "unchanged", full_name], "{again:#}");
        assert_eq!(again["made_repository"], false);
    }
    assert_eq!(writes(world, full_name).await, before);
    assert_eq!(world.repository("equal").await, repository);
}

async fn two_at_once_are_one_repository(world: &World) {
    let project = world.site().await;
    let both = join_all((0..2).map(|_| world.deploy_to(&project, "both")));
    let both = both.await;
    let repository = world.repository("both").await;
    for deployment in &both {
        assert_eq!(deployment["status"], "done", "{both:#?}");
        assert_eq!(deployment["repository"], repository["full_name"]);
    }
    assert!(both.iter().any(|one| one["change"] == "created"));
    assert_eq!(repository["commits"], 2, "{repository:#}");
    assert_eq!(repository["pulls"], json!([]));
}

async fn deleted_repository_is_created_again(world: &World) {
    let project = world.site().await;
    let first = world.deploy_to(&project, "deleted").await;
    let path = format!("/repos/{}", first["repository"].as_str().unwrap());
    let deleted = world.at_github(Method::DELETE, &path, Value::Null).await;
    let _ = deleted.expect(204);
    let again = world.deploy_to(&project, "deleted").await;
    assert_eq!(again["change"], "created", "{again:#}");
    assert_eq!(again["repository"], first["repository"]);
    assert_eq!(world.repository("deleted").await["commits"], 2);
}

async fn only_the_difference_is_proposed(world: &World) {
    let project = world.site().await;
    let mut files = vec![
        file("dropped.txt", "once\n", false),
        file("kept/.keep", "", false),
        file("page.html", "<p>ours</p>\n", false),
        file("run.sh", "#!/bin/sh\n", false),
    ];
    world.change(&project, &files).await;
    let first = world.deploy_to(&project, "proposed").await;
    assert_eq!(first["change"], "created", "{first:#}");
    let full_name = first["repository"].as_str().unwrap();

    world.push(full_name, "page.html", "<p>theirs</p>\n").await;
    world.push(full_name, "theirs.txt", "theirs\n").await;
    files.remove(0);
    files[2].executable = true;
    files.push(file("new.css", "p {}\n", false));
    world.change(&project, &files).await;
    let again = world.deploy_to(&project, "proposed").await;
    assert_eq!(again["change"], "proposed", "{again:#}");
    let branch = format!("eventrelay/{}", again["deployment_id"].as_str().unwrap());
    assert_eq!(again["branch"], branch);

    let clone = world.clone_of(full_name).await;
    let there = clone.files(&format!("origin/{branch}")).await;
    let mut expected = as_files(&files);
    expected.insert(
        "theirs.txt".to_owned(),
        ("100644".to_owned(), b"theirs\n".to_vec()),
    );
    assert_eq!(there, expected);
    let difference = ["diff", "--name-status", "main", &format!("origin/{branch}")];
    let difference = clone.lines(&difference).await;
    let expected = ["D\tdropped.txt", "A\tnew.css", "M\tpage.html", "M\trun.sh"];
    assert_eq!(difference, expected);
    let ahead = format!("main..origin/{branch}");
    assert_eq!(clone.lines(&["rev-list", &ahead]).await.len(), 1);

    // The default branch stays unchanged until the pull request is merged.
    let repository = world.repository("proposed").await;
    assert_eq!(repository["commits"], 4, "{repository:#}");
    assert_eq!(repository["refs"].as_object().unwrap().len(), 2);
    let pulls = repository["pulls"].as_array().unwrap();
    assert_eq!(pulls.len(), 1, "{pulls:#?}");
    let url = again["pull_request"].as_str().unwrap();
    assert!(url.ends_with("/pull/1"), "{url}");
}

async fn a_lost_answer_proposes_nothing_twice(world: &World) {
    let project = world.site().await;
    let first = world.deploy_to(&project, "halved").await;
    let full_name = first["repository"].as_str().unwrap();
    world.push(full_name, "index.html", "<p>theirs</p>\n").await;
    for on in ["tree", "commit", "ref", "pull"] {
        world
            .trouble("halved", on, json!({"kind": "lost_response"}))
            .await;
    }
    let again = world.deploy_to(&project, "halved").await;
    assert_eq!(again["change"], "proposed", "{again:#}");
    let repository = world.repository("halved").await;
    assert_eq!(repository["refs"].as_object().unwrap().len(), 2);
    assert_eq!(repository["pulls"].as_array().unwrap().len(), 1);
    let clone = world.clone_of(full_name).await;
    let ahead = format!("main..origin/{}", again["branch"].as_str().unwrap());
    assert_eq!(clone.lines(&["rev-list", &ahead]).await.len(), 1);
}

async fn a_repository_of_before_becomes_a_site(world: &World) {
    let project = world.site().await;
    let kept = world.deploy_to(&project, "kept").await;
    assert_eq!(kept["change"], "created", "{kept:#}");
    let asked = json!({"target": "github_pages", "repository": {"name": "kept"}});
    let site = world.deploy(&project, asked).await;
    let said = [&site["status"], &site["change"]];
    assert_eq!(said, ["done", "published"], "{site:#}");
    let url = site["url"].as_str().unwrap();
    let served = until(PATIENCE, async || {
        let page = eventrelay_tests::read(world.stack.client().get(url)).await?;
        Ok((page.status == 200).then_some(page))
    });
    let index = &world.files(&project).await["index.html"].1;
    assert_eq!(served.await.unwrap().body, *index);
    let repository: Value = world.repository("kept").await;
    assert_eq!(
        (&repository["commits"], &repository["pages"]),
        (&json!(2), &json!(true))
    );
}
