//! What was found out about a video.

use serde_json::{Value, json};

use super::{READ, WRITE};
use crate::{
    operation::Operation,
    responses::{self, Response, accepted, json as body, not_modified, parameter, reference},
};

pub(super) fn all() -> Vec<Operation> {
    let mut all = vec![get_video()];
    all.extend([
        part(
            "transcript",
            "getTranscript",
            "What is said, as JSON, WebVTT or SubRip",
        ),
        part("events", "getEvents", "What happens, with its seconds"),
        part("actions", "getActions", "What a viewer can do"),
        part("chapters", "getChapters", "The sections of a video"),
    ]);
    all.extend([
        list_analyses(),
        delete_video(),
        create_feedback(),
        list_feedback(),
    ]);
    all
}

/// Which of the analyses of a video.
fn selected(operation: Operation) -> Operation {
    let name = |pattern: &str| json!({"type": "string", "pattern": pattern, "minLength": 1, "maxLength": 40});
    operation
        .parameter(parameter("VideoId"))
        .query_like("variant", "A variant of the analysis, as the listing of analyses names it; not together with `version`", name("^[A-Za-z0-9-]{1,40}$"), json!("1"))
        .query_like("version", "The newest of a version of the pipeline, of those that a model made if there are any; not together with `variant`", name("^[A-Za-z0-9]{1,40}$"), json!("1"))
        .if_none_match()
        .parameter(json!({
            "name": "Accept-Encoding", "in": "header", "schema": {"type": "string"}, "example": "gzip",
            "description": "With `gzip` the body is sent as it is stored",
        }))
}

/// What all of them answer.
fn analysis(description: &str) -> Response {
    Response::new(description)
        .header("ETag")
        .header("Cache-Control")
        .header("Last-Modified")
        .header("Vary")
}

fn found(operation: Operation) -> Operation {
    operation
        .with(202, accepted("AnalysisJob"))
        .with(304, not_modified().header("Last-Modified").header("Vary"))
        .may_miss()
        .problems(406, &["not-acceptable"])
        .problems(422, &["invalid-input"])
}

fn formats(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn get_video() -> Operation {
    let operation = Operation::new(
        ("get", "/v1/videos/{video_id}"),
        "getVideo",
        "Analyses",
        "Get an analysis",
        READ,
    )
    .about(
        "The analysis of a video, or the job that makes it (202). Without `variant` and `version` \
         it is the one of a plain submission, and where there is none the newest. The form is that of \
         `format`, else of `Accept`, else JSON. What is larger than a response can be is \
         redirected to the bucket (307).",
    );
    let operation = selected(operation)
        .query_like("format", "Goes before `Accept`", formats(&["json", "md", "vtt", "srt"]), json!("md"))
        .query_like(
            "fields",
            "Members of the JSON document, separated by commas; `schema_version` and `video` are always there",
            json!({"type": "string", "pattern": fields_pattern(), "maxLength": 400}),
            json!("summary,events"),
        )
        .ok(analysis("The analysis")
            .content("application/json", json!({"anyOf": [
                reference("Analysis"), reference("AnalysisSelection"),
            ]}))
            .content("text/markdown", text())
            .content("text/vtt", text())
            .content("application/x-subrip", text()))
        .with(307, Response::new("It is large: fetch it from the bucket, without the key, within five minutes")
            .header("Location").header("Cache-Control").header("Vary"))
        .problems(413, &["too-large"]);
    found(operation)
}

/// A list of known names with commas between them, white space around them, and empty ones borne
/// with.
fn fields_pattern() -> String {
    let names = eventrelay::api::schemas::FIELDS.join("|");
    let name = format!("(schema_version|video|{names})");
    format!("^[ ,]*{name}( *,[ ,]*{name})*[ ,]*$")
}

fn part(part: &'static str, id: &str, summary: &str) -> Operation {
    let path = match part {
        "transcript" => "/v1/videos/{video_id}/transcript",
        "events" => "/v1/videos/{video_id}/events",
        "actions" => "/v1/videos/{video_id}/actions",
        _ => "/v1/videos/{video_id}/chapters",
    };
    let operation = selected(Operation::new(("get", path), id, "Analyses", summary, READ));
    let schema = format!("Analysis{}{}", part[..1].to_uppercase(), &part[1..]);
    let response = analysis("The part, with `schema_version` and `video`")
        .content("application/json", reference(&schema));
    let operation = match part {
        "transcript" => operation
            .query_like(
                "format",
                "Goes before `Accept`",
                formats(&["json", "vtt", "srt"]),
                json!("vtt"),
            )
            .ok(response
                .content("text/vtt", text())
                .content("application/x-subrip", text()))
            .with(
                307,
                Response::new(
                    "It is large: fetch it from the bucket, without the key, within five minutes",
                )
                .header("Location")
                .header("Cache-Control")
                .header("Vary"),
            ),
        _ => operation
            .query("format", "There is only JSON", formats(&["json"]))
            .ok(response),
    };
    found(operation).problems(413, &["too-large"])
}

fn list_analyses() -> Operation {
    Operation::new(
        ("get", "/v1/videos/{video_id}/analyses"),
        "listAnalyses",
        "Analyses",
        "List the analyses of a video",
        READ,
    )
    .about("Every variant that there is: of a part, of a language, of a transcript. Newest first.")
    .parameter(parameter("VideoId"))
    .ok(body("The analyses", "AnalysisList"))
    .may_miss()
}

fn delete_video() -> Operation {
    Operation::new(
        ("delete", "/v1/videos/{video_id}"),
        "deleteVideo",
        "Library",
        "Delete a video",
        WRITE,
    )
    .about(
        "Ends its jobs and removes all that is stored of it. Copies in memory end with their time.",
    )
    .parameter(parameter("VideoId"))
    .with(204, Response::new("It is gone").header("Cache-Control"))
    .may_miss()
}

fn create_feedback() -> Operation {
    Operation::new(
        ("post", "/v1/videos/{video_id}/feedback"),
        "createFeedback",
        "Library",
        "Say something of an analysis",
        WRITE,
    )
    .parameter(parameter("VideoId"))
    .body(
        "NewFeedback",
        &[
            ("rating", "Stars", json!({"type": "quality", "rating": 4})),
            (
                "comment",
                "Words",
                json!({"type": "accuracy", "comment": "The third chapter begins at 4:10."}),
            ),
        ],
    )
    .with(201, body("What was kept", "Feedback"))
    .may_miss()
}

fn list_feedback() -> Operation {
    Operation::new(
        ("get", "/v1/videos/{video_id}/feedback"),
        "listFeedback",
        "Library",
        "List what was said of an analysis",
        READ,
    )
    .about("Latest first.")
    .parameter(responses::parameter("VideoId"))
    .paged("FeedbackList")
    .may_miss()
}
