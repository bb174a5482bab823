//! Tests that request schemas and readers of requests agree. If only the description of a schema
//! excludes a body, a predicate here does as well.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeMap, sync::LazyLock};

use eventrelay::{
    error::Error,
    project::{Framework, ProjectType, deploy::Target},
    readers,
};
use jsonschema::Validator;
use lambda_http::{Body, Request};
use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

type Reader = fn(&Request) -> Result<(), Error>;

/// Schemas of bodies with their readers, and values that members may have.
static READERS: [(&str, Reader); 9] = [
    ("Submission", |request| {
        readers::submission(request).map(drop)
    }),
    ("Batch", |request| readers::batch(request).map(drop)),
    ("Playlist", |request| readers::playlist(request).map(drop)),
    ("Recording", |request| readers::upload(request).map(drop)),
    ("NewFeedback", |request| {
        readers::feedback(request).map(drop)
    }),
    ("NewProject", |request| readers::project(request).map(drop)),
    ("NewDeployment", |request| {
        readers::deployment(request).map(drop)
    }),
    ("NewSoftware", |request| {
        readers::software(request).map(drop)
    }),
    ("Redrive", |request| readers::redrive(request)),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(eventrelay_contract::document);

static SCHEMAS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let names = READERS.iter().map(|(name, _)| *name).chain(["PlanEdit"]);
    names.map(|name| (name, validator(name))).collect()
});

fn validator(name: &str) -> Validator {
    let mut schema = DOCUMENT["components"]["schemas"][name].clone();
    schema["components"] = DOCUMENT["components"].clone();
    let schema = with_formats(schema);
    jsonschema::options()
        .should_validate_formats(true)
        .with_format("eventrelay-video", |text: &str| {
            eventrelay::video::reference::parse(text).is_ok()
        })
        .with_format("eventrelay-playlist", |text: &str| {
            eventrelay::video::playlist::parse(text).is_ok()
        })
        .with_format("eventrelay-captions", |text: &str| {
            eventrelay::analysis::captions::read(text).is_ok()
        })
        .with_format("eventrelay-media-type", |text: &str| {
            eventrelay::video::MediaType::parse(text).is_some()
        })
        .build(&schema)
        .unwrap()
}

/// Converts the formats that have their own keyword to JSON Schema.
fn with_formats(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, member)| match name.as_str() {
                    "x-eventrelay-format" => ("format".to_owned(), member),
                    _ => (name, with_formats(member)),
                });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(with_formats).collect(),
        other => other,
    }
}

fn request(body: &Value) -> Request {
    http::Request::post("/")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn members(name: &str) -> Vec<(String, Value)> {
    let schema = &DOCUMENT["components"]["schemas"][name];
    let members = schema["properties"].as_object().unwrap().iter();
    members
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// Generates valid, almost valid and invalid values of a member.
fn values(schema: &Value) -> BoxedStrategy<Value> {
    let mut known = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(5),
        json!(6),
    ];
    known.extend([
        json!(1.0),
        json!(2.5),
        json!(-1),
        json!(86_400),
        json!(86_400.5),
        json!(10_000),
        json!(10_001),
    ]);
    known.extend([
        json!(2_000_000_000),
        json!(2_000_000_001_u64),
        json!(1e3),
        json!(""),
        json!(" "),
        json!("\t"),
    ]);
    known.extend(
        [
            "x", "en", "pt-BR", "en_US", "\u{7f}", "a\u{0}", "\u{a0}", "\u{200b}", "a\u{85}", "é",
        ]
        .map(Value::from),
    );
    known.extend(
        [
            "https://youtu.be/jNQXAC9IVRw",
            "jNQXAC9IVRw",
            "https://example.com/",
            "PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI",
        ]
        .map(Value::from),
    );
    known.extend(
        [
            "talk.mp4",
            "video/mp4",
            "Video/WebM; codecs=\"vp9, opus\"",
            "audio/x-m4a",
            "video/mp4;x=\u{e9}",
            "video/mp4\n",
            "text/html",
            "WEBVTT\n\n00:00.000 --> 00:04.000\nSo.\n",
            ".",
            "..",
            "a.git",
            "-a",
            "dead_a",
            "dead_",
        ]
        .map(Value::from),
    );
    let hash = "0123456789abcdef".repeat(4);
    known.extend([
        json!(hash),
        json!(format!("up:{hash}")),
        json!(hash.to_uppercase()),
        json!(&hash[1..]),
    ]);
    for length in [
        35, 36, 39, 40, 80, 81, 100, 101, 200, 255, 256, 1000, 1001, 1024, 1025, 1400, 1401, 2049,
        4000, 4001,
    ] {
        known.push("é".repeat(length).into());
        known.push("a".repeat(length).into());
    }
    known.extend([
        json!([]),
        json!({}),
        json!(["x"]),
        json!([1]),
        json!(["dead_a"]),
        json!(vec!["dead_a"; 26]),
        json!(vec!["x"; 21]),
        json!(vec!["x"; 51]),
        json!(["jNQXAC9IVRw"]),
        json!([{"url": "jNQXAC9IVRw", "force": true}]),
        json!(["jNQXAC9IVRw", {"upload_id": hash}]),
        json!(["jNQXAC9IVRw", 1]),
    ]);
    known.extend([
        json!({"name": "x"}),
        json!({"name": "x", "owner": null}),
        json!({"owner": "-x"}),
        json!({"more": 1}),
        json!({"private": "no"}),
    ]);
    // Values that the schema names are more often valid.
    let named = match schema["anyOf"][0]["$ref"].as_str() {
        Some(reference) => Some(reference),
        None => schema["$ref"].as_str(),
    };
    let schema = named.map_or(schema, |reference| {
        DOCUMENT.pointer(&reference[1..]).unwrap_or(schema)
    });
    let mut named: Vec<Value> = schema["enum"].as_array().cloned().unwrap_or_default();
    named.push(json!(null));
    let any = prop_oneof![
        select(known),
        select(named),
        "\\PC{0,40}".prop_map(Value::from)
    ];
    match item_examples(schema) {
        examples if examples.is_empty() => any.boxed(),
        examples => {
            let item = prop_oneof![9 => select(examples), 1 => any.clone()];
            let list = proptest::collection::vec(item, 0..5).prop_map(Value::from);
            prop_oneof![any, list].boxed()
        }
    }
}

/// Returns examples of the items of an array whose schema is one of [`READERS`].
fn item_examples(schema: &Value) -> Vec<Value> {
    let alternatives = schema["items"]["anyOf"].as_array().into_iter().flatten();
    let names = alternatives.filter_map(|one| one["$ref"].as_str()?.rsplit('/').next());
    names.flat_map(examples).collect()
}

/// Generates a body with most of its required members and some others.
fn body(name: &'static str) -> BoxedStrategy<Value> {
    let required = DOCUMENT["components"]["schemas"][name]["required"].clone();
    let members = members(name).into_iter().map(|(member, schema)| {
        let chance = if required
            .as_array()
            .is_some_and(|all| all.contains(&json!(member)))
        {
            0.95
        } else {
            0.35
        };
        proptest::option::weighted(chance, values(&schema))
            .prop_map(move |value| value.map(|value| (member.clone(), value)))
    });
    let members: Vec<_> = members.collect();
    (
        members,
        proptest::option::weighted(0.03, Just(("more".to_owned(), json!(1)))),
    )
        .prop_map(|(members, more)| {
            Value::Object(members.into_iter().flatten().chain(more).collect())
        })
        .boxed()
}

/// Generates a changed example of the contract. Many of these are valid.
fn changed(name: &'static str) -> BoxedStrategy<Value> {
    let examples = examples(name);
    let members = members(name);
    (select(examples), select(members))
        .prop_flat_map(|(example, (member, schema))| {
            proptest::option::weighted(0.8, values(&schema)).prop_map(move |value| {
                let mut changed: Map<String, Value> = example.as_object().unwrap().clone();
                match value {
                    Some(value) => changed.insert(member.clone(), value),
                    None => changed.remove(&member),
                };
                Value::Object(changed)
            })
        })
        .boxed()
}

fn examples(name: &str) -> Vec<Value> {
    let reference = json!({"$ref": format!("#/components/schemas/{name}")});
    let operations = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|one| one.as_object().unwrap().values());
    let bodies =
        operations.map(|operation| &operation["requestBody"]["content"]["application/json"]);
    let bodies = bodies.filter(|body| body["schema"] == reference);
    bodies
        .flat_map(|body| body["examples"].as_object().unwrap().values())
        .map(|example| example["value"].clone())
        .collect()
}

/// Returns whether the description of a schema excludes a body that its keywords accept.
fn is_excluded(name: &str, body: &Value) -> bool {
    let has = |member: &str| !body[member].is_null();
    let one_video = has("url") != has("upload_id");
    let end = body["end_s"].as_f64();
    let is_beyond = end.is_some_and(|end| end <= body["start_s"].as_f64().unwrap_or(0.0));
    match name {
        "Submission" => !one_video || is_beyond,
        "NewFeedback" => !has("rating") && !has("comment"),
        "NewProject" => framework(body).is_none(),
        "NewDeployment" => has_stray_repository(body, "target"),
        "NewSoftware" => {
            let target: Target = read(&body["deployment_target"]).unwrap();
            !one_video
                || has_stray_repository(body, "deployment_target")
                || !framework(body).is_some_and(|framework| target.takes(framework))
        }
        "Redrive" => {
            let all = body["all"] == true;
            has("ids") == all || (has("ids") && has("cursor"))
        }
        _ => false,
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// Returns the framework of a project's request.
fn framework(body: &Value) -> Option<Framework> {
    let kind: ProjectType = read(&body["project_type"])?;
    Framework::choose(kind, read(&body["framework"]), read(&body["language"])).ok()
}

fn has_stray_repository(body: &Value, target: &str) -> bool {
    let target: Target = read(&body[target]).unwrap();
    !body["repository"].is_null() && !target.has_repository()
}

/// Returns whether the reader accepts the body because it refuses invalid items one by one.
fn is_lenient(name: &str, body: &Value) -> bool {
    let items = body["videos"].as_array();
    name == "Batch" && items.is_some_and(|items| (1..=50).contains(&items.len()))
}

fn agree(name: &str, reader: Reader, body: &Value) -> Result<bool, TestCaseError> {
    let is_read = reader(&request(body));
    let is_valid = SCHEMAS[name].is_valid(body);
    if is_lenient(name, body) {
        prop_assert!(!is_valid || is_read.is_ok(), "{name} {body}");
        return Ok(is_valid);
    }
    let is_valid = is_valid && !is_excluded(name, body);
    prop_assert_eq!(
        is_valid,
        is_read.is_ok(),
        "{} {}: {:?}",
        name,
        body,
        is_read.err()
    );
    Ok(is_valid)
}

/// Bodies that a generated client can send but that the description excludes, with the field that
/// the error names.
#[test]
fn reader_refuses_bodies_that_the_description_excludes() {
    let hash = "0123456789abcdef".repeat(4);
    let url = "https://youtu.be/jNQXAC9IVRw";
    let software = |more: Value| {
        let mut body = json!({
            "url": url, "project_type": "web", "deployment_target": "github",
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (name, body, field) in [
        ("Submission", json!({}), "url"),
        ("Submission", json!({"url": null}), "url"),
        (
            "Submission",
            json!({"url": url, "upload_id": hash}),
            "upload_id",
        ),
        (
            "Submission",
            json!({"url": url, "start_s": 9, "end_s": 9}),
            "end_s",
        ),
        ("NewFeedback", json!({"type": "quality"}), "rating"),
        (
            "NewProject",
            json!({"project_type": "web", "framework": "axum"}),
            "framework",
        ),
        (
            "NewProject",
            json!({"project_type": "api", "language": "javascript"}),
            "language",
        ),
        (
            "NewProject",
            json!({"project_type": "api", "framework": "axum", "language": "python"}),
            "framework",
        ),
        (
            "NewDeployment",
            json!({"target": "vercel", "repository": {"name": "a"}}),
            "repository",
        ),
        ("NewSoftware", software(json!({"url": null})), "url"),
        (
            "NewSoftware",
            software(json!({"upload_id": hash})),
            "upload_id",
        ),
        (
            "NewSoftware",
            software(json!({"framework": "axum"})),
            "framework",
        ),
        (
            "NewSoftware",
            software(json!({"framework": "nextjs", "deployment_target": "netlify"})),
            "deployment_target",
        ),
        (
            "NewSoftware",
            software(json!({"deployment_target": "vercel", "repository": {}})),
            "repository",
        ),
        ("Redrive", json!({}), "ids"),
        ("Redrive", json!({"all": false}), "ids"),
        ("Redrive", json!({"ids": ["dead_a"], "all": true}), "all"),
        (
            "Redrive",
            json!({"ids": ["dead_a"], "cursor": "c"}),
            "cursor",
        ),
    ] {
        assert!(SCHEMAS[name].is_valid(&body), "{name} {body}");
        assert!(is_excluded(name, &body), "{name} {body}");
        let (_, reader) = READERS.iter().find(|(one, _)| *one == name).unwrap();
        match reader(&request(&body)) {
            Err(Error::InvalidInput { field: named, .. }) => {
                assert_eq!(named, field, "{name} {body}");
            }
            other => panic!("{name} {body}: {other:?}"),
        }
    }
}

#[test]
fn examples_are_accepted_by_schema_and_reader() {
    for (name, reader) in READERS {
        let examples = examples(name);
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            assert!(SCHEMAS[name].is_valid(&example), "{name} {example}");
            reader(&request(&example)).unwrap();
        }
    }
    for example in examples("PlanEdit") {
        assert!(SCHEMAS["PlanEdit"].is_valid(&example), "{example}");
    }
}

/// Characters beyond the first plane are excluded, because not every regular expression engine
/// supports code points.
#[test]
fn comment_of_one_visible_character_is_accepted() {
    let (name, reader) = READERS[4];
    let is_taken = |c: char| {
        let body = json!({"type": "accuracy", "comment": c.to_string()});
        agree(name, reader, &body).unwrap_or_else(|error| panic!("{c:?}: {error}"))
    };
    let taken = ('\0'..='\u{ffff}').filter(|c| is_taken(*c)).count();
    // All but some hundred, and no surrogates.
    assert!((62_000..63_488).contains(&taken), "{taken}");
}

#[test]
fn schemas_and_readers_agree() {
    for (name, reader) in READERS {
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 1500,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let valid = std::cell::Cell::new(0);
        let strategy = prop_oneof![body(name), changed(name)];
        runner
            .run(&strategy, |body| {
                valid.set(valid.get() + u32::from(agree(name, reader, &body)?));
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // A reader that refuses everything tests nothing.
        assert!(valid.get() > 10, "{name}: {}", valid.get());
    }
}
