use super::super::tests::{answered, at, client, example, refusal, sent};
use super::*;
use eventrelay_testing::{Reply, Responder};
use serde_json::{Value, json};

fn new<'a>(name: &'a RepositoryName, organisation: Option<&'a Owner>) -> NewRepository<'a> {
    NewRepository {
        organisation,
        name,
        description: "A weather app [eventrelay:prj_0]",
        private: true,
    }
}

/// Response body of GitHub for a name that is taken.
fn name_taken() -> String {
    r#"{"message":"Repository creation failed.","errors":[{"resource":"Repository","code":"custom","field":"name","message":"name already exists on this account"}],"documentation_url":"https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user","status":"422"}"#.to_owned()
}

#[tokio::test]
async fn a_repository_is_made_with_a_first_commit() {
    let (github, server) = answered(201, example("created_repository")).await;
    let name = "Hello-World".parse().unwrap();
    let created = github.create_repository(new(&name, None)).await.unwrap();
    let Created::Repository(repository) = created else {
        panic!("{created:?}")
    };
    assert_eq!(repository.address, at());
    assert_eq!(
        repository.html_url,
        "https://github.com/octocat/Hello-World"
    );
    assert_eq!(repository.default_branch, "master");
    let organisation = "octo-org".parse().unwrap();
    let for_organisation = new(&name, Some(&organisation));
    github.create_repository(for_organisation).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].method, "POST");
    assert_eq!(
        (seen[0].path.as_str(), seen[1].path.as_str()),
        ("/user/repos", "/orgs/octo-org/repos")
    );
    assert_eq!(
        sent(&seen[0]),
        json!({"name": "Hello-World", "description": "A weather app [eventrelay:prj_0]", "private": true,
               "auto_init": true, "has_wiki": false, "has_projects": false})
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_an_outcome_and_another_refusal_is_not() {
    let name = "Hello-World".parse().unwrap();
    let (github, _server) = answered(422, name_taken()).await;
    let taken = github.create_repository(new(&name, None)).await;
    assert_eq!(taken.unwrap(), Created::NameTaken);
    let (github, _server) = answered(422, refusal("Validation Failed", "is too long")).await;
    let error = github
        .create_repository(new(&name, None))
        .await
        .unwrap_err();
    assert_eq!(error.problem().slug, "upstream-rejected");
}

#[tokio::test]
async fn missing_organisation_is_an_outcome() {
    let name = "Hello-World".parse().unwrap();
    let organisation = "missing".parse().unwrap();
    let (github, _server) = answered(404, refusal("Not Found", "")).await;
    let created = github
        .create_repository(new(&name, Some(&organisation)))
        .await;
    assert_eq!(created.unwrap(), Created::NoSuchOrganisation);
    let error = github
        .create_repository(new(&name, None))
        .await
        .unwrap_err();
    assert_eq!(error.problem().slug, "upstream-rejected");
}

#[tokio::test]
async fn a_repository_is_read_and_one_that_is_not_there_is_none() {
    let (github, server) = answered(200, example("repository")).await;
    let repository = github.repository(&at()).await.unwrap().unwrap();
    let address = repository.address.to_string();
    assert_eq!(address, "octokit-fixture-org/hello-world");
    assert_eq!((repository.description, repository.private), (None, false));
    assert_eq!(server.seen()[0].path, "/repos/octocat/Hello-World");
    let (github, _server) = answered(404, refusal("Not Found", "")).await;
    assert_eq!(github.repository(&at()).await.unwrap(), None);
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_found_at_our_own_server() {
    let server = Responder::start(|seen| match seen.path.as_str() {
        "/repositories/42" => Reply::new(200, example("repository")),
        "/repos/octocat/Hello-World" => {
            let url = "https://elsewhere.example/repositories/42";
            let body = json!({"message": "Moved Permanently", "url": url}).to_string();
            Reply::new(301, body).header("location", url)
        }
        _ => unreachable!(),
    })
    .await;
    let repository = client(&server).repository(&at()).await.unwrap().unwrap();
    assert_eq!(repository.address.name.as_str(), "hello-world");
}

#[tokio::test]
async fn repository_response_with_invalid_field_is_malformed() {
    let whole: Value = serde_json::from_slice(&example("repository")).unwrap();
    for (field, value) in [
        ("name", json!("../x")),
        ("html_url", json!("javascript:alert(1)")),
        ("default_branch", json!("")),
        ("owner", json!(null)),
    ] {
        let mut broken = whole.clone();
        broken[field] = value;
        let (github, _server) = answered(200, broken.to_string()).await;
        let error = github.repository(&at()).await.unwrap_err();
        assert_eq!(error.problem().slug, "upstream-malformed", "{field}");
    }
}

#[tokio::test]
async fn deleting_is_done_where_nothing_is() {
    for status in [204, 404] {
        let (github, server) = answered(status, "").await;
        github.delete_repository(&at()).await.unwrap();
        assert_eq!(server.seen()[0].method, "DELETE");
    }
    let (github, _server) =
        answered(403, refusal("Must have admin rights to Repository.", "")).await;
    assert!(github.delete_repository(&at()).await.is_err());
}
