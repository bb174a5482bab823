//! What was found out about a video.

use serde_json::{Value, json};

use super::{READ, WRITE};
use crate::{
    operation::Operation,
    responses::{self, Response, accepted, json as body, not_modified, parameter, reference},
};

pub(super) fn all() -> Vec<Operation> {
    let mut all = vec![get_video(), selection()];
    all.extend([
        part(
            "transcript",
            "getTranscript",
            "What is said, with its seconds",
        ),
        part("events", "getEvents", "What happens, with its seconds"),
        part("actions", "getActions", "What a viewer can do"),
        part("chapters", "getChapters", "The sections of a video"),
        form(
            "/v1/videos/{video_id}/analysis.md",
            "getAnalysisMarkdown",
            "Get an analysis as Markdown",
            "text/markdown",
        ),
        form(
            "/v1/videos/{video_id}/transcript.vtt",
            "getTranscriptVtt",
            "Get the transcript as WebVTT",
            "text/vtt",
        ),
        form(
            "/v1/videos/{video_id}/transcript.srt",
            "getTranscriptSrt",
            "Get the transcript as SubRip",
            "application/x-subrip",
        ),
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
        .problems(422, &["invalid-input"])
}

fn redirected() -> Response {
    Response::new("It is large: fetch it from the bucket, without the key, within five minutes")
        .header("Location")
        .header("Cache-Control")
        .header("Vary")
}

fn text() -> Value {
    json!({"type": "string"})
}

/// The plain case has one media type and one schema, so that a generated client has one type to
/// read. What else the route answers, if a request asks for it, has an operation of its own.
fn get_video() -> Operation {
    let operation = Operation::new(
        ("get", "/v1/videos/{video_id}"),
        "getVideo",
        "Analyses",
        "Get an analysis",
        READ,
    )
    .about(
        "The analysis of a video as JSON, or the job that makes it (202). Without `variant` and \
         `version` it is the one of a plain submission, and where there is none the newest. What is \
         larger than a response can be is redirected to the bucket (307).\n\n\
         With `?format=` (`json`, `md`, `vtt`, `srt`), or by `Accept`, it comes in another form, and \
         with `?fields=` as some of its members. Clients that are made of this contract call \
         `getAnalysisMarkdown`, `getTranscriptVtt`, `getTranscriptSrt` and `getSelection` for these.",
    );
    let operation = selected(operation)
        .also("format=md", "getAnalysisMarkdown")
        .also("format=vtt", "getTranscriptVtt")
        .also("format=srt", "getTranscriptSrt")
        .also("fields", "getSelection")
        .ok(analysis("The analysis")
            .content("application/json", reference("Analysis"))
            .other_content("text/markdown", text())
            .other_content("text/vtt", text())
            .other_content("application/x-subrip", text()))
        .with(307, redirected());
    found(operation)
        .problems(406, &["not-acceptable"])
        .problems(413, &["too-large"])
}

fn selection() -> Operation {
    let operation = Operation::new(
        ("get", "/v1/videos/{video_id}/selection"),
        "getSelection",
        "Analyses",
        "Get some members of an analysis",
        READ,
    )
    .about("The JSON document with the members that `fields` names, cut from the stored bytes.")
    .parameter(json!({
        "name": "fields", "in": "query", "required": true, "example": "summary,events",
        "description": "Members of the JSON document, separated by commas; `schema_version` and `video` are always there",
        "schema": {"type": "string", "pattern": fields_pattern(), "maxLength": 400},
    }));
    found(selected(operation).ok(
        analysis("What was chosen").content("application/json", reference("AnalysisSelection")),
    ))
    .problems(413, &["too-large"])
}

/// The analysis in a form that is text.
fn form(path: &'static str, id: &str, summary: &str, media_type: &str) -> Operation {
    let operation = Operation::new(("get", path), id, "Analyses", summary, READ).about(
        "In this form whatever `Accept` says; the job that makes the analysis (202) is JSON. What \
         is larger than a response can be is redirected to the bucket (307).",
    );
    found(
        selected(operation)
            .ok(analysis("The text").content(media_type, text()))
            .with(307, redirected()),
    )
    .problems(413, &["too-large"])
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
            .about(
                "That part of the analysis. With `?format=` (`json`, `vtt`, `srt`), or by `Accept`, it \
                 comes as captions: clients that are made of this contract call \
                 `getTranscriptVtt` and `getTranscriptSrt` for these.",
            )
            .also("format=vtt", "getTranscriptVtt")
            .also("format=srt", "getTranscriptSrt")
            .ok(response
                .other_content("text/vtt", text())
                .other_content("application/x-subrip", text()))
            .with(307, redirected()),
        _ => operation
            .about("That part of the analysis, as JSON.")
            .query(
                "format",
                "There is only JSON",
                json!({"type": "string", "enum": ["json"]}),
            )
            .ok(response),
    };
    found(operation)
        .problems(406, &["not-acceptable"])
        .problems(413, &["too-large"])
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
    .about("Keeps a rating from 1 to 5, a comment, or both.")
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
