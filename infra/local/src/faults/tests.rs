#![allow(clippy::unwrap_used)]

use axum::routing::any;
use http::HeaderMap;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::lambda::{
    Answer, WhenBusy,
    tests::{probe, start},
};

/// A service that answers every request with its `Host` header.
async fn service() -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    let router = Router::new().fallback(any(async move |headers: HeaderMap| {
        let host = headers["host"].to_str().unwrap().to_owned();
        ([("x-goog-upload-url", format!("{own}/upload?id=1"))], host)
    }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[expect(clippy::disallowed_methods, reason = "a client of the proxy")]
fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}

#[tokio::test]
async fn call_of_another_client_passes_unchanged() {
    let (_stop, shutdown) = watch::channel(false);
    let faults = Faults::new();
    *lock(&faults.chaos) = Chaos::new(
        serde_json::from_value(json!({"seed": 1, "aws": 1.0, "upstreams": 1.0})).unwrap(),
    );
    // An instance exists, and all its calls would fail.
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let answer = lambda
        .invoke("Probe", "{}".into(), WhenBusy::Throttle)
        .await;
    assert!(matches!(answer, Answer::Payload(_)), "{answer:?}");
    faults.set_lambda(&lambda);
    let behind = service().await;
    let mut variables = BTreeMap::from([
        ("GEMINI_BASE_URL".to_owned(), behind.clone()),
        ("GITHUB_BASE_URL".to_owned(), behind.clone()),
        ("VERCEL_BASE_URL".to_owned(), behind.clone()),
        ("NETLIFY_BASE_URL".to_owned(), behind.clone()),
        (
            "YOUTUBE_BASE_URL".to_owned(),
            "https://youtube.googleapis.com".to_owned(),
        ),
    ]);
    faults.interpose(&mut variables, &shutdown).await.unwrap();
    for name in ["GITHUB_BASE_URL", "VERCEL_BASE_URL", "NETLIFY_BASE_URL"] {
        assert_ne!(variables[name], behind, "{name}");
    }
    let proxy = &variables["GEMINI_BASE_URL"];
    assert_ne!(*proxy, behind);
    assert_eq!(
        variables["YOUTUBE_BASE_URL"],
        "https://youtube.googleapis.com"
    );
    for _ in 0..20 {
        let answer = client()
            .post(format!("{proxy}/a%2Fb"))
            .send()
            .await
            .unwrap();
        let url = answer.headers()["x-goog-upload-url"].to_str().unwrap();
        assert_eq!(url, format!("{proxy}/upload?id=1"));
        assert_eq!(
            format!("http://{}", answer.text().await.unwrap()),
            *proxy,
            "the signed header"
        );
    }
    assert!(lambda.instance_of(|_| true).is_some(), "it is still there");
    assert!(lock(&faults.chaos).dealt.is_empty());
}
