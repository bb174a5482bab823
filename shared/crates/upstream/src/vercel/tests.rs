use super::*;
use crate::sample_files::files;
use eventrelay_project::Framework;
use eventrelay_project::deploy::vercel_settings;
use eventrelay_testing::{Reply, Responder};
use serde_json::{Value, json};

const TOKEN: &str = "vercel-test-token-that-must-not-leak";

async fn answered(status: u16, body: impl Into<String>) -> (Vercel, Responder) {
    let body = body.into();
    let server = Responder::start(move |_| Reply::new(status, body.clone())).await;
    let (http, url) = (HttpClient::new().unwrap(), server.url.clone());
    let team = Some("team_1".to_owned());
    let vercel = Vercel::new(http, url, team, TOKEN.into(), UpstreamGuard::open());
    (vercel, server)
}

fn deployment(state: &str) -> Value {
    json!({
        "id": "dpl_89qyp1cskzkLrVicDaZoDbjyHuDJ",
        "name": "weather-app-0123456789",
        "url": "weather-app-0123456789-abc.vercel.app",
        "inspectorUrl": "https://vercel.com/team/weather-app/89qyp1",
        "alias": ["weather-app-0123456789.vercel.app"],
        "aliasAssigned": null,
        "readyState": state,
        "status": state,
        "target": "production",
        "createdAt": 1_790_000_000_000_u64,
        "errorMessage": if state == "ERROR" { json!("Command \"npm run build\"\nexited with 1") } else { json!(null) },
    })
}

fn new(files: &[ProjectFile]) -> NewDeployment<'_> {
    NewDeployment {
        name: "weather-app-0123456789",
        settings: vercel_settings(Framework::NextJs).unwrap(),
        files,
        deployment: "dpl_0",
    }
}

#[tokio::test]
async fn a_project_is_sent_in_one_request() {
    let (vercel, server) = answered(200, deployment("QUEUED").to_string()).await;
    let files = files();
    let made = vercel.create_deployment(new(&files)).await.unwrap();
    assert_eq!((made.state, made.site_url), (State::Waiting, None));
    assert_eq!(
        made.url.as_deref(),
        Some("https://weather-app-0123456789-abc.vercel.app")
    );
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        (
            "POST",
            "/v13/deployments?teamId=team_1&skipAutoDetectionConfirmation=1"
        )
    );
    assert_eq!(seen.header("authorization"), format!("Bearer {TOKEN}"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["name"], "weather-app-0123456789");
    assert_eq!(body["target"], "production");
    assert_eq!(body["projectSettings"]["framework"], "nextjs");
    assert_eq!(body["meta"], json!({"eventrelay": "dpl_0"}));
    assert_eq!(body["files"].as_array().unwrap().len(), files.len());
    assert_eq!(
        body["files"][1],
        json!({"file": "bin/run", "data": "#!/bin/sh\n", "encoding": "utf-8"})
    );
    assert_eq!(
        body["files"][2],
        json!({"file": "images/a.png", "data": "iVBORwD/", "encoding": "base64"})
    );
}

#[tokio::test]
async fn a_deployment_tells_how_far_it_is() {
    for (state, expected) in [
        ("QUEUED", State::Waiting),
        ("INITIALIZING", State::Waiting),
        ("ANALYZING", State::Building),
        ("BUILDING", State::Building),
        ("SOMETHING_NEW", State::Building),
        ("READY", State::Ready),
        ("ERROR", State::Failed),
        ("BLOCKED", State::Failed),
        ("CANCELED", State::Cancelled),
    ] {
        let (vercel, server) = answered(200, deployment(state).to_string()).await;
        let found = vercel.deployment("dpl_1/x").await.unwrap().unwrap();
        assert_eq!(found.state, expected, "{state}");
        let is_ready = expected == State::Ready;
        assert_eq!(found.site_url.is_some(), is_ready, "{state}");
        assert_eq!(found.message.is_some(), state == "ERROR", "{state}");
        let path = "/v13/deployments/dpl_1%2Fx?teamId=team_1";
        assert_eq!(server.seen()[0].path, path);
    }
    let (vercel, _server) = answered(404, r#"{"error":{"code":"not_found","message":"m"}}"#).await;
    assert_eq!(vercel.deployment("dpl_1").await.unwrap(), None);
}

#[tokio::test]
async fn what_an_answer_tells_is_not_believed_blindly() {
    let mut body = deployment("READY");
    body["url"] = json!("evil.example/path?x");
    body["alias"] = json!(["user@evil.example"]);
    body["inspectorUrl"] = json!("javascript:alert(1)");
    let (vercel, _server) = answered(200, body.to_string()).await;
    let found = vercel.deployment("dpl_1").await.unwrap().unwrap();
    assert_eq!(
        (found.url, found.site_url, found.inspector_url),
        (None, None, None)
    );
    body["id"] = json!("../../x");
    for body in [body.to_string(), "{}".to_owned(), "<html>".to_owned()] {
        let (vercel, _server) = answered(200, body).await;
        let error = vercel.deployment("dpl_1").await.unwrap_err();
        assert_eq!(error.problem().slug, "upstream-malformed");
    }
}

#[tokio::test]
async fn a_log_is_asked_for_from_its_end() {
    let log = r#"[{"type":"stderr","created":1,"text":"it failed"}]"#;
    let (vercel, server) = answered(200, log).await;
    assert_eq!(vercel.events("dpl_1").await.unwrap(), ["it failed"]);
    assert_eq!(
        server.seen()[0].path,
        "/v3/deployments/dpl_1/events?teamId=team_1&direction=backward&limit=100&builds=1"
    );
    let (vercel, _server) = answered(404, "{}").await;
    assert_eq!(vercel.events("dpl_1").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn errors_say_what_is_to_be_done() {
    for (status, code, more, slug) in [
        (400, "bad_request", "", "upstream-rejected"),
        (400, "missing_files", "", "upstream-rejected"),
        (401, "unauthorized", "", "upstream-rejected"),
        (402, "payment_required", "", "upstream-rejected"),
        (
            403,
            "forbidden",
            r#","invalidToken":true"#,
            "upstream-rejected",
        ),
        (429, "rate_limited", "", "rate-limited"),
        (500, "internal_server_error", "", "upstream-unavailable"),
        (503, "", "", "upstream-unavailable"),
    ] {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"Bad {TOKEN}"{more}}}}}"#);
        let (vercel, _server) = answered(status, body).await;
        let error = vercel.create_deployment(new(&[])).await.unwrap_err();
        assert_eq!(error.problem().slug, slug, "{status} {code}");
        let report = format!("{error:?} {}", error.report());
        assert!(!report.contains(TOKEN), "{report}");
        if let Error::RateLimited { retry_after, .. } = error {
            assert_eq!(retry_after, Some(Duration::from_secs(60)));
        }
    }
}
