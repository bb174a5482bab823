//! Operations on all videos.

use serde_json::json;

use super::{ADMIN, READ};
use crate::{
    operation::Operation,
    responses::{accepted, json as body, parameter, reference},
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        list_videos(),
        search(),
        stats(),
        delete_videos(),
        recount(),
        list_dead_letters(),
        redrive(),
    ]
}

fn list_videos() -> Operation {
    Operation::new(
        ("get", "/v1/videos"),
        "listVideos",
        "Library",
        "List videos",
        READ,
    )
    .about("Lists videos by the time of their last change, newest first.")
    .query(
        "category",
        "Only analyses of this category",
        reference("Category"),
    )
    .query(
        "status",
        "Only videos of this status",
        reference("VideoStatus"),
    )
    .query_like(
        "since",
        "Only videos that changed after this time (RFC 3339)",
        json!({"type": "string", "format": "date-time"}),
        json!("2026-11-24T03:40:00Z"),
    )
    .paged("VideoList")
    .leads_to(
        "videos/0/video_id",
        "video_id",
        &[
            "getVideo",
            "getTranscript",
            "getEvents",
            "getActions",
            "getChapters",
            "listAnalyses",
            "createFeedback",
            "listFeedback",
            "createProject",
            "listProjects",
        ],
    )
}

fn search() -> Operation {
    Operation::new(("get", "/v1/search"), "searchVideos", "Library", "Search analyses", READ)
        .about(
            "Returns analyses that contain all words of `q`, best first (BM25F), with the \
         matching texts and their seconds. `word*` matches a prefix. `complete` is false if a \
         word is too common for a complete search, or if paging ends early.",
        )
        .parameter(json!({
            "name": "q", "in": "query", "required": true, "example": "rust lambda*",
            "description": "One to eight words, each with at least one letter or digit",
            "schema": {"type": "string", "x-eventrelay-format": "eventrelay-query", "minLength": 1, "maxLength": 200},
        }))
        .query("limit", "Maximum results per page", json!({"type": "integer", "minimum": 1, "maximum": 50, "default": 10}))
        .parameter(parameter("Cursor"))
        .ok(body("A page of results", "SearchResults"))
        .problems(422, &["invalid-input"])
}

fn stats() -> Operation {
    Operation::new(
        ("get", "/v1/stats"),
        "getStats",
        "Library",
        "Get counters and costs",
        READ,
    )
    .about("Returns counters of videos, lookups, today's model calls, feedback and repairs.")
    .ok(body("The counters", "Stats"))
}

fn delete_videos() -> Operation {
    Operation::new(
        ("delete", "/v1/videos"),
        "deleteVideos",
        "Administration",
        "Delete every video",
        ADMIN,
    )
    .about("Returns 202 with the job that deletes all videos.")
    .parameter(json!({
        "name": "confirm", "in": "query", "required": true, "example": "all",
        "description": "Confirms the deletion", "schema": {"type": "string", "enum": ["all"]},
    }))
    .with(202, accepted("DeleteVideosJob"))
    .problems(422, &["invalid-input"])
}

fn recount() -> Operation {
    Operation::new(
        ("post", "/v1/admin/recount"),
        "recountStats",
        "Administration",
        "Recount totals and repair the search",
        ADMIN,
    )
    .about(
        "Returns 202 with a job that recounts the totals, restores missing search entries, \
         and completes listed videos whose job has ended. Totals that change meanwhile may be \
         off by one until the next recount.",
    )
    .with(202, accepted("RecountJob"))
}

fn list_dead_letters() -> Operation {
    Operation::new(
        ("get", "/v1/admin/dead-letters"),
        "listDeadLetters",
        "Administration",
        "List dead letters",
        ADMIN,
    )
    .about("Lists dead letters that were not redriven, newest first.")
    .paged("DeadLetterList")
}

fn redrive() -> Operation {
    Operation::new(
        ("post", "/v1/admin/dead-letters/redrive"),
        "redriveDeadLetters",
        "Administration",
        "Redrive dead letters",
        ADMIN,
    )
    .about(
        "Redrives the named dead letters, or all from a cursor on, at most 25 per call. \
         `refused` gives the reason that nothing was done. `gone` was redriven earlier.",
    )
    .body(
        "Redrive",
        &[
            (
                "these",
                "Named dead letters",
                json!({"ids": ["dead_5f3759df-0000-4000-8000-000000000000"]}),
            ),
            ("all", "All dead letters", json!({"all": true})),
        ],
    )
    .ok(body("The result of each", "RedriveResults"))
}
