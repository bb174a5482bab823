use super::super::tests::KEY;
use super::*;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

fn redact(text: &str) -> String {
    text.replace(KEY, "[key]")
}

const YOUTUBE: Asked<'_> = Asked::WatchYouTube { model: "m" };
const GENERATE: Asked<'_> = Asked::Generate { model: "m" };

const KEY_AT: KeySource = KeySource::Variable("GEMINI_API_KEY");

const LEAKED: &str = r#"{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}"#;
const DENIED_PROJECT: &str = r#"{"error":{"code":403,"message":"Your project has been denied access. Please contact support.","status":"PERMISSION_DENIED"}}"#;
const DEPLETED: &str = r#"{"error":{"code":429,"message":"Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.","status":"RESOURCE_EXHAUSTED"}}"#;
const SUSPENDED: &str = r#"{"error":{"code":403,"message":"Permission denied: Consumer 'api_key:x' has been suspended.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_SUSPENDED"}]}}"#;
const FREE_TIER: &str = r#"{"error":{"code":400,"message":"Gemini API free tier is not available in your country. Please enable billing on your project in Google AI Studio.","status":"FAILED_PRECONDITION"}}"#;
const NO_BILLING: &str = r#"{"error":{"code":400,"message":"This API method requires billing to be enabled.","status":"FAILED_PRECONDITION"}}"#;
const UNREGISTERED: &str = r#"{"error":{"code":403,"message":"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.","status":"PERMISSION_DENIED"}}"#;
const PER_MINUTE: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[
    {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"m"},"quotaValue":"15"}]},
    {"@type":"type.googleapis.com/google.rpc.Help","links":[]},
    {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.07s"}]}}"#;
const PER_DAY: &str = r#"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[
    {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
    {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"26s"}]}}"#;
const EXHAUSTED: &str = r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#;
const OVERLOADED: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
const KEY_INVALID: &str = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
const DISABLED: &str = r#"{"error":{"code":403,"message":"Disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}"#;
const REFERER: &str = r#"{"error":{"code":403,"message":"Requests from referer <empty> are blocked.","status":"PERMISSION_DENIED"}}"#;
const COUNTRY: &str = r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#;
const TOKENS: &str = r#"{"error":{"code":400,"message":"The input token count (1300000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#;
const ARGUMENT: &str = r#"{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}"#;
const SHAPE: &str = r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"x\"","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[]}]}}"#;
const NOT_ACTIVE: &str = r#"{"error":{"code":400,"message":"The File abc is not in an ACTIVE state and usage is not allowed.","status":"FAILED_PRECONDITION"}}"#;
const DENIED: &str = r#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#;
const FILE: &str = r#"{"error":{"code":403,"message":"You do not have permission to access the File abc or it may not exist.","status":"PERMISSION_DENIED"}}"#;
const NO_MODEL: &str = r#"{"error":{"code":404,"message":"models/m is not found for API version v1beta","status":"NOT_FOUND"}}"#;
const HTML: &str = "<html><head><title>502</title></head><body>upstream-words</body></html>";

fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn slug(asked: Asked<'_>, status: u16, body: &'static str) -> &'static str {
    classify(asked, &answer(status, body), &KEY_AT, redact)
        .problem()
        .slug
}

#[test]
#[rustfmt::skip]
fn every_answer_has_its_meaning() {
    let table = [
        (YOUTUBE, 429, PER_MINUTE, "rate-limited"),
        (YOUTUBE, 429, PER_DAY, "daily-quota-spent"),
        (YOUTUBE, 429, EXHAUSTED, "rate-limited"),
        (YOUTUBE, 429, "", "rate-limited"),
        (YOUTUBE, 503, OVERLOADED, "upstream-unavailable"),
        (YOUTUBE, 400, KEY_INVALID, "access-refused"),
        (YOUTUBE, 403, DISABLED, "access-refused"),
        (YOUTUBE, 403, REFERER, "access-refused"),
        (YOUTUBE, 400, COUNTRY, "access-refused"),
        (YOUTUBE, 401, DENIED, "access-refused"),
        (YOUTUBE, 403, LEAKED, "access-refused"),
        (YOUTUBE, 429, DEPLETED, "access-refused"),
        (Asked::File, 403, DENIED_PROJECT, "access-refused"),
        (YOUTUBE, 400, TOKENS, "too-large"),
        (YOUTUBE, 400, ARGUMENT, "video-inaccessible"),
        (YOUTUBE, 403, DENIED, "video-inaccessible"),
        (YOUTUBE, 400, SHAPE, "upstream-rejected"),
        (YOUTUBE, 404, NO_MODEL, "model-gone"),
        (GENERATE, 404, NO_MODEL, "model-gone"),
        (GENERATE, 400, ARGUMENT, "upstream-rejected"),
        (GENERATE, 403, DENIED, "upstream-rejected"),
        (GENERATE, 403, FILE, "file-gone"),
        (GENERATE, 400, NOT_ACTIVE, "upstream-unavailable"),
        (GENERATE, 400, TOKENS, "too-large"),
        (GENERATE, 413, HTML, "too-large"),
        (Asked::File, 403, FILE, "file-gone"),
        (Asked::File, 404, "", "file-gone"),
        (Asked::File, 410, "", "file-gone"),
        (Asked::File, 403, REFERER, "access-refused"),
        (Asked::File, 400, ARGUMENT, "upstream-rejected"),
        (Asked::StartUpload, 403, DENIED, "upstream-rejected"),
        (Asked::StartUpload, 404, HTML, "upstream-rejected"),
    ];
    for (asked, status, body, expected) in table {
        assert_eq!(slug(asked, status, body), expected, "{asked:?} {status} {body}");
    }
}

#[test]
fn fault_of_key_or_project_names_what_is_wrong() {
    for (status, body, expected, reason) in [
        (400, KEY_INVALID, AccessFault::Key, "API_KEY_INVALID"),
        (403, UNREGISTERED, AccessFault::Key, "PERMISSION_DENIED"),
        (403, REFERER, AccessFault::Key, "PERMISSION_DENIED"),
        (403, LEAKED, AccessFault::LeakedKey, "PERMISSION_DENIED"),
        (403, SUSPENDED, AccessFault::Project, "CONSUMER_SUSPENDED"),
        (
            403,
            DENIED_PROJECT,
            AccessFault::Project,
            "PERMISSION_DENIED",
        ),
        (
            403,
            DISABLED,
            AccessFault::ServiceDisabled,
            "SERVICE_DISABLED",
        ),
        (400, NO_BILLING, AccessFault::Billing, "FAILED_PRECONDITION"),
        (429, DEPLETED, AccessFault::Billing, "RESOURCE_EXHAUSTED"),
        (400, COUNTRY, AccessFault::Location, "FAILED_PRECONDITION"),
        (400, FREE_TIER, AccessFault::Location, "FAILED_PRECONDITION"),
    ] {
        for asked in [YOUTUBE, GENERATE, Asked::StartUpload, Asked::File] {
            let error = classify(asked, &answer(status, body), &KEY_AT, redact);
            let seen = match &error {
                Error::AccessRefused { fault, reason, .. } => (*fault, *reason),
                other => panic!("{body}: {other:?}"),
            };
            assert_eq!(seen, (expected, Some(reason)), "{body}");
            assert_eq!(
                error.disposition(),
                eventrelay_core::error::Disposition::Permanent
            );
        }
    }
    let told = classify(YOUTUBE, &answer(400, KEY_INVALID), &KEY_AT, redact).detail();
    assert_eq!(
        told,
        "Gemini refused the API key (API_KEY_INVALID). Set GEMINI_API_KEY."
    );
}

/// For any body, the status bounds the possible meanings.
#[test]
fn every_status_with_every_form_of_body() {
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "\"x\"",
        HTML,
        r#"{"error":"text"}"#,
        r#"{"error":{"code":"invalid_request","message":"m"}}"#,
        r#"[{"error":{"message":"m","details":[7,{"@type":5}]}}]"#,
        PER_MINUTE,
        PER_DAY,
        EXHAUSTED,
        OVERLOADED,
        KEY_INVALID,
        SHAPE,
        FILE,
    ];
    for status in 300..600 {
        for body in bodies {
            for asked in [YOUTUBE, GENERATE, Asked::StartUpload, Asked::File] {
                let error = classify(asked, &answer(status, body), &KEY_AT, redact);
                let slug = error.problem().slug;
                let within = match status {
                    ..400 => slug == "upstream-malformed",
                    429 => matches!(slug, "rate-limited" | "daily-quota-spent"),
                    408 | 409 | 499 | 500.. => slug == "upstream-unavailable",
                    _ => error.disposition() == eventrelay_core::error::Disposition::Permanent,
                };
                assert!(within, "{status} {body} {asked:?}: {slug}");
                assert!(
                    !error.detail().contains("upstream-words"),
                    "{status} {asked:?}"
                );
            }
        }
    }
}

#[test]
fn the_body_says_when_to_retry_and_else_the_header() {
    let pause = |body, retry_after: Option<&str>| {
        let mut answer = answer(429, body);
        retry_after.map(|value| answer.headers.insert("retry-after", value.parse().unwrap()));
        match classify(YOUTUBE, &answer, &KEY_AT, redact) {
            Error::RateLimited { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        pause(PER_MINUTE, Some("5")),
        Some(Duration::from_millis(34_070))
    );
    assert_eq!(pause(EXHAUSTED, Some("5")), Some(Duration::from_secs(5)));
    assert_eq!(pause(EXHAUSTED, None), None);
}

#[test]
fn the_log_gets_the_words_bounded_and_without_the_key() {
    let body = format!(
        r#"{{"error":{{"message":"Consumer 'api_key:{KEY}' has been suspended.\n{}"}}}}"#,
        "x".repeat(5000)
    );
    let report = classify(YOUTUBE, &answer(403, body), &KEY_AT, redact).report();
    assert!(
        report.contains("'api_key:[key]' has been suspended. x"),
        "{report}"
    );
    assert!(report.len() < 700 && !report.contains('\n'), "{report}");
}

#[test]
fn durations_are_read_as_the_protocol_writes_them() {
    assert_eq!(seconds("34.07s"), Some(Duration::from_millis(34_070)));
    assert_eq!(seconds("26s"), Some(Duration::from_secs(26)));
    assert_eq!(seconds("0.000000001s"), Some(Duration::from_nanos(1)));
    for wrong in [
        "",
        "s",
        "26",
        "-1s",
        "1e3s",
        "1.s",
        ".5s",
        "NaNs",
        "0.1234567890s",
    ] {
        assert_eq!(seconds(wrong), None, "{wrong}");
    }
    assert_eq!(seconds("99999999999999999999s"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(status in 300u16..600, body: Vec<u8>) {
        classify(YOUTUBE, &answer(status, body), &KEY_AT, redact).report();
    }

    #[test]
    fn no_text_in_the_fields_makes_it_panic_or_reaches_the_outside(text in "\\PC{9,80}") {
        let body = serde_json::json!({"error": {"message": text, "status": text, "details": [
            {"@type": "google.rpc.RetryInfo", "retryDelay": text},
            {"@type": "google.rpc.ErrorInfo", "reason": text},
        ]}});
        for status in [400, 403, 429, 503] {
            let error = classify(YOUTUBE, &answer(status, body.to_string()), &KEY_AT, redact);
            prop_assert!(!error.detail().contains(&text));
        }
    }

    #[test]
    fn durations_survive_writing(secs in 0u64..1 << 40, nanos in 0u32..1_000_000_000) {
        let written = format!("{secs}.{nanos:09}s");
        prop_assert_eq!(seconds(&written), Some(Duration::new(secs, nanos)));
    }
}
