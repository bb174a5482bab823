//! Generation and token counting of the Gemini stand-in.

mod faults;

use std::collections::BTreeMap;

use crate::common::{Caller, protos::Protos, read};
use eventrelay_standins::{Running, gemini};
use serde_json::{Value, json};

const MODEL: &str = "/v1beta/models/gemini-3-flash-preview";
const WATCH: &str = "https://www.youtube.com/watch?v=9hE5-98ZeCg";
const TRANSCRIPT: &str = "WEBVTT\n\n00:00.000 --> 00:04.000\nToday we build a web server in Rust.\
    \n\n00:04.000 --> 00:08.000\nFirst, install the toolchain with rustup.\
    \n\n00:08.000 --> 00:12.500\nThen create the file src/main.rs.\n";

async fn started() -> (Running, Caller) {
    let running = gemini::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    (running, caller)
}

fn ask(text: &str, config: Value) -> Value {
    let contents = json!([{"role": "user", "parts": [{"text": text}]}]);
    json!({"contents": contents, "generationConfig": config})
}

async fn generate(caller: &Caller, body: &Value) -> (u16, Value) {
    caller.post(&format!("{MODEL}:generateContent"), body).await
}

fn text(response: &Value) -> &str {
    response["candidates"][0]["content"]["parts"][0]["text"]
        .as_str()
        .unwrap()
}

/// Response schema of an analysis.
fn schema() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let second = json!({"type": "number"});
    let word = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["title", "language", "summary", "chapters", "events", "actions", "technologies",
            "difficulty", "build_plan", "visual_elements", "duration_s", "confidence"],
        "properties": {
            "title": word, "language": word, "summary": word, "technologies": texts,
            "transcript": {"type": "array", "items": {"type": "object"}},
            "difficulty": {"type": ["string", "null"], "enum": ["beginner", "advanced", null]},
            "chapters": {"type": "array", "items": {"type": "object",
                "required": ["title", "start_s", "end_s"],
                "properties": {"title": word, "start_s": second, "end_s": second}}},
            "events": {"type": "array", "items": {"type": "object",
                "required": ["type", "title", "at_s", "confidence"],
                "properties": {"type": {"type": "string", "enum": ["action", "topic", "insight",
                    "tool", "resource", "mention"]}, "title": word, "at_s": second,
                    "confidence": second}}},
            "actions": {"type": "array", "items": {"type": "object",
                "required": ["title", "category", "priority", "at_s", "estimated_minutes"],
                "properties": {"title": word, "category": word, "priority": word, "at_s": second,
                    "estimated_minutes": {"type": ["integer", "null"]}}}},
            "build_plan": {"anyOf": [{"type": "null"}, {"type": "object",
                "required": ["title", "steps"], "properties": {"title": word, "steps":
                    {"type": "array", "items": {"type": "object", "required": ["order"],
                        "properties": {"order": {"type": "integer"}}}}}}]},
            "visual_elements": {"type": "array", "items": {"type": "object"}},
            "duration_s": {"type": ["number", "null"]},
            "confidence": {"type": "object", "required": ["summary", "events"],
                "properties": {"summary": second, "events": second}},
        },
    })
}

#[test]
fn message_table_matches_protocol_buffers() {
    let protos = Protos::read();
    let table = include_str!("../../../src/gemini/messages.json");
    let table: Value = serde_json::from_str(table).unwrap();
    let full = |name: &str| match name.strip_prefix('.') {
        Some(name) => format!("google.ai.generativelanguage.v1beta.{name}"),
        None => name.to_owned(),
    };
    for (name, fields) in table["messages"].as_object().unwrap() {
        let message = protos.pool().get_message_by_name(&full(name)).unwrap();
        let official: BTreeMap<String, bool> = message
            .fields()
            .map(|field| {
                (
                    field.json_name().to_owned(),
                    field.is_list() || field.is_map(),
                )
            })
            .collect();
        let ours: BTreeMap<String, bool> = fields
            .as_object()
            .unwrap()
            .iter()
            .map(|(field, kind)| (field.clone(), kind.as_str().unwrap().starts_with('*')))
            .collect();
        assert_eq!(ours, official, "{name}");
    }
    for (name, values) in table["enums"].as_object().unwrap() {
        let official = protos.pool().get_enum_by_name(&full(name)).unwrap();
        let official: Vec<Value> = official.values().map(|value| json!(value.name())).collect();
        assert_eq!(values.as_array().unwrap(), &official, "{name}");
    }
}

#[tokio::test]
async fn generate_with_sdk_requests_succeeds() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let bodies = [
        json!({"contents": [{"parts": [{"fileData": {"file_uri": WATCH}, "videoMetadata":
            {"end_offset": "60s", "fps": 0.5, "start_offset": "0s"}}, {"text": "Summarise"}],
            "role": "user"}], "systemInstruction": {"parts": [{"text": "be brief"}], "role": "user"},
            "generationConfig": {"temperature": 0.2, "maxOutputTokens": 1000, "responseMimeType":
            "application/json", "responseSchema": {"properties": {"a": {"type": "INTEGER"}},
            "required": ["a"], "type": "OBJECT"}, "mediaResolution": "MEDIA_RESOLUTION_LOW",
            "thinkingConfig": {"thinking_budget": 0}}}),
        json!({"contents": [{"parts": [{"fileData": {"fileUri": WATCH, "mimeType": "video/*"},
            "videoMetadata": {"startOffset": "40s", "endOffset": "80s"}}, {"text": "x"}],
            "role": "user"}], "generationConfig": {"responseMimeType": "application/json"}}),
        json!({"contents": [{"parts": [{"text": "hi"}], "role": "user"}]}),
        json!({"contents": [{"parts": [{"text": "hi"}]}], "serviceTier": "flex",
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}),
    ];
    for body in &bodies {
        protos
            .check_request("GenerateContentRequest", body)
            .unwrap();
        let (status, response) = generate(&caller, body).await;
        assert_eq!(status, 200, "{response}");
        protos.check("GenerateContentResponse", &response).unwrap();
        assert_eq!(response["candidates"][0]["finishReason"], "STOP");
        assert_eq!(response["candidates"][0]["content"]["role"], "model");
        assert_eq!(response["modelVersion"], "stand-in");
        assert!(!response["responseId"].as_str().unwrap().is_empty());
        let usage = &response["usageMetadata"];
        let count = |name: &str| usage[name].as_u64().unwrap();
        let sum = count("promptTokenCount") + count("candidatesTokenCount");
        assert_eq!(count("totalTokenCount"), sum);
    }
    let (_, first) = generate(&caller, &bodies[0]).await;
    assert_eq!(text(&first), r#"{"a":0}"#);
    // 17 bytes of text, and a minute of video at low resolution.
    assert_eq!(first["usageMetadata"]["promptTokenCount"], 3 + 2 + 6000);
    let (_, second) = generate(&caller, &bodies[1]).await;
    assert_eq!(second["usageMetadata"]["promptTokenCount"], 1 + 12_000);
}

#[tokio::test]
async fn count_tokens_adds_text_and_video() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let contents = json!([{"parts": [{"fileData": {"fileUri": WATCH}}, {"text": "12345678"}]}]);
    let bare = json!({"contents": contents});
    let whole = json!({"generateContentRequest": {"model": "models/gemini-3.8-flash",
        "contents": contents}});
    for (length, tokens) in [(json!(null), 2), (json!(10), 3002)] {
        caller
            .control("PUT", "/settings", &json!({"video_duration_s": length}))
            .await;
        for body in [&bare, &whole] {
            protos.check_request("CountTokensRequest", body).unwrap();
            let (status, count) = caller.post(&format!("{MODEL}:countTokens"), body).await;
            assert_eq!(status, 200);
            protos.check("CountTokensResponse", &count).unwrap();
            assert_eq!(count["totalTokens"], tokens);
        }
    }
}

#[tokio::test]
async fn generate_with_transcript_fills_the_schema() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let json_schema =
        json!({"responseMimeType": "application/json", "responseJsonSchema": schema()});
    let body = ask(TRANSCRIPT, json_schema);
    let (status, response) = generate(&caller, &body).await;
    assert_eq!(status, 200);
    protos.check("GenerateContentResponse", &response).unwrap();
    let content: Value = serde_json::from_str(text(&response)).unwrap();
    assert_eq!(content["title"], "Today we build a web server in Rust");
    assert_eq!(content["language"], "en");
    assert_eq!(content["duration_s"], 12.5);
    assert_eq!(content["technologies"], json!(["Rust", "rustup"]));
    assert_eq!(content["difficulty"], Value::Null);
    assert_eq!(content["chapters"][0]["start_s"], 0.0);
    let action = json!({"title": "install the toolchain with rustup", "category": "setup",
        "priority": "high", "at_s": 4.0, "estimated_minutes": null});
    assert_eq!(content["actions"][0], action);
    assert_eq!(content["build_plan"]["steps"].as_array().unwrap().len(), 2);
    assert_eq!(
        content.get("transcript"),
        Some(&json!([])),
        "the caller has it already"
    );
    assert_eq!(
        generate(&caller, &body).await.1,
        response,
        "the same question, the same answer"
    );

    let mut wanting = schema();
    wanting["required"] = json!(["transcript"]);
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": wanting});
    let (_, response) = generate(&caller, &ask(TRANSCRIPT, config)).await;
    let content: Value = serde_json::from_str(text(&response)).unwrap();
    assert_eq!(content["transcript"][2]["end_s"], 12.5);
}

#[tokio::test]
async fn generate_with_long_transcript_truncates_the_repeated_text() {
    let (_running, caller) = started().await;
    let cue = |index: u32| {
        let (hours, minutes, seconds) = (index / 1200, index / 20 % 60, index % 20 * 3);
        format!(
            "\n{hours:02}:{minutes:02}:{seconds:02}.000 --> {hours:02}:{minutes:02}:{:02}.900\n\
             Sentence number {index} of four hours is said now, and it goes on for a while.\n",
            seconds + 2
        )
    };
    let long: String = (0..4_800).map(cue).collect();
    let long = format!("WEBVTT\n{long}");
    let config =
        |schema| json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    let mut wanting = schema();
    wanting["required"] = json!(["transcript"]);
    let (_, response) = generate(&caller, &ask(&long, config(wanting))).await;
    assert_eq!(response["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(response["usageMetadata"]["candidatesTokenCount"], 65_536);

    let mut without = schema();
    without["properties"]
        .as_object_mut()
        .unwrap()
        .remove("transcript");
    let (_, response) = generate(&caller, &ask(&long, config(without))).await;
    assert_eq!(response["candidates"][0]["finishReason"], "STOP");
    let written = response["usageMetadata"]["candidatesTokenCount"].as_u64();
    assert!(written.unwrap() < 40_000, "{written:?}");
}

#[tokio::test]
async fn generate_without_transcript_says_so() {
    let (_running, caller) = started().await;
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": schema()});
    let (_, response) = generate(&caller, &ask("Analyse the video.", config)).await;
    let content: Value = serde_json::from_str(text(&response)).unwrap();
    assert!(
        content["summary"]
            .as_str()
            .unwrap()
            .contains("no model watched the video")
    );
    assert_eq!(content["events"], json!([]));
    assert_eq!(content["build_plan"], Value::Null);
    assert_eq!(content["duration_s"], Value::Null);
    let (_, plain) = generate(&caller, &ask("Analyse the video.", json!({}))).await;
    assert!(text(&plain).contains("no model watched the video"));
    let (_, json) = generate(
        &caller,
        &ask("x", json!({"responseMimeType": "application/json"})),
    )
    .await;
    assert!(
        serde_json::from_str::<Value>(text(&json))
            .unwrap()
            .is_object()
    );
}

#[tokio::test]
async fn stream_sends_whole_responses() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let mut long = String::from("WEBVTT\n");
    for second in 10..60 {
        long +=
            &format!("\n00:{second}.000 --> 00:{second}.900\nSentence ü {second} is said now.\n");
    }
    let mut wanting = schema();
    wanting["required"] = json!(["transcript"]);
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": wanting});
    let body = ask(&long, config);
    let (_, whole) = generate(&caller, &body).await;

    let method = format!("{MODEL}:streamGenerateContent");
    let (_, array) = caller.post(&method, &body).await;
    let request = caller
        .request("POST", &format!("{method}?alt=sse"))
        .body(body.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = response.text().await.unwrap();
    let events: Vec<Value> = events
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    for pieces in [&events, array.as_array().unwrap()] {
        assert!(pieces.len() > 1);
        let (last, others) = pieces.split_last().unwrap();
        for piece in pieces {
            protos.check("GenerateContentResponse", piece).unwrap();
        }
        assert!(
            others
                .iter()
                .all(|piece| piece["candidates"][0].get("finishReason").is_none())
        );
        assert_eq!(last["candidates"][0]["finishReason"], "STOP");
        assert_eq!(last["usageMetadata"], whole["usageMetadata"]);
        assert_eq!(pieces.iter().map(text).collect::<String>(), text(&whole));
    }
    caller
        .fault("generate", json!({"kind": "overloaded"}))
        .await;
    let (status, _) = caller.post(&method, &body).await;
    assert_eq!(status, 503);
    let (status, error) = caller.post(&method, &json!({"x": 1})).await;
    assert_eq!(status, 400);
    protos.check_error(400, "INVALID_ARGUMENT", &error[0]);
}

#[tokio::test]
async fn generate_with_invalid_request_is_refused_as_by_google() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let file = |uri: &str| json!({"contents": [{"parts": [{"fileData": {"fileUri": uri}}]}]});
    let missing = format!("{}/v1beta/files/abc", caller.base_url);
    let both = json!({"responseSchema": {"type": "OBJECT"}, "responseJsonSchema": {}});
    let thinking = json!({"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}});
    let videos: Vec<Value> = (0..11)
        .map(|_| json!({"fileData": {"fileUri": WATCH}}))
        .collect();
    let cases = [
        (
            400,
            "INVALID_ARGUMENT",
            json!({"contents": [{"parts": [], "x": 1}]}),
        ),
        (400, "INVALID_ARGUMENT", json!({"contents": []})),
        (400, "INVALID_ARGUMENT", json!({})),
        (
            400,
            "INVALID_ARGUMENT",
            json!({"contents": [{"role": "system", "parts": []}]}),
        ),
        (400, "INVALID_ARGUMENT", ask("x", both)),
        (400, "INVALID_ARGUMENT", ask("x", thinking)),
        (
            400,
            "INVALID_ARGUMENT",
            file("https://example.com/video.mp4"),
        ),
        (400, "INVALID_ARGUMENT", file("gs://bucket/video.mp4")),
        (
            400,
            "INVALID_ARGUMENT",
            json!({"contents": [{"parts": videos}]}),
        ),
        (403, "PERMISSION_DENIED", file(&missing)),
    ];
    for (code, status, body) in cases {
        let (answered, error) = generate(&caller, &body).await;
        assert_eq!(answered, code, "{body}");
        protos.check_error(code, status, &error);
    }
    let (_, error) = generate(&caller, &json!({"contents": [{"parts": [], "x": 1}]})).await;
    let message =
        "Invalid JSON payload received. Unknown name \"x\" at 'contents[0]': Cannot find field.";
    assert_eq!(error["error"]["message"], message);
    let violation = &error["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(
        violation,
        &json!({"field": "contents[0]", "description": message})
    );

    for path in [
        "/v1beta/models/gpt-4:generateContent",
        "/v1/models/gemini-flash-latest:generateContent",
        "/v1beta/models/gemini-3.8-flash:predict",
        "/v1beta/models/gemini-3.8-flash",
        "/v2/models/gemini-3.8-flash:generateContent",
    ] {
        let (status, error) = caller.post(path, &ask("x", json!({}))).await;
        assert_eq!(status, 404, "{path}");
        protos.check_error(404, "NOT_FOUND", &error);
    }
}

#[tokio::test]
async fn generate_with_file_requires_it_to_be_active() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let upload = async || {
        let start = caller
            .request("POST", "/upload/v1beta/files")
            .header("X-Goog-Upload-Protocol", "resumable")
            .header("X-Goog-Upload-Command", "start")
            .header("X-Goog-Upload-Header-Content-Type", "video/mp4");
        let response = start.send().await.unwrap();
        let url = response.headers()["x-goog-upload-url"]
            .to_str()
            .unwrap()
            .to_owned();
        let last = caller
            .anonymous("POST", &url)
            .header("X-Goog-Upload-Command", "upload, finalize")
            .header("X-Goog-Upload-Offset", "0");
        let (_, body) = read(last.body("video").send().await.unwrap()).await;
        let uri = body["file"]["uri"].clone();
        json!({"contents": [{"parts": [{"fileData": {"fileUri": uri, "mimeType": "video/mp4"}}]}]})
    };
    caller
        .control("PUT", "/settings", &json!({"processing_ms": 3_600_000}))
        .await;
    let (status, error) = generate(&caller, &upload().await).await;
    assert_eq!(status, 400);
    protos.check_error(400, "FAILED_PRECONDITION", &error);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("is not in an ACTIVE state and usage is not allowed."));
    caller
        .control("PUT", "/settings", &json!({"processing_ms": 0}))
        .await;
    assert_eq!(generate(&caller, &upload().await).await.0, 200);
}

#[tokio::test]
async fn generate_with_token_limit_stops_there() {
    let (_running, caller) = started().await;
    let (_, whole) = generate(&caller, &ask("x", json!({}))).await;
    let (_, cut) = generate(&caller, &ask("x", json!({"maxOutputTokens": 5}))).await;
    assert_eq!(cut["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(text(&cut), &text(&whole)[..20]);
    assert_eq!(cut["usageMetadata"]["candidatesTokenCount"], 5);
}
