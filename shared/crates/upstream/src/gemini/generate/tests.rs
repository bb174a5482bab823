use super::super::tests::{KEY, assert_is, client};
use super::*;
use eventrelay_testing::{Reply, Responder};
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);
const WATCH: &str = "https://www.youtube.com/watch?v=9hE5-98ZeCg";

fn question(schema: &Value) -> GenerateRequest<'_> {
    GenerateRequest {
        model: "gemini-3.8-flash",
        media: Some(Media::YouTube(WATCH)),
        window: Some(Window {
            start: 40 * SECOND,
            end: Some(Duration::from_millis(90_500)),
        }),
        system: "Be brief.",
        texts: &["First.", "Second."],
        json_schema: schema,
        media_resolution: Some(MediaResolution::Low),
        thinking_level: None,
        estimate: Estimate::default(),
        cap: None,
        key_id: None,
        has_reservation: false,
    }
}

fn decoded(answer: Value) -> Result<Generated, Error> {
    decode(serde_json::from_value(answer).unwrap())
}

fn finished(reason: Value, parts: Value) -> Result<Generated, Error> {
    decoded(json!({"candidates": [{"content": {"parts": parts}, "finishReason": reason}]}))
}

#[tokio::test]
async fn a_question_is_of_the_protocol_with_the_video_first() {
    const ANSWER: &str = r#"{"candidates":[{"content":{"role":"model","parts":[
        {"text":"let me see","thought":true},{"text":"{\"a\":"},{"text":"1}"}]},"finishReason":"STOP","index":0}],
        "usageMetadata":{"promptTokenCount":18000,"candidatesTokenCount":7,"thoughtsTokenCount":90,"totalTokenCount":18097,
        "promptTokensDetails":[{"modality":"VIDEO","tokenCount":17990}]},"modelVersion":"gemini-3.8-flash-001","responseId":"r"}"#;
    assert_is("GenerateContentResponse", ANSWER.as_bytes());
    let server = Responder::start(|_| Reply::new(200, ANSWER)).await;
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let answered = client(&server)
        .generate(&question(&schema), 5 * SECOND)
        .await
        .unwrap();
    let generated = answered.outcome.unwrap();
    assert_eq!(generated.text, r#"{"a":1}"#);
    assert_eq!(
        generated.model_version.as_deref(),
        Some("gemini-3.8-flash-001")
    );
    let usage = Usage {
        input_tokens: 18_000,
        output_tokens: 7,
        thinking_tokens: 90,
        model_calls: 1,
        ..Usage::default()
    };
    assert_eq!(answered.usage, usage);

    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/v1beta/models/gemini-3.8-flash:generateContent");
    assert_eq!(
        (seen.header("x-goog-api-key"), seen.header("content-type")),
        (KEY, "application/json")
    );
    assert_is("GenerateContentRequest", &seen.body);
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        body["contents"][0],
        json!({"role": "user", "parts": [
            {"fileData": {"fileUri": WATCH}, "videoMetadata": {"startOffset": "40s", "endOffset": "90.500s"}},
            {"text": "First."},
            {"text": "Second."},
        ]})
    );
    assert_eq!(
        body["systemInstruction"],
        json!({"parts": [{"text": "Be brief."}]})
    );
    assert_eq!(
        body["generationConfig"],
        json!({"maxOutputTokens": 65_536, "responseMimeType": "application/json",
            "responseJsonSchema": schema, "mediaResolution": "MEDIA_RESOLUTION_LOW"})
    );
}

#[test]
fn files_and_plain_questions_are_of_the_protocol_too() {
    let schema = json!({});
    let file = Media::File {
        uri: "https://h/v1beta/files/a",
        mime_type: "video/mp4",
    };
    for media in [Some(file), None] {
        for media_resolution in [MediaResolution::Medium, MediaResolution::High] {
            let question = GenerateRequest {
                media,
                window: Some(Window {
                    start: SECOND,
                    end: None,
                }),
                media_resolution: Some(media_resolution),
                ..question(&schema)
            };
            assert_is(
                "GenerateContentRequest",
                &serde_json::to_vec(&wire_request(&question, 1000)).unwrap(),
            );
        }
    }
    let plain = GenerateRequest {
        media: None,
        ..question(&schema)
    };
    let plain = serde_json::to_value(wire_request(&plain, 1000)).unwrap();
    assert_eq!(plain["contents"][0]["parts"].as_array().unwrap().len(), 2);
}

/// The published protocol lags behind the API here, so this test checks the field separately.
#[test]
fn the_thinking_level_is_sent_as_documented() {
    let schema = json!({});
    let levels = [
        (ThinkingLevel::Minimal, "MINIMAL"),
        (ThinkingLevel::Low, "LOW"),
        (ThinkingLevel::Medium, "MEDIUM"),
        (ThinkingLevel::High, "HIGH"),
    ];
    for (level, name) in levels {
        let question = GenerateRequest {
            thinking_level: Some(level),
            ..question(&schema)
        };
        let mut wire = serde_json::to_value(wire_request(&question, 1000)).unwrap();
        let config = wire["generationConfig"].as_object_mut().unwrap();
        assert_eq!(
            config.remove("thinkingConfig"),
            Some(json!({"thinkingLevel": name}))
        );
        assert_is("GenerateContentRequest", wire.to_string().as_bytes());
    }
}

#[test]
fn a_blocked_prompt_has_no_candidates() {
    for reason in ["SAFETY", "OTHER", "PROHIBITED_CONTENT", "JAILBREAK"] {
        let error = decoded(json!({"promptFeedback": {"blockReason": reason}})).unwrap_err();
        assert!(
            matches!(&error, Error::PromptBlocked { reason: r } if r == reason),
            "{error:?}"
        );
    }
}

#[test]
fn every_way_to_finish_with_every_form_of_text() {
    let none = || json!([]);
    let cut = || json!([{"text": "{\"a\":"}]);
    let whole = || json!([{"text": "{\"a\":1}"}]);
    let slug = |reason: &str, parts: Value| {
        finished(json!(reason), parts).map_or_else(|error| error.problem().slug, |_| "ok")
    };
    for (reason, empty, partial, complete) in [
        ("STOP", "answer-empty", "ok", "ok"),
        (
            "MAX_TOKENS",
            "answer-truncated",
            "answer-truncated",
            "answer-truncated",
        ),
        (
            "CONTINUATION",
            "answer-truncated",
            "answer-truncated",
            "answer-truncated",
        ),
        ("SAFETY", "prompt-blocked", "prompt-blocked", "ok"),
        ("RECITATION", "prompt-blocked", "prompt-blocked", "ok"),
        ("BLOCKLIST", "prompt-blocked", "prompt-blocked", "ok"),
        (
            "PROHIBITED_CONTENT",
            "prompt-blocked",
            "prompt-blocked",
            "ok",
        ),
        ("SPII", "prompt-blocked", "prompt-blocked", "ok"),
        (
            "MALFORMED_RESPONSE",
            "answer-empty",
            "answer-malformed",
            "ok",
        ),
        (
            "A_REASON_OF_NEXT_YEAR",
            "answer-empty",
            "answer-malformed",
            "ok",
        ),
        ("", "answer-empty", "answer-malformed", "ok"),
    ] {
        assert_eq!(slug(reason, none()), empty, "{reason}");
        assert_eq!(slug(reason, cut()), partial, "{reason}");
        assert_eq!(slug(reason, whole()), complete, "{reason}");
    }
}

#[test]
fn thoughts_alone_are_no_answer() {
    let thought = json!([{"text": "{\"a\":1}", "thought": true}]);
    assert!(matches!(
        finished(json!("STOP"), thought),
        Err(Error::AnswerEmpty)
    ));
    for nothing in [
        json!({}),
        json!({"candidates": []}),
        json!({"candidates": [{}]}),
    ] {
        assert!(matches!(decoded(nothing), Err(Error::AnswerEmpty)));
    }
}

#[tokio::test]
async fn a_success_that_is_not_json_is_malformed() {
    let server = Responder::start(|_| Reply::new(200, "<html>")).await;
    let schema = json!({});
    let error = client(&server)
        .generate(&question(&schema), SECOND)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::UpstreamMalformed { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_medium_decides_what_a_refusal_means() {
    let server = Responder::start(|_| {
        Reply::new(400, r#"{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}"#)
    })
    .await;
    let schema = json!({});
    let error = client(&server)
        .generate(&question(&schema), SECOND)
        .await
        .unwrap_err();
    assert_eq!(error.problem().slug, "video-inaccessible");
    let plain = GenerateRequest {
        media: None,
        ..question(&schema)
    };
    let error = client(&server).generate(&plain, SECOND).await.unwrap_err();
    assert_eq!(error.problem().slug, "upstream-rejected");
}
