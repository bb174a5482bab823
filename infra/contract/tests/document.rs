//! Tests of the generated files and of the contract. `UPDATE_CONTRACT=1 cargo test --workspace
//! --test document` updates the files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use eventrelay_contract::{document, page, routes, tables};
use serde_json::{Map, Value, json};

fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

fn is_committed(path: &str, text: &str) {
    let path = repository(path);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == text,
        "{} is not what the code says. If the code is right:\n\
         UPDATE_CONTRACT=1 cargo test --workspace --test document",
        path.display()
    );
}

#[test]
fn generated_files_are_current() {
    let document = document();
    is_committed(
        "shared/openapi.json",
        &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()),
    );
    is_committed("shared/docs.html", &page(&document));
    is_committed("shared/routes.txt", &routes());
}

#[test]
fn tables_of_the_api_reference_are_those_of_the_document() {
    has_tables("functions/README.md", &tables::reference(&document()));
}

#[test]
fn tables_of_the_configuration_are_those_of_the_template() {
    let template = fs::read_to_string(repository("template.yaml")).unwrap();
    let template = eventrelay_template::parse(&template).unwrap();
    has_tables(
        "infra/README.md",
        &tables::configuration(&template).unwrap(),
    );
}

/// Checks that a document holds these tables between its marks.
fn has_tables(path: &str, tables: &[(&str, String)]) {
    let text = fs::read_to_string(repository(path)).unwrap();
    is_committed(path, &tables::fill(&text, tables).unwrap());
}

/// Returns all operations as `GET /v1/jobs/{job_id}`.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, one)| (format!("{} {path}", method.to_uppercase()), one))
        })
        .collect()
}

#[test]
fn routes_equal_those_of_the_template() {
    let template = fs::read_to_string(repository("template.yaml")).unwrap();
    let overrides = Default::default();
    let site = eventrelay_template::Site {
        sqs: "http://127.0.0.1:1",
        overrides: &overrides,
    };
    let template = eventrelay_template::read(&template, &site).unwrap();
    let open = eventrelay_template::model::RouteAuthorizer::None;
    let routes = template.api.iter().flat_map(|api| &api.routes);
    let declared: BTreeSet<(String, bool)> = routes
        // Excludes the default route and preflight requests.
        .filter(|route| route.path != "$default" && route.method != "OPTIONS")
        .map(|route| {
            let path = route.path.replace("+}", "}");
            (format!("{} {path}", route.method), route.authorizer == open)
        })
        .collect();
    let document = document();
    let described: BTreeSet<(String, bool)> = operations(&document)
        .into_iter()
        .map(|(name, one)| (name, one["security"] == json!([])))
        .collect();
    assert_eq!(described, declared);
}

#[test]
fn document_is_valid_openapi_3_1() {
    let schema = fs::read_to_string(repository("tests/data/openapi/schema-3.1.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = document();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn references_and_schemas_are_valid() {
    let document = document();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        let reference = format!("#/components/schemas/{name}");
        assert!(used.contains(&reference), "{reference} is not used");
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn operations_have_unique_names_and_descriptions() {
    let document = document();
    let mut names = BTreeSet::new();
    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    for (route, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{route}");
        assert!(
            !operation["summary"].as_str().unwrap().is_empty(),
            "{route}"
        );
        assert!(tags.contains(&&operation["tags"][0]), "{route}");
        // Every parameter of the path is described, and no other.
        let described = operation["parameters"].as_array().into_iter().flatten();
        let described: BTreeSet<String> = described
            .map(|one| match one["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap(),
                None => one,
            })
            .filter(|one| one["in"] == "path")
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        let named = route
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        assert_eq!(described, named, "{route}");
    }
}

#[test]
fn every_problem_is_documented() {
    let document = document();
    let described =
        document["components"]["schemas"]["Problem"]["properties"]["type"]["description"]
            .as_str()
            .unwrap();
    let text = format!(
        "{}{}",
        document["paths"], document["components"]["responses"]
    );
    for problem in eventrelay::error::Problem::ALL {
        assert!(
            described.contains(&format!("`{}`", problem.slug)),
            "{}",
            problem.slug
        );
        // Problems of jobs are no responses of a route.
        let elsewhere = [
            "failed-before",
            "unauthorized",
            "forbidden",
            "method-not-allowed",
            "playlist-not-found",
        ];
        if !elsewhere.contains(&problem.slug) {
            assert!(
                text.contains(&eventrelay::api::problem_type(problem.slug)),
                "{}",
                problem.slug
            );
        }
    }
}

/// Returns operation id, status and response of all operations.
fn answers(document: &Value) -> Vec<(&str, &str, &Value)> {
    operations(document)
        .into_iter()
        .flat_map(|(_, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            let answers = operation["responses"].as_object().unwrap().iter();
            answers.map(move |(status, answer)| {
                let answer = match answer["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]).unwrap(),
                    None => answer,
                };
                (id, status.as_str(), answer)
            })
        })
        .collect()
}

#[test]
fn successes_have_examples_that_match_their_schema() {
    let document = document();
    for (id, status, answer) in answers(&document) {
        if !status.starts_with('2') {
            continue;
        }
        for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
            let example = &content["example"];
            assert!(!example.is_null(), "{id} {status} {media_type}");
            let mut schema = closed(content["schema"].clone());
            schema["components"] = closed(document["components"].clone());
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .unwrap();
            let errors: Vec<String> = validator
                .iter_errors(example)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{id} {status}: {errors:#?}");
            let text = example.to_string();
            assert!(!text.contains("example.com"), "{id} {status}: {text}");
        }
    }
}

/// Closes a schema, because an example may have only members of its schema.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = closed(member.take());
            }
            if members.contains_key("properties") && members.get("type") == Some(&json!("object")) {
                members
                    .entry("additionalProperties")
                    .or_insert(false.into());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = closed(item.take());
            }
        }
        _ => {}
    }
    schema
}

#[test]
fn each_status_has_one_media_type_and_errors_one_schema() {
    let document = document();
    for (id, status, answer) in answers(&document) {
        let content = answer["content"].as_object();
        let schemas: BTreeSet<String> = content
            .into_iter()
            .flatten()
            .map(|(_, content)| content["schema"].to_string())
            .collect();
        match status.as_bytes()[0] {
            b'2' => assert!(content.is_none_or(|all| all.len() == 1), "{id} {status}"),
            b'3' => assert!(content.is_none(), "{id} {status}"),
            _ => assert_eq!(
                schemas,
                [r##"{"$ref":"#/components/schemas/Problem"}"##.to_owned()].into(),
                "{id} {status}"
            ),
        }
    }
}

/// Checks for constructs that generators fail on: choices between objects without a discriminator,
/// objects and enumerations without a name, lists of anything, `null` in an enumeration, members
/// with a default, and formats that JSON Schema does not define.
#[test]
fn schemas_suit_generators() {
    fn look(at: &str, schema: &Value, is_named: bool, found: &mut Vec<String>) {
        let Some(members) = schema.as_object() else {
            return;
        };
        let mut add = |what: &str| found.push(format!("{at}: {what}"));
        let is_object = members.contains_key("properties");
        if !is_named && is_object {
            add("an object without a name");
        }
        if let Some(choices) = members.get("enum").and_then(Value::as_array) {
            if !is_named {
                add("a choice without a name");
            }
            if choices.iter().any(|one| !one.is_string()) {
                add("a choice of other than strings");
            }
        }
        for key in ["anyOf", "oneOf"] {
            let choices = members.get(key).and_then(Value::as_array);
            if is_object && choices.is_some() {
                add("an object that is a choice as well");
            }
            let references = choices
                .into_iter()
                .flatten()
                .filter(|one| one["$ref"].is_string());
            if references.count() > 1 && members["discriminator"]["propertyName"] != "kind" {
                add("a choice between objects without a discriminator");
            }
            for choice in choices.into_iter().flatten() {
                if choice
                    .as_object()
                    .is_none_or(|one| !one.contains_key("type") && !one.contains_key("$ref"))
                {
                    add("a choice of anything");
                }
            }
        }
        for key in [
            "allOf",
            "if",
            "then",
            "else",
            "not",
            "prefixItems",
            "default",
        ] {
            if members.contains_key(key) {
                add(key);
            }
        }
        let known = ["date", "date-time", "uri", "double", "binary"];
        if let Some(format) = members.get("format").and_then(Value::as_str)
            && !known.contains(&format)
        {
            add(format);
        }
        let kinds = &members.get("type").cloned().unwrap_or_default();
        let is_array = kinds == "array"
            || kinds
                .as_array()
                .is_some_and(|all| all.contains(&json!("array")));
        if is_array
            && members
                .get("items")
                .is_none_or(|items| items.as_object().is_none_or(Map::is_empty))
        {
            add("a list of anything");
        }
        for (name, member) in members
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            look(&format!("{at}.{name}"), member, false, found);
        }
        for key in ["anyOf", "oneOf"] {
            let choices = members.get(key).and_then(Value::as_array);
            for choice in choices.into_iter().flatten() {
                look(at, choice, false, found);
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = members.get(key) {
                look(&format!("{at}[]"), inner, false, found);
            }
        }
    }
    let document = document();
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        look(name, schema, true, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn job_kinds_have_schemas_discriminated_by_kind() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let job = &schemas["Job"];
    let mapping = job["discriminator"]["mapping"].as_object().unwrap();
    let kinds: Vec<&str> = mapping.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "analysis",
            "delete_videos",
            "deployment",
            "playlist",
            "project",
            "recount",
            "software"
        ]
    );
    for (kind, reference) in mapping {
        assert!(
            job["oneOf"]
                .as_array()
                .unwrap()
                .contains(&json!({"$ref": reference}))
        );
        let schema = document.pointer(&reference.as_str().unwrap()[1..]).unwrap();
        assert_eq!(schema["properties"]["kind"]["const"], *kind);
        let required = schema["required"].as_array().unwrap();
        for member in ["job_id", "kind", "status", "stage", "progress", "links"] {
            assert!(required.contains(&json!(member)), "{kind} {member}");
        }
    }
}

/// Checks that linked operations exist and have the parameters of the links.
#[test]
fn links_name_operations_and_their_parameters() {
    let document = document();
    let all = operations(&document);
    for (id, status, answer) in answers(&document) {
        for (name, link) in answer["links"].as_object().into_iter().flatten() {
            let at = format!("{id} {status} {name}");
            let (route, _) = all
                .iter()
                .find(|(_, one)| one["operationId"] == link["operationId"])
                .expect(&at);
            let example = answer["content"]
                .as_object()
                .and_then(|all| all.values().next())
                .map(|content| &content["example"])
                .expect(&at);
            for (parameter, value) in link["parameters"].as_object().unwrap() {
                assert!(
                    route.contains(&format!("{{{parameter}}}")),
                    "{at} {parameter}"
                );
                if let Some(pointer) = value.as_str().unwrap().strip_prefix("$response.body#") {
                    assert!(
                        example.pointer(pointer).is_some_and(Value::is_string),
                        "{at} {pointer}"
                    );
                }
            }
        }
    }
}

#[test]
fn server_urls_can_be_called_unchanged() {
    let document = document();
    let servers = document["servers"].as_array().unwrap();
    assert_eq!(servers[0]["url"], eventrelay::api::contract::LOCAL_BASE);
    for server in servers {
        let mut url = server["url"].as_str().unwrap().to_owned();
        for (name, variable) in server["variables"].as_object().into_iter().flatten() {
            url = url.replace(
                &format!("{{{name}}}"),
                variable["default"].as_str().unwrap(),
            );
        }
        let uri: http::Uri = url.parse().unwrap();
        assert!(
            uri.host().is_some() && uri.path() == "/" && !url.ends_with('/'),
            "{url}"
        );
    }
}
