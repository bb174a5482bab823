//! Analyses of a video.

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
            "Get the transcript with times",
        ),
        part("events", "getEvents", "Get the events with times"),
        part("actions", "getActions", "Get the actions for a viewer"),
        part("chapters", "getChapters", "Get the chapters"),
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

/// Adds the parameters that select an analysis.
fn selected(operation: Operation) -> Operation {
    let name = |pattern: &str| json!({"type": "string", "pattern": pattern, "minLength": 1, "maxLength": 40});
    operation
        .parameter(parameter("VideoId"))
        .query_like("variant", "Variant of the analysis, as the list of analyses names it; not with `version`", name("^[A-Za-z0-9-]{1,40}$"), json!("1"))
        .query_like("version", "Version of the pipeline, whose newest analysis is returned, by a model if there is \
         one; not with `variant`", name("^[A-Za-z0-9]{1,40}$"), json!("1"))
        .if_none_match()
        .parameter(json!({
            "name": "Accept-Encoding", "in": "header", "schema": {"type": "string"}, "example": "gzip",
            "description": "With `gzip`, the stored body is sent without recompression",
        }))
}

/// Returns the response that all of them share.
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
    Response::new(
        "The content is large: fetch it from the bucket, without the key, within five minutes",
    )
    .header("Location")
    .header("Cache-Control")
    .header("Vary")
}

fn text() -> Value {
    json!({"type": "string"})
}

/// Returns the main operation, with one media type and one schema, so that generated clients read
/// one type. Other forms on the same route have their own operations.
fn get_video() -> Operation {
    let operation = Operation::new(
        ("get", "/v1/videos/{video_id}"),
        "getVideo",
        "Analyses",
        "Get an analysis",
        READ,
    )
    .about(
        "Returns the analysis of a video as JSON, or the job that makes it (202). Without `variant` and \
         `version`, it is the analysis of a plain submission, or else the newest. If the content \
         exceeds the size of a response, redirects to the bucket (307).\n\n\
         `?format=` (`json`, `md`, `vtt`, `srt`) or `Accept` selects another form, and `?fields=` \
         selects members. Generated clients call `getAnalysisMarkdown`, `getTranscriptVtt`, \
         `getTranscriptSrt` and `getSelection` for these.",
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
    .about("Returns the JSON document with the members that `fields` names.")
    .parameter(json!({
        "name": "fields", "in": "query", "required": true, "example": "summary,events",
        "description": "Members of the JSON document, separated by commas; `schema_version` and `video` are \
         always included",
        "schema": {"type": "string", "pattern": fields_pattern(), "maxLength": 400},
    }));
    found(
        selected(operation).ok(analysis("The selected members")
            .content("application/json", reference("AnalysisSelection"))),
    )
    .problems(413, &["too-large"])
}

/// Returns an operation for a text form of the analysis.
fn form(path: &'static str, id: &str, summary: &str, media_type: &str) -> Operation {
    let operation = Operation::new(("get", path), id, "Analyses", summary, READ).about(
        "Returns this form whatever `Accept` says. If the analysis is still being made, \
         returns its job as JSON (202). If the content exceeds the size of a response, \
         redirects to the bucket (307).",
    );
    found(
        selected(operation)
            .ok(analysis("The text").content(media_type, text()))
            .with(307, redirected()),
    )
    .problems(413, &["too-large"])
}

/// Returns the pattern of a list of known names with commas. White space and empty items are
/// allowed.
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
                "Returns this part of the analysis. `?format=` (`json`, `vtt`, `srt`) or `Accept` \
         selects captions. Generated clients call `getTranscriptVtt` and `getTranscriptSrt` \
         for these.",
            )
            .also("format=vtt", "getTranscriptVtt")
            .also("format=srt", "getTranscriptSrt")
            .ok(response
                .other_content("text/vtt", text())
                .other_content("application/x-subrip", text()))
            .with(307, redirected()),
        _ => operation
            .about("Returns this part of the analysis as JSON.")
            .query(
                "format",
                "Only JSON is available",
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
    .about(
        "Lists all variants, such as those of a section, a language or a transcript, newest \
         first.",
    )
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
    .about("Cancels its jobs and deletes all stored data. Copies in memory expire later.")
    .parameter(parameter("VideoId"))
    .with(
        204,
        Response::new("The video was deleted").header("Cache-Control"),
    )
    .may_miss()
}

fn create_feedback() -> Operation {
    Operation::new(
        ("post", "/v1/videos/{video_id}/feedback"),
        "createFeedback",
        "Library",
        "Give feedback on an analysis",
        WRITE,
    )
    .about("Stores a rating from 1 to 5, a comment, or both.")
    .parameter(parameter("VideoId"))
    .body(
        "NewFeedback",
        &[
            (
                "rating",
                "A rating",
                json!({"type": "quality", "rating": 4}),
            ),
            (
                "comment",
                "A comment",
                json!({"type": "accuracy", "comment": "The third chapter begins at 4:10."}),
            ),
        ],
    )
    .with(201, body("The stored feedback", "Feedback"))
    .may_miss()
}

fn list_feedback() -> Operation {
    Operation::new(
        ("get", "/v1/videos/{video_id}/feedback"),
        "listFeedback",
        "Library",
        "List feedback on an analysis",
        READ,
    )
    .about("Lists feedback, newest first.")
    .parameter(responses::parameter("VideoId"))
    .paged("FeedbackList")
    .may_miss()
}
