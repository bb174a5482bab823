//! The table of rights in `infra/README.md` matches the template.
//! `UPDATE_SECURITY_TABLE=1 cargo test --workspace --test static_checks security::` writes it.

use std::{collections::BTreeMap, fs};

use eventrelay_tests::repository;
use serde_json::{Map, Value};

/// Start of the line before the table.
const BEGIN: &str = "<!-- functions:";
const END: &str = "<!-- /functions -->\n";

/// Rights of a function: actions by resource, by service.
type Rights = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

const TABLES: &str = "dynamodb";
const BUCKET: &str = "s3";
const QUEUES: &str = "sqs";
const OTHERS: &str = "others";

#[test]
fn table_of_rights_matches_template() {
    let template = fs::read_to_string(repository("template.yaml")).unwrap();
    let table = table(&eventrelay_template::parse(&template).unwrap());
    let path = repository("infra/README.md");
    let document = fs::read_to_string(&path).unwrap();
    let marker = document.find(BEGIN).unwrap();
    let start = marker + document[marker..].find('\n').unwrap() + 1;
    let (before, rest) = document.split_at(start);
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_SECURITY_TABLE").is_some() {
        fs::write(&path, format!("{before}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        written == table,
        "infra/README.md is not what template.yaml says. If the template is right:\n\
         UPDATE_SECURITY_TABLE=1 cargo test --workspace --test static_checks security::\n\n{table}"
    );
}

fn table(template: &Value) -> String {
    let mut table = String::from(
        "| function | tables | bucket | queues | secrets and others |\n|---|---|---|---|---|\n",
    );
    let globals = &template["Globals"]["Function"];
    for (name, resource) in template["Resources"].as_object().unwrap() {
        if resource["Type"] != "AWS::Serverless::Function" {
            continue;
        }
        let properties = &resource["Properties"];
        // A role of its own would be a right that is not in this table.
        assert_eq!(properties.get("Role"), None, "{name}");
        let mut rights = Rights::new();
        for policy in items(&properties["Policies"]) {
            match policy.get("Statement") {
                Some(statements) => items(statements)
                    .iter()
                    .for_each(|one| read(one, &mut rights)),
                None => add(&mut rights, OTHERS, plain(&policy), vec![]),
            }
        }
        let variables = [globals, properties].map(|of| of["Environment"]["Variables"].clone());
        for variables in variables.iter().filter_map(Value::as_object) {
            for (variable, _) in variables.iter().filter(|(_, value)| is_secret(value)) {
                add(
                    &mut rights,
                    OTHERS,
                    format!("`{variable}`"),
                    vec!["read when deployed".into()],
                );
            }
        }
        let cell = |service| cell(rights.get(service));
        table += &format!(
            "| {name} | {} | {} | {} | {} |\n",
            cell(TABLES),
            cell(BUCKET),
            cell(QUEUES),
            cell(OTHERS)
        );
    }
    table
}

/// One allowance of a policy, which may hang on a parameter.
fn read(statement: &Value, rights: &mut Rights) {
    if let Some(choice) = statement.get("Fn::If") {
        for one in [&choice[1], &choice[2]] {
            if one["Ref"] != "AWS::NoValue" {
                read(one, rights);
            }
        }
        return;
    }
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none());
    let only = statement
        .get("Condition")
        .map(|condition| format!(" where {}", keys(condition)));
    for action in items(&statement["Action"]) {
        let action = action.as_str().unwrap();
        let (service, name) = action.split_once(':').unwrap();
        let (service, name) = match service {
            TABLES => (TABLES, name),
            BUCKET => (BUCKET, name),
            QUEUES => (QUEUES, name),
            _ => (OTHERS, action),
        };
        for resource in items(&statement["Resource"]) {
            let on = format!(
                "{}{}",
                plain(&resource),
                only.as_deref().unwrap_or_default()
            );
            add(rights, service, on, vec![name.to_owned()]);
        }
    }
}

fn add(rights: &mut Rights, service: &'static str, on: String, actions: Vec<String>) {
    let known = rights.entry(service).or_default().entry(on).or_default();
    known.extend(actions);
    known.sort();
    known.dedup();
}

fn cell(rights: Option<&BTreeMap<String, Vec<String>>>) -> String {
    let lines = rights.into_iter().flatten().map(|(on, actions)| {
        if actions.is_empty() {
            on.clone()
        } else {
            format!("{on}: {}", actions.join(", "))
        }
    });
    lines.collect::<Vec<_>>().join("<br>")
}

/// A resource in few words: logical ids for ARNs.
fn plain(resource: &Value) -> String {
    let name = match resource {
        Value::String(text) => text.clone(),
        Value::Object(call) => match call.iter().next() {
            Some((name, Value::String(target))) if name == "Fn::GetAtt" => {
                target.strip_suffix(".Arn").unwrap_or(target).to_owned()
            }
            Some((name, Value::String(pattern))) if name == "Fn::Sub" => pattern
                .rsplit_once(":secret:")
                .map_or(pattern.as_str(), |(_, secret)| secret)
                .replace(".Arn}", "")
                .replace(['{', '}'], "")
                .replace('$', ""),
            _ => resource.to_string(),
        },
        other => other.to_string(),
    };
    format!("`{}`", name.replace('|', "\\|"))
}

/// The values of a condition on the first part of keys; another condition in full.
fn keys(condition: &Value) -> String {
    let conditions: Vec<&Map<String, Value>> = condition
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_object)
        .collect();
    let mut values = Vec::new();
    for (name, value) in conditions.into_iter().flatten() {
        if name != "dynamodb:LeadingKeys" {
            return format!("`{condition}`");
        }
        values.extend(
            items(value)
                .iter()
                .map(|key| format!("`{}`", key.as_str().unwrap())),
        );
    }
    format!("the key is {}", values.join(" or "))
}

fn is_secret(value: &Value) -> bool {
    value.to_string().contains("{{resolve:")
}

/// A list, or the one that stands for it.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}
