//! Bodies of requests, as their readers take them: closed, with the readers' own bounds, and `null`
//! wherever a member may be left out.
//!
//! Each body is one plain object. Generators turn a choice between objects into classes without
//! common members, so which members exclude each other is said in words. The readers check it.

mod projects;

use eventrelay::{
    analysis::captions,
    video::{MediaType, reference},
};
use serde_json::{Map, Value, json};

use crate::responses;

/// A character that is neither a control character nor, but for tabs and line ends, one of those.
const CLEAN: &str = r"[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]";

/// One that is no white space either.
const SOLID: &str =
    r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";

/// One that is seen.
const SEEN: &str = r"[^\u0000-\u0020\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF]";

/// One that may stand in a line.
const IN_LINE: &str = r"[^\u0000-\u001F\u007F-\u009F]";

/// Keyword of the formats that JSON Schema does not know. Generators warn of an unknown `format`.
pub(crate) const FORMAT: &str = "x-eventrelay-format";

/// Every schema of a request by its name.
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

/// A closed object. A member that need not be there may be `null`.
fn object(description: &str, required: &[&str], members: Vec<(&str, Value)>) -> Value {
    let properties: Map<String, Value> = members
        .into_iter()
        .map(|(name, schema)| {
            let schema = match required.contains(&name) {
                true => schema,
                false => or_null(schema),
            };
            (name.to_owned(), schema)
        })
        .collect();
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !description.is_empty() {
        object["description"] = description.into();
    }
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// The same schema, or `null`.
fn or_null(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        let description = schema["description"].take();
        let mut either = json!({"anyOf": [reference_of(&schema), {"type": "null"}]});
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

/// The reference of a schema, without what stands beside it.
fn reference_of(schema: &Value) -> Value {
    json!({"$ref": schema["$ref"]})
}

/// A reference with a description of its own.
fn named(schema: &str, description: &str) -> Value {
    let mut named = responses::reference(schema);
    named["description"] = description.into();
    named
}

/// Text of several lines with something in it.
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

/// A flag that is false if it is left out. Its schema has no `default`: generators take a member
/// with one for a member that must be sent.
fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": format!("{description}; false if left out")})
}

fn price(description: &str) -> Value {
    json!({"type": "number", "exclusiveMinimum": 0, "maximum": 10_000, "description": description})
}

fn video_url() -> Value {
    let mut url = text(
        reference::MAX_BYTES,
        "A URL of one video of YouTube in any of its forms, a text around one, or the bare id. Its \
         `t=` sets no window: `start_s` does",
    );
    url[FORMAT] = "eventrelay-video".into();
    url
}

fn upload_id() -> Value {
    json!({
        "type": "string", "pattern": "^(up:)?[0-9a-f]{64}$",
        "description": "What an upload was answered with",
    })
}

fn language() -> Value {
    json!({
        "type": "string", "maxLength": 35,
        "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        "description": "Language of the texts, a BCP 47 tag; that of the video if none",
    })
}

fn resolution() -> Value {
    named("Resolution", "How closely the model looks")
}

fn submission() -> Value {
    let second = |description: &str| json!({"type": "number", "minimum": 0, "maximum": 86_400, "description": description});
    let mut transcript = json!({
        "type": "string", "minLength": 1, "maxLength": captions::MAX_BYTES,
        "x-eventrelay-format": "eventrelay-captions", "pattern": SOLID,
        "description": "The words that are spoken, as WebVTT or SubRip, at most 4 MiB (4,194,304 bytes of \
            UTF-8). It is read cue by cue: what cannot be used is listed in `refused` of the \
            analysis with its line, and the rest is used. Lines that roll up the screen are stored \
            once, and a clock that begins at a whole hour is shifted to the video",
    });
    transcript["contentMediaType"] = "text/vtt".into();
    object(
        "A video, and what is asked of it. Exactly one of `url` and `upload_id` names the video; a \
         submission with both or with neither is refused. `end_s` must be greater than `start_s`.",
        &[],
        vec![
            ("url", video_url()),
            ("upload_id", upload_id()),
            ("language", language()),
            (
                "start_s",
                second("First second of the part that is analysed"),
            ),
            ("end_s", second("Last second of that part; after `start_s`")),
            ("transcript", transcript),
            ("resolution", resolution()),
            ("max_cost_usd", price("What it may cost in US dollars")),
            ("force", flag("Analyse it again, whatever there is")),
        ],
    )
}

fn batch() -> Value {
    object(
        "Up to fifty videos. An item that is wrong is refused by itself, as one of the answers.",
        &["videos"],
        vec![(
            "videos",
            json!({
                "type": "array", "minItems": 1, "maxItems": 50,
                "description": "Each as it would be submitted alone, or its URL",
                "items": {"anyOf": [responses::reference("Submission"), video_url()]},
            }),
        )],
    )
}

fn playlist() -> Value {
    let mut url = text(
        reference::MAX_BYTES,
        "A URL of a playlist of YouTube, of a video that is played from it, or the bare id",
    );
    url[FORMAT] = "eventrelay-playlist".into();
    object(
        "A playlist, and what is asked of each of its videos.",
        &["url"],
        vec![
            ("url", url),
            ("language", language()),
            ("resolution", resolution()),
            (
                "max_cost_usd",
                price("What each video may cost in US dollars"),
            ),
            ("force", flag("Analyse them again, whatever there is")),
        ],
    )
}

fn recording() -> Value {
    let types: Vec<&str> = MediaType::all().map(MediaType::as_str).collect();
    let aliases: Vec<&str> = MediaType::all().flat_map(MediaType::aliases).collect();
    object(
        "A recording that is going to be uploaded.",
        &["file_name", "content_type", "size_bytes", "sha256"],
        vec![
            (
                "file_name",
                json!({
                    "type": "string", "minLength": 1, "maxLength": 255,
                    "pattern": format!("^{IN_LINE}*{SEEN}{IN_LINE}*$"),
                    "description": "What it is called",
                }),
            ),
            (
                "content_type",
                json!({
                    "type": "string", "minLength": 1, "maxLength": 255,
                    FORMAT: "eventrelay-media-type",
                    "pattern": r"^[ \t\r\n]*[\x21-\x7E][\x20-\x7E]*[ \t\r\n]*$",
                    "description": format!(
                        "Media type of the recording: {}. Other names are accepted: {}. Letter case \
                         and parameters such as `;codecs=vp9,opus` are ignored. The upload is signed \
                         for the type as it is written here",
                        types.join(", "),
                        aliases.join(", "),
                    ),
                }),
            ),
            (
                "size_bytes",
                json!({
                    "type": "integer", "minimum": 1, "maximum": 2_000_000_000,
                    "description": "Its length",
                }),
            ),
            (
                "sha256",
                json!({
                    "type": "string", "pattern": "^[0-9A-Fa-f]{64}$",
                    "description": "SHA-256 of its bytes, hexadecimal",
                }),
            ),
        ],
    )
}

fn feedback() -> Value {
    object(
        "Feedback on an analysis. It needs a `rating`, a `comment`, or both.",
        &["type"],
        vec![
            ("type", named("FeedbackType", "What it is about")),
            (
                "rating",
                json!({"type": "integer", "minimum": 1, "maximum": 5, "description": "Stars"}),
            ),
            (
                "comment",
                json!({
                    "type": "string", "minLength": 1, "maxLength": 1000,
                    "pattern": format!("^{CLEAN}*{SEEN}{CLEAN}*$"),
                    "description": "Words",
                }),
            ),
        ],
    )
}

fn redrive() -> Value {
    object(
        "Dead letters to send again: those of `ids`, or with `all` the latest ones, from `cursor` \
         on. Exactly one of `ids` and `all: true` is given; `cursor` goes with `all` only.",
        &[],
        vec![
            (
                "ids",
                json!({
                    "type": "array", "minItems": 1, "maxItems": 25,
                    "items": {"type": "string", "pattern": "^dead_[A-Za-z0-9-]{1,100}$"},
                }),
            ),
            ("all", flag("All of them, at most 25 at a time")),
            ("cursor", {
                let mut cursor = text(1024, "The `cursor` of the redrive before");
                cursor[FORMAT] = "eventrelay-cursor".into();
                cursor
            }),
        ],
    )
}
