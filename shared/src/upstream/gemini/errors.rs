//! What the error answers of the API mean. They are `google.rpc.Status` in JSON
//! (<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>), or anything at
//! all where a proxy speaks.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::SERVICE;
use crate::error::{Error, Source};
use crate::upstream::client::Answer;

/// What was asked for: the same status means something else for another question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// A model's answer about a YouTube video.
    WatchYouTube { model: &'a str },
    /// A model's answer, about an uploaded file or without a video.
    Generate { model: &'a str },
    /// The start of an upload.
    StartUpload,
    /// A file, or an upload that has been started.
    File,
}

/// Bounds for what is kept of foreign text for the log.
const LOGGED: usize = 500;
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// `ErrorInfo.reason` of faults of the key or the project
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>).
const KEY_REASONS: [&str; 4] = [
    "API_KEY_",
    "SERVICE_DISABLED",
    "BILLING_DISABLED",
    "CONSUMER_",
];
/// The same faults where no reason is given, in lower case.
const KEY_WORDS: [&str; 7] = [
    "api key",
    "api_key",
    "referer",
    "ip address",
    "billing",
    "location is not supported",
    "has not been used in project",
];
/// How a request that is not of the protocol is refused, in lower case.
const SHAPE_WORDS: [&str; 4] = [
    "invalid json payload",
    "unknown name",
    "invalid value at",
    "response_json_schema",
];

/// The part of `google.rpc.Status` that decides. Absent fields are empty.
#[derive(Debug, Default, PartialEq)]
struct Status {
    status: String,
    message: String,
    /// `ErrorInfo.reason`.
    reason: String,
    /// `RetryInfo.retryDelay`.
    retry_delay: Option<Duration>,
    /// Whether a `QuotaFailure` names a quota per day.
    per_day: bool,
    /// Whether a `BadRequest` names fields.
    bad_fields: bool,
}

impl Status {
    /// Takes what it finds; what is not JSON is a message.
    fn parse(body: &[u8]) -> Self {
        let Ok(document) = serde_json::from_slice::<Value>(body) else {
            return Self {
                message: String::from_utf8_lossy(body).into_owned(),
                ..Self::default()
            };
        };
        // Without `alt=sse` a streaming method wraps its error into an array.
        let error = document
            .get(0)
            .unwrap_or(&document)
            .get("error")
            .unwrap_or(&Value::Null);
        let text = |value: &Value, field: &str| {
            value
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut status = Self {
            status: text(error, "status"),
            message: text(error, "message"),
            ..Self::default()
        };
        for detail in items(error, "details") {
            match text(detail, "@type").rsplit('.').next().unwrap_or_default() {
                "ErrorInfo" => status.reason = text(detail, "reason"),
                "RetryInfo" => status.retry_delay = seconds(&text(detail, "retryDelay")),
                "BadRequest" => status.bad_fields = true,
                "QuotaFailure" => {
                    status.per_day |= items(detail, "violations")
                        .iter()
                        .any(|violation| text(violation, "quotaId").contains("PerDay"));
                }
                _ => {}
            }
        }
        status
    }

    fn is_about_the_key(&self) -> bool {
        self.status == "UNAUTHENTICATED"
            || KEY_REASONS
                .iter()
                .any(|reason| self.reason.starts_with(reason))
            || self.says(&KEY_WORDS)
    }

    fn is_about_the_shape(&self) -> bool {
        self.bad_fields || self.says(&SHAPE_WORDS)
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| message.contains(word))
    }

    /// For the log: bounded, on one line, without the key, which Google quotes in some messages
    /// ("Consumer 'api_key:...' has been suspended").
    fn source(&self, http: u16, key: &SecretString) -> Source {
        let mut message = self.message.clone();
        if !key.expose_secret().is_empty() {
            message = message.replace(key.expose_secret(), "[key]");
        }
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let message: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(LOGGED)
            .collect();
        let status: String = self.status.chars().take(40).collect();
        let reason: String = self.reason.chars().take(60).collect();
        format!("{http} {status} {reason}: {message}").into()
    }
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// `google.protobuf.Duration` in JSON: seconds with up to nine decimal places and an `s`
/// (<https://protobuf.dev/programming-guides/json/>). Negative ones are none.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(
        whole.parse().ok()?,
        format!("{fraction:0<9}").parse().ok()?,
    ))
}

/// The error that an answer without success means.
pub(super) fn classify(asked: Asked<'_>, answer: &Answer, key: &SecretString) -> Error {
    let status = Status::parse(&answer.body);
    let http = answer.status.as_u16();
    let source = status.source(http, key);
    let rejected = |source| Error::UpstreamRejected {
        service: SERVICE,
        source,
    };
    match http {
        429 if status.per_day => Error::DailyQuotaSpent { service: SERVICE },
        429 => {
            let pause = status.retry_delay.map(|delay| delay.min(LONGEST_PAUSE));
            Error::RateLimited {
                service: SERVICE,
                retry_after: pause.or(answer.retry_after()),
            }
        }
        408 | 409 | 499 | 500.. => Error::Unavailable {
            service: SERVICE,
            retry_after: answer.retry_after(),
            source,
        },
        ..400 => Error::UpstreamMalformed {
            service: SERVICE,
            source,
        },
        _ if status.is_about_the_key() => rejected(source),
        413 => Error::TooLarge { what: "video" },
        400 if status.says(&["token count", "exceeds the maximum number of tokens"]) => {
            Error::TooLarge { what: "video" }
        }
        // A file is used before it is processed: from the docs' sample, not seen in the wild.
        400 if status.says(&["not in an active state"]) => Error::Unavailable {
            service: SERVICE,
            retry_after: None,
            source,
        },
        400 | 403 | 404 | 410 => match asked {
            Asked::WatchYouTube { model } | Asked::Generate { model } if http == 404 => {
                Error::ModelGone {
                    model: model.to_owned(),
                }
            }
            Asked::WatchYouTube { .. } if !status.is_about_the_shape() => {
                Error::VideoInaccessible { source }
            }
            // Missing, expired and somebody else's are all 403: "You do not have permission to
            // access the File X or it may not exist."
            Asked::Generate { .. } if http == 403 && status.says(&["access the file"]) => {
                Error::FileGone
            }
            Asked::File if http != 400 => Error::FileGone,
            _ => rejected(source),
        },
        _ => rejected(source),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::KEY;
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;

    const YOUTUBE: Asked<'_> = Asked::WatchYouTube { model: "m" };
    const GENERATE: Asked<'_> = Asked::Generate { model: "m" };

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
        classify(asked, &answer(status, body), &KEY.into())
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
            (YOUTUBE, 400, KEY_INVALID, "upstream-rejected"),
            (YOUTUBE, 403, DISABLED, "upstream-rejected"),
            (YOUTUBE, 403, REFERER, "upstream-rejected"),
            (YOUTUBE, 400, COUNTRY, "upstream-rejected"),
            (YOUTUBE, 401, DENIED, "upstream-rejected"),
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
            (Asked::File, 403, REFERER, "upstream-rejected"),
            (Asked::File, 400, ARGUMENT, "upstream-rejected"),
            (Asked::StartUpload, 403, DENIED, "upstream-rejected"),
            (Asked::StartUpload, 404, HTML, "upstream-rejected"),
        ];
        for (asked, status, body, expected) in table {
            assert_eq!(slug(asked, status, body), expected, "{asked:?} {status} {body}");
        }
    }

    /// Whatever stands in the body, the status sets the bounds of what it can mean.
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
                    let error = classify(asked, &answer(status, body), &KEY.into());
                    let slug = error.problem().slug;
                    let within = match status {
                        ..400 => slug == "upstream-malformed",
                        429 => matches!(slug, "rate-limited" | "daily-quota-spent"),
                        408 | 409 | 499 | 500.. => slug == "upstream-unavailable",
                        _ => error.disposition() == crate::error::Disposition::Permanent,
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
            match classify(YOUTUBE, &answer, &KEY.into()) {
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
        let report = classify(YOUTUBE, &answer(403, body), &KEY.into()).report();
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
            classify(YOUTUBE, &answer(status, body), &KEY.into()).report();
        }

        #[test]
        fn no_text_in_the_fields_makes_it_panic_or_reaches_the_outside(text in "\\PC{9,80}") {
            let body = serde_json::json!({"error": {"message": text, "status": text, "details": [
                {"@type": "google.rpc.RetryInfo", "retryDelay": text},
                {"@type": "google.rpc.ErrorInfo", "reason": text},
            ]}});
            for status in [400, 403, 429, 503] {
                let error = classify(YOUTUBE, &answer(status, body.to_string()), &KEY.into());
                prop_assert!(!error.detail().contains(&text));
            }
        }

        #[test]
        fn durations_survive_writing(secs in 0u64..1 << 40, nanos in 0u32..1_000_000_000) {
            let written = format!("{secs}.{nanos:09}s");
            prop_assert_eq!(seconds(&written), Some(Duration::new(secs, nanos)));
        }
    }
}
