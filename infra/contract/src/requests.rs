//! Request bodies: closed objects with the limits of their readers, where optional members may be
//! `null`.
//!
//! Each body is one plain object. Generators turn a choice between objects into unrelated classes,
//! so the descriptions say which members exclude each other, and the readers check it.

mod projects;

use eventrelay::{
    analysis::captions,
    video::{MediaType, reference},
};
use serde_json::{Map, Value, json};

use crate::components::reference;

/// A character that is no control character except tab and line end.
const CLEAN: &str = r"[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]";

/// A character that is no control character and no white space.
const SOLID: &str =
    r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";

/// A character that is visible.
const SEEN: &str = r"[^\u0000-\u0020\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF]";

/// A character that is no control character.
const IN_LINE: &str = r"[^\u0000-\u001F\u007F-\u009F]";

/// Keyword of formats that JSON Schema does not define. Generators warn of an unknown `format`.
const FORMAT: &str = "x-eventrelay-format";

/// Returns all request schemas by name.
pub(crate) fn schemas() -> Map<String, Value> {
    let all = [
        ("Submission", submission()),
        ("Batch", batch()),
        ("Playlist", playlist()),
        ("Recording", recording()),
        ("Resolution", choice(&["low", "medium", "high"])),
        ("NewFeedback", feedback()),
        ("Redrive", redrive()),
    ];
    all.into_iter()
        .chain(projects::schemas())
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// Returns a closed object, whose optional members may be `null`.
fn object(description: &str, required: &[&str], mut members: Value) -> Value {
    let members_or_null = members.as_object_mut().into_iter().flatten();
    for (_, schema) in members_or_null.filter(|(name, _)| !required.contains(&name.as_str())) {
        *schema = or_null(schema.take());
    }
    let mut object = json!({
        "description": description,
        "type": "object",
        "properties": members,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// Returns the schema or `null`.
fn or_null(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        let description = schema["description"].take();
        let mut either = json!({"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]});
        if !description.is_null() {
            either["description"] = description;
        }
        return either;
    }
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    schema
}

/// Returns a reference with its own description.
fn named(schema: &str, description: &str) -> Value {
    let mut named = reference(schema);
    named["description"] = description.into();
    named
}

/// Returns the schema of a text of several lines that is not blank.
fn text(longest: usize, description: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": longest,
        "pattern": format!("^{CLEAN}*{SOLID}{CLEAN}*$"),
        "description": description,
    })
}

fn choice<T: serde::Serialize>(all: &[T]) -> Value {
    json!({"type": "string", "enum": all})
}

/// Returns the schema of a flag that defaults to false. It has no `default`, because generators
/// treat a member with one as required.
fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": format!("{description}; false if left out")})
}

fn price(description: &str) -> Value {
    json!({"type": "number", "exclusiveMinimum": 0, "maximum": 10_000, "description": description})
}

fn with_format(mut schema: Value, format: &str) -> Value {
    schema[FORMAT] = format.into();
    schema
}

fn video_url() -> Value {
    let url = text(
        reference::MAX_BYTES,
        "URL of a YouTube video in any form, a text that contains one, or the id alone. `t=` \
         in the URL has no effect; use `start_s`",
    );
    with_format(url, "eventrelay-video")
}

fn upload_id() -> Value {
    json!({
        "type": "string", "pattern": "^(up:)?[0-9a-f]{64}$",
        "description": "Id from the response of an upload",
    })
}

fn language() -> Value {
    json!({
        "type": "string", "maxLength": 35,
        "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        "description": "Language of the texts, as a BCP 47 tag; by default that of the video",
    })
}

fn resolution() -> Value {
    named("Resolution", "Detail in which the model sees the frames")
}

fn submission() -> Value {
    let second = |description: &str| json!({"type": "number", "minimum": 0, "maximum": 86_400, "description": description});
    let transcript = json!({
        "type": "string", "minLength": 1, "maxLength": captions::MAX_BYTES,
        "contentMediaType": "text/vtt", FORMAT: "eventrelay-captions", "pattern": SOLID,
        "description": "Transcript as WebVTT or SubRip, at most 4 MiB (4,194,304 bytes of UTF-8). Invalid \
         cues are listed with their lines in `refused` of the analysis, and the others are \
         used. Rolling captions are stored once. A clock that starts at a full hour is \
         shifted to the start of the video",
    });
    object(
        "A video with options. Exactly one of `url` and `upload_id` names the video; both or \
         neither are refused. `end_s` must be greater than `start_s`.",
        &[],
        json!({
            "url": video_url(),
            "upload_id": upload_id(),
            "language": language(),
            "start_s": second("First second of the analysed section"),
            "end_s": second("Last second of the section; after `start_s`"),
            "transcript": transcript,
            "resolution": resolution(),
            "max_cost_usd": price("Maximum cost in US dollars"),
            "force": flag("Analyse again even if an analysis exists"),
        }),
    )
}

fn batch() -> Value {
    object(
        "Up to fifty videos. An invalid item is refused in its own entry of the response.",
        &["videos"],
        json!({
            "videos": {
                "type": "array", "minItems": 1, "maxItems": 50,
                "description": "Submissions or URLs",
                "items": {"anyOf": [reference("Submission"), video_url()]},
            },
        }),
    )
}

fn playlist() -> Value {
    let url = text(
        reference::MAX_BYTES,
        "URL of a YouTube playlist or of a video within it, or the id alone",
    );
    object(
        "A playlist with options for each of its videos.",
        &["url"],
        json!({
            "url": with_format(url, "eventrelay-playlist"),
            "language": language(),
            "resolution": resolution(),
            "max_cost_usd": price("Maximum cost per video in US dollars"),
            "force": flag("Analyse again even if analyses exist"),
        }),
    )
}

fn recording() -> Value {
    let types: Vec<&str> = MediaType::all().map(MediaType::as_str).collect();
    let aliases: Vec<&str> = MediaType::all().flat_map(MediaType::aliases).collect();
    let types = format!(
        "Media type of the recording: {}. These aliases are accepted: {}. Letter case and \
                parameters such as `;codecs=vp9,opus` are ignored. The upload is signed for the type \
                as written here",
        types.join(", "),
        aliases.join(", "),
    );
    object(
        "A recording to upload.",
        &["file_name", "content_type", "size_bytes", "sha256"],
        json!({
            "file_name": {
                "type": "string", "minLength": 1, "maxLength": 255,
                "pattern": format!("^{IN_LINE}*{SEEN}{IN_LINE}*$"),
                "description": "Name of the file",
            },
            "content_type": {
                "type": "string", "minLength": 1, "maxLength": 255,
                FORMAT: "eventrelay-media-type",
                "pattern": r"^[ \t\r\n]*[\x21-\x7E][\x20-\x7E]*[ \t\r\n]*$",
                "description": types,
            },
            "size_bytes": {
                "type": "integer", "minimum": 1, "maximum": 2_000_000_000,
                "description": "Size in bytes",
            },
            "sha256": {
                "type": "string", "pattern": "^[0-9A-Fa-f]{64}$",
                "description": "SHA-256 in hexadecimal digits",
            },
        }),
    )
}

fn feedback() -> Value {
    object(
        "Feedback on an analysis. It needs a `rating`, a `comment`, or both.",
        &["type"],
        json!({
            "type": named("FeedbackType", "Subject of the feedback"),
            "rating": {"type": "integer", "minimum": 1, "maximum": 5, "description": "Rating, best is 5"},
            "comment": {
                "type": "string", "minLength": 1, "maxLength": 1000,
                "pattern": format!("^{CLEAN}*{SEEN}{CLEAN}*$"),
                "description": "Comment",
            },
        }),
    )
}

fn redrive() -> Value {
    let cursor = text(1024, "`cursor` of the previous redrive");
    object(
        "Dead letters to redrive: those of `ids`, or with `all` the newest ones from `cursor` \
         on. Exactly one of `ids` and `all: true` is required. `cursor` is allowed only with \
         `all`.",
        &[],
        json!({
            "ids": {
                "type": "array", "minItems": 1, "maxItems": 25,
                "items": {"type": "string", "pattern": "^dead_[A-Za-z0-9-]{1,100}$"},
            },
            "all": flag("Redrive all, at most 25 per call"),
            "cursor": with_format(cursor, "eventrelay-cursor"),
        }),
    )
}
