use super::*;
use crate::sample_files::files;
use eventrelay_project::deploy::{digests, sha1};
use eventrelay_testing::{Reply, Responder};
use serde_json::json;

const TOKEN: &str = "nfp_test-token-that-must-not-leak";
const SITE: &str = r#"{"id":"3970e0fe-8564-4903-9a55-c5f8de49fb8b","name":"weather-app-0123456789","state":"current",
    "url":"http://weather-app-0123456789.netlify.app","ssl_url":"https://weather-app-0123456789.netlify.app","custom_domain":null}"#;
const TAKEN: &str = r#"{"errors":{"subdomain":["must be unique"]}}"#;

async fn answered(status: u16, body: impl Into<String>) -> (Netlify, Responder) {
    let body = body.into();
    let server = Responder::start(move |_| Reply::new(status, body.clone())).await;
    let (http, url) = (HttpClient::new().unwrap(), server.url.clone());
    (
        Netlify::new(http, url, TOKEN.into(), UpstreamGuard::open()),
        server,
    )
}

fn deploy(state: &str) -> Value {
    json!({
        "id": "5f9a1b2c3d4e5f0007a1b2c3", "site_id": "3970e0fe-8564-4903-9a55-c5f8de49fb8b",
        "state": state, "title": "dpl_0", "required": [sha1(b"")],
        "url": "http://weather-app-0123456789.netlify.app",
        "ssl_url": "https://weather-app-0123456789.netlify.app",
        "error_message": if state == "error" { json!("Failed\nto  process") } else { json!(null) },
    })
}

#[tokio::test]
async fn a_site_is_made_or_its_name_is_taken() {
    let (netlify, server) = answered(201, SITE).await;
    let name = "weather-app-0123456789";
    let site = Site {
        id: "3970e0fe-8564-4903-9a55-c5f8de49fb8b".to_owned(),
        name: name.to_owned(),
        url: "https://weather-app-0123456789.netlify.app".to_owned(),
    };
    let made = netlify.create_site(name).await.unwrap();
    assert_eq!(made, SiteCreated::Site(site.clone()));
    assert_eq!(netlify.site(name).await.unwrap(), Some(site));
    let seen = server.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/api/v1/sites")
    );
    assert_eq!(seen[0].body, br#"{"name":"weather-app-0123456789"}"#);
    assert_eq!(seen[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert!(seen[0].header("user-agent").starts_with("eventrelay/"));
    assert_eq!(
        seen[1].path,
        "/api/v1/sites/weather-app-0123456789.netlify.app"
    );
    let (netlify, _server) = answered(422, TAKEN).await;
    let made = netlify.create_site(name).await.unwrap();
    assert_eq!(made, SiteCreated::NameTaken);
    let refused = r#"{"errors":{"subdomain":["is too long"]}}"#;
    let (netlify, _server) = answered(422, refused).await;
    assert!(netlify.create_site(name).await.is_err());
    let (netlify, _server) = answered(404, r#"{"code":404,"message":"Not Found"}"#).await;
    assert_eq!(netlify.site(name).await.unwrap(), None);
}

#[tokio::test]
async fn a_deploy_is_a_list_of_digests() {
    let (netlify, server) = answered(200, deploy("uploading").to_string()).await;
    let digests = digests(&files());
    let made = netlify.create_deploy("site-1", "dpl_0", &digests).await;
    let made = made.unwrap();
    assert_eq!(
        (made.state, made.required),
        (State::Uploading, vec![sha1(b"")])
    );
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/api/v1/sites/site-1/deploys?title=dpl_0");
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        body,
        json!({"files": digests, "draft": false, "async": false})
    );
}

#[tokio::test]
async fn a_deploy_is_found_by_its_title() {
    let mut other = deploy("ready");
    other["title"] = json!(null);
    other["required"] = json!(null);
    let list = json!([other, deploy("processing")]);
    let (netlify, server) = answered(200, list.to_string()).await;
    let deploys = netlify.deploys("site-1").await.unwrap();
    let ours = deploys
        .iter()
        .find(|one| one.title.as_deref() == Some("dpl_0"));
    assert_eq!(ours.unwrap().state, State::Processing);
    let path = "/api/v1/sites/site-1/deploys?per_page=20";
    assert_eq!(server.seen()[0].path, path);
}

#[tokio::test]
async fn a_file_is_put_as_it_is() {
    let (netlify, server) = answered(200, r#"{"id":"/a b/c.html","sha":"x"}"#).await;
    let content = Bytes::from_static(&[0, 1, 255]);
    netlify.upload("d1", "a b/c#.html", content).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("PUT", "/api/v1/deploys/d1/files/a%20b/c%23.html")
    );
    assert_eq!(seen.header("content-type"), "application/octet-stream");
    assert_eq!(seen.body, [0, 1, 255]);
}

#[tokio::test]
async fn a_deploy_tells_how_far_it_is() {
    for (state, expected) in [
        ("new", State::Uploading),
        ("uploading", State::Uploading),
        ("uploaded", State::Processing),
        ("prepared", State::Processing),
        ("processing", State::Processing),
        ("something new", State::Processing),
        ("ready", State::Ready),
        ("error", State::Failed),
        ("rejected", State::Failed),
    ] {
        let (netlify, server) = answered(200, deploy(state).to_string()).await;
        let found = netlify.deploy("d1").await.unwrap().unwrap();
        assert_eq!(found.state, expected, "{state}");
        let message = (state == "error").then(|| "Failed to process".to_owned());
        assert_eq!(found.message, message, "{state}");
        assert_eq!(server.seen()[0].path, "/api/v1/deploys/d1");
    }
    let (netlify, _server) = answered(404, "").await;
    assert_eq!(netlify.deploy("d1").await.unwrap(), None);
}

#[tokio::test]
async fn what_an_answer_tells_is_not_believed_blindly() {
    let mut body = deploy("ready");
    body["ssl_url"] = json!("javascript:alert(1)");
    let (netlify, _server) = answered(200, body.to_string()).await;
    assert_eq!(netlify.deploy("d1").await.unwrap().unwrap().url, None);
    body["required"] = json!(vec!["a"; MAX_FILES + 1]);
    for body in [body.to_string(), "{}".to_owned(), "<html>".to_owned()] {
        let (netlify, _server) = answered(200, body).await;
        let error = netlify.deploy("d1").await.unwrap_err();
        assert_eq!(error.problem().slug, "upstream-malformed");
    }
    let (netlify, _server) = answered(200, SITE.replace("weather-app", "../x")).await;
    assert!(netlify.site("x").await.is_err());
}

#[tokio::test]
async fn errors_say_what_is_to_be_done() {
    for (status, slug) in [
        (400, "upstream-rejected"),
        (401, "upstream-rejected"),
        (403, "upstream-rejected"),
        (404, "upstream-rejected"),
        (422, "upstream-rejected"),
        (429, "rate-limited"),
        (500, "upstream-unavailable"),
        (503, "upstream-unavailable"),
    ] {
        let body = format!(r#"{{"code":{status},"message":"Bad {TOKEN}"}}"#);
        let (netlify, _server) = answered(status, body).await;
        let made = netlify.create_deploy("s", "t", &BTreeMap::new()).await;
        let error = made.unwrap_err();
        assert_eq!(error.problem().slug, slug, "{status}");
        let report = format!("{error:?} {}", error.report());
        assert!(!report.contains(TOKEN), "{report}");
        if let Error::RateLimited { retry_after, .. } = error {
            assert_eq!(retry_after, Some(PAUSE));
        }
    }
}
