use super::super::tests::{TOKEN, at, client, refusal};
use super::*;
use bytes::Bytes;
use eventrelay_core::error::Disposition;
use eventrelay_testing::{Reply, Responder};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

/// Returns the error of a request for a tree with this response.
async fn asked(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    let body = body.to_owned();
    let server = Responder::start(move |_| {
        let reply = Reply::new(status, body.clone());
        let mut headers = headers.iter();
        headers
            .try_fold(reply, |reply, (name, value)| {
                Some(reply.header(name, value.clone()))
            })
            .unwrap()
    })
    .await;
    let id = "7638417db6d59f3c431d3e1f261cc637155684cd".parse().unwrap();
    client(&server).tree(&at(), &id).await.unwrap_err()
}

fn pause(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited { retry_after, .. } => retry_after.map(|pause| pause.as_secs()),
        _ => None,
    }
}

const SECONDARY: &str = "You have exceeded a secondary rate limit. Please wait a few minutes.";

#[tokio::test]
async fn a_limit_is_told_by_headers_or_by_words() {
    let date = ("date", "Tue, 24 Nov 2026 08:00:00 GMT");
    // 2026-11-24T08:00:42Z
    let spent = [
        date,
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1795507242"),
    ];
    let left = [date, ("x-ratelimit-remaining", "4000")];
    for status in [403, 429] {
        let primary = asked(status, &spent, &refusal("API rate limit exceeded", "")).await;
        assert_eq!(pause(&primary), Some(42), "{primary:?}");
        let told = asked(status, &[("retry-after", "7")], &refusal(SECONDARY, "")).await;
        assert_eq!(pause(&told), Some(7), "{told:?}");
        let silent = asked(status, &left, &refusal(SECONDARY, "")).await;
        assert_eq!(pause(&silent), Some(60), "{silent:?}");
    }
    let old = "You have triggered an abuse detection mechanism.";
    assert_eq!(pause(&asked(403, &left, &refusal(old, "")).await), Some(60));
    assert_eq!(pause(&asked(429, &[], "<html>").await), Some(60));
}

#[tokio::test]
async fn a_status_means_what_is_to_be_done() {
    for (status, message, slug, disposition) in [
        (
            400,
            "Problems parsing JSON",
            "upstream-rejected",
            Disposition::Permanent,
        ),
        (
            401,
            "Bad credentials",
            "upstream-rejected",
            Disposition::Permanent,
        ),
        (
            403,
            "Resource not accessible by personal access token",
            "upstream-rejected",
            Disposition::Permanent,
        ),
        (
            404,
            "Not Found",
            "upstream-not-ready",
            Disposition::Transient,
        ),
        (
            409,
            "Git Repository is empty.",
            "upstream-not-ready",
            Disposition::Transient,
        ),
        (
            422,
            "Tree SHA does not exist",
            "upstream-not-ready",
            Disposition::Transient,
        ),
        (
            422,
            "Invalid request.",
            "upstream-rejected",
            Disposition::Permanent,
        ),
        (
            301,
            "Moved Permanently",
            "upstream-rejected",
            Disposition::Permanent,
        ),
        (
            500,
            "Server Error",
            "upstream-unavailable",
            Disposition::Transient,
        ),
        (
            502,
            "Server Error",
            "upstream-unavailable",
            Disposition::Transient,
        ),
        (408, "", "upstream-unavailable", Disposition::Transient),
    ] {
        let error = asked(status, &[], &refusal(message, "")).await;
        assert_eq!(error.problem().slug, slug, "{status} {message}");
        assert_eq!(error.disposition(), disposition, "{status} {message}");
        assert!(error.report().contains(message), "{}", error.report());
        assert!(!error.detail().contains(message) || message.is_empty());
    }
}

#[tokio::test]
async fn what_is_logged_has_no_token_and_an_end() {
    let message = format!("Bad {TOKEN} {}", "x".repeat(5000));
    let report = asked(400, &[], &refusal(&message, "")).await.report();
    assert!(!report.contains(TOKEN) && report.len() < 1000, "{report}");
}

#[test]
fn details_are_read_in_every_form() {
    let answer = |body: &str| Answer {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_owned()),
    };
    for body in [
        r#"{"message":"Validation Failed","errors":["No Commits between a and b"]}"#,
        r#"{"message":"Validation Failed","errors":[{"message":"No commits between a and b"}]}"#,
        r#"{"message":"no commits between a and b"}"#,
        "no commits between a and b",
    ] {
        assert!(
            is_refused_with(&answer(body), "no commits between"),
            "{body}"
        );
    }
    let recorded = r#"{"message":"Validation Failed","errors":[{"resource":"Label","code":"invalid","field":"color"}]}"#;
    assert!(is_refused_with(&answer(recorded), "color invalid"));
    assert!(!is_refused_with(&answer(recorded), "no commits"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_error_parser_panic(status in 300u16..600, body: Vec<u8>) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
        classify_git(&answer, &str::to_owned);
    }
}
