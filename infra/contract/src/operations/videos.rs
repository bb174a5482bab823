//! All videos together.

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
    .about("By the time of their last change, newest first.")
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
        "Only what has changed since (RFC 3339)",
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
            "Analyses that contain all words of `q`, best first (BM25F), with the texts and the \
             seconds where they do. `word*` begins so. `complete` is false where a word is too \
             common to be looked up everywhere, or where paging ends.",
        )
        .parameter(json!({
            "name": "q", "in": "query", "required": true, "example": "rust lambda*",
            "description": "One to eight words, of at least one letter or digit",
            "schema": {"type": "string", "x-eventrelay-format": "eventrelay-query", "minLength": 1, "maxLength": 200},
        }))
        .query("limit", "Results in a page", json!({"type": "integer", "minimum": 1, "maximum": 50, "default": 10}))
        .parameter(parameter("Cursor"))
        .ok(body("A page of results", "SearchResults"))
        .problems(422, &["invalid-input"])
}

fn stats() -> Operation {
    Operation::new(("get", "/v1/stats"), "getStats", "Library", "See what there is and what it cost", READ)
        .about("What the counters say: videos, lookups, today's calls of models, feedback, what was mended.")
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
    .about("202 with the job that deletes all that there is.")
    .parameter(json!({
        "name": "confirm", "in": "query", "required": true, "example": "all",
        "description": "Says that it is meant", "schema": {"type": "string", "enum": ["all"]},
    }))
    .with(202, accepted("DeleteVideosJob"))
    .problems(422, &["invalid-input"])
}

fn recount() -> Operation {
    Operation::new(
        ("post", "/v1/admin/recount"),
        "recountStats",
        "Administration",
        "Recount, and repair the search",
        ADMIN,
    )
    .about("202 with the job that counts the totals again, makes every analysis findable that the search \
         has lost, and ends listed videos whose job has ended. What changes meanwhile may be off by \
         one until the next recount.")
    .with(202, accepted("RecountJob"))
}

fn list_dead_letters() -> Operation {
    Operation::new(
        ("get", "/v1/admin/dead-letters"),
        "listDeadLetters",
        "Administration",
        "List messages that were given up",
        ADMIN,
    )
    .about("Those that were not redriven since, the latest first.")
    .paged("DeadLetterList")
}

fn redrive() -> Operation {
    Operation::new(
        ("post", "/v1/admin/dead-letters/redrive"),
        "redriveDeadLetters",
        "Administration",
        "Send dead letters on their way again",
        ADMIN,
    )
    .about(
        "Those that are named, or all from a cursor on, at most 25 in one call. `refused` says why \
         nothing was done, `gone` was redriven before.",
    )
    .body(
        "Redrive",
        &[
            (
                "these",
                "Some",
                json!({"ids": ["dead_5f3759df-0000-4000-8000-000000000000"]}),
            ),
            ("all", "All", json!({"all": true})),
        ],
    )
    .ok(body("What came of each", "RedriveResults"))
}
