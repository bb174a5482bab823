//! What is committed is what the code says, and it is a contract.
//! `UPDATE_CONTRACT=1 cargo test --workspace --test document` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use eventrelay_contract::{document, page, routes};
use serde_json::{Value, json};

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
fn the_document_the_page_and_the_routes_are_committed() {
    let document = document();
    is_committed(
        "shared/openapi.json",
        &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()),
    );
    is_committed("shared/docs.html", &page(&document));
    is_committed("shared/routes.txt", &routes());
}

/// `GET /v1/jobs/{job_id}` of all operations.
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
fn its_routes_are_those_of_the_template() {
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
        // What is no route of the contract, and the preflights of browsers.
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
fn it_is_valid_openapi_3_1() {
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
fn every_reference_leads_somewhere_and_every_schema_is_one() {
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
fn an_operation_has_a_name_of_its_own_and_words() {
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
fn every_kind_of_problem_is_described_where_it_is_answered() {
    let document = document();
    let all = document["components"]["schemas"]["ProblemType"]["enum"]
        .as_array()
        .unwrap();
    assert_eq!(all.len(), eventrelay::error::Problem::ALL.len());
    let text = format!(
        "{}{}",
        document["paths"], document["components"]["responses"]
    );
    for problem in eventrelay::error::Problem::ALL {
        // What a job fails by stands in the job; these are no answers to a request of a route.
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
