//! Tables of the Markdown documents that repeat the OpenAPI document or `template.yaml`.
//!
//! A document marks the place of a table with `<!-- generated: NAME -->` and `<!-- end -->`.
//! [`fill`] replaces what stands between the two marks.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::kinds::kind;
use crate::json::{list, members, resolved, text};

/// Start of the line in front of a table. The name of the table follows.
const BEGIN: &str = "<!-- generated: ";

/// Line after a table.
const END: &str = "<!-- end -->\n";

/// Parameters that `cargo local` reads from variables that no function has.
const LOCAL_VARIABLES: [(&str, &str); 3] = [
    ("AnalysisBatch", "ANALYSIS_BATCH"),
    ("CorsAllowOrigins", "CORS_ALLOW_ORIGINS"),
    ("LogLevel", "AWS_LAMBDA_LOG_LEVEL"),
];

/// Returns `text` with the given tables between their marks.
///
/// # Errors
/// Names the first mark that has no table or no end, or the first table that has no mark.
pub fn fill(text: &str, tables: &[(&str, String)]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut unused: BTreeSet<&str> = tables.iter().map(|(name, _)| *name).collect();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after
            .split_once(" -->\n")
            .ok_or("a mark is not closed by ` -->`")?;
        let (_, after) = after
            .split_once(END)
            .ok_or_else(|| format!("the table {name} has no end"))?;
        let (_, table) = tables
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("no table is called {name}"))?;
        unused.remove(name);
        filled += &format!("{before}{BEGIN}{name} -->\n{table}{END}");
        rest = after;
    }
    match unused.first() {
        Some(name) => Err(format!("the table {name} has no mark")),
        None => Ok(filled + rest),
    }
}

/// Tables of the API reference.
#[must_use]
pub fn reference(document: &Value) -> Vec<(&'static str, String)> {
    vec![
        ("routes", routes(document)),
        ("bodies", bodies(document)),
        ("parameters", parameters(document)),
        ("problems", problems(document)),
    ]
}

/// Tables of the configuration: the parameters of a parsed template, by group.
///
/// # Errors
/// Names a parameter that is in no group or in two, or that has no description.
pub fn configuration(template: &Value) -> Result<Vec<(&'static str, String)>, String> {
    let variables = variables(template);
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut missing: BTreeMap<&str, &Value> = members(&template["Parameters"]).collect();
    let mut table = String::new();
    for group in list(groups) {
        table += &format!("\n### {}\n\n", text(&group["Label"]["default"]));
        table += &header(&["parameter", "variable", "default", "meaning"]);
        for name in list(&group["Parameters"]).filter_map(Value::as_str) {
            let parameter = missing
                .remove(name)
                .ok_or_else(|| format!("{name} is no parameter, or is in two groups"))?;
            let description = text(&parameter["Description"]);
            if description.is_empty() {
                return Err(format!("{name} has no description"));
            }
            let default = match scalar(&parameter["Default"]) {
                default if default.is_empty() => "none".to_owned(),
                default => format!("`{default}`"),
            };
            let variable = variables.get(name).map(|one| format!("`{one}`"));
            let name = format!("`{name}`");
            let meaning = match choices(parameter) {
                Some(choices) => format!("{description} {choices}"),
                None => description.to_owned(),
            };
            table += &row([
                &name,
                variable.as_deref().unwrap_or_default(),
                &default,
                &meaning,
            ]);
        }
    }
    match missing.first_key_value() {
        Some((name, _)) => Err(format!("{name} is in no group")),
        None => Ok(vec![("parameters", table + "\n")]),
    }
}

/// The short list of values that a parameter may have.
fn choices(parameter: &Value) -> Option<String> {
    let allowed: Vec<String> = list(&parameter["AllowedValues"]).map(scalar).collect();
    (1..=4)
        .contains(&allowed.len())
        .then(|| format!("One of `{}`.", allowed.join("`, `")))
}

/// Environment variable of each parameter that a function reads.
fn variables(template: &Value) -> BTreeMap<&str, String> {
    let functions = members(&template["Resources"])
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(_, resource)| &resource["Properties"]);
    let mut found = BTreeMap::new();
    for properties in functions.chain([&template["Globals"]["Function"]]) {
        for (variable, value) in members(&properties["Environment"]["Variables"]) {
            if let Some(parameter) = value["Ref"].as_str() {
                found.insert(parameter, variable.to_owned());
            }
        }
    }
    for (parameter, variable) in LOCAL_VARIABLES {
        found.insert(parameter, variable.to_owned());
    }
    found
}

/// Every operation, by tag.
fn routes(document: &Value) -> String {
    let mut table = String::new();
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        table += &format!("\n### {name}\n\n{}\n\n", text(&tag["description"]));
        table += &header(&["route", "scope", "status", "operation"]);
        for (route, operation) in operations(document) {
            if operation["tags"][0] != name {
                continue;
            }
            let scope = members(&operation["security"][0])
                .find_map(|(_, scopes)| scopes[0].as_str())
                .map_or("none".to_owned(), |scope| format!("`{scope}`"));
            let statuses: Vec<&str> = members(&operation["responses"])
                .map(|(status, _)| status)
                .filter(|status| status.starts_with(['2', '3']))
                .collect();
            let summary = text(&operation["summary"]);
            let about = text(&operation["description"]);
            let what = format!("**{summary}.** {about}");
            table += &row([&format!("`{route}`"), &scope, &statuses.join(", "), &what]);
        }
    }
    table + "\n"
}

/// Members of every request body, by operation.
fn bodies(document: &Value) -> String {
    let mut table = String::new();
    for (route, operation) in operations(document) {
        let content = members(&operation["requestBody"]["content"]).next();
        let Some((_, content)) = content else {
            continue;
        };
        let schema = resolved(&content["schema"], document);
        table += &format!("\n### `{route}`\n\n");
        table += &header(&["member", "required", "type", "meaning"]);
        for (name, member) in members(&schema["properties"]) {
            let is_required = list(&schema["required"]).any(|required| required == name);
            table += &row([
                &format!("`{name}`"),
                if is_required { "yes" } else { "" },
                &kind(member, document),
                text(&member["description"]),
            ]);
        }
    }
    table + "\n"
}

/// Every query and header parameter, with the operations that take it.
fn parameters(document: &Value) -> String {
    let mut all: BTreeMap<[String; 4], Vec<&str>> = BTreeMap::new();
    for (_, operation) in operations(document) {
        for parameter in list(&operation["parameters"]) {
            let parameter = resolved(parameter, document);
            let place = text(&parameter["in"]);
            if place == "path" {
                continue;
            }
            let key = [
                format!("`{}`", text(&parameter["name"])),
                place.to_owned(),
                kind(&parameter["schema"], document),
                text(&parameter["description"]).to_owned(),
            ];
            all.entry(key)
                .or_default()
                .push(text(&operation["operationId"]));
        }
    }
    let rows = all.into_iter().map(|([name, place, kind, about], users)| {
        let users = format!("`{}`", users.join("`, `"));
        row([&name, &place, &kind, &about, &users])
    });
    header(&["parameter", "in", "type", "meaning", "operations"]) + &rows.collect::<String>()
}

/// Every type of a problem document.
fn problems(document: &Value) -> String {
    let schemas = &document["components"]["schemas"];
    let listed = text(&schemas["Problem"]["properties"]["type"]["description"]);
    // A line of the list reads "- `slug` (status): title".
    let rows = listed.lines().filter_map(|line| {
        let (slug, rest) = line.strip_prefix("- `")?.split_once("` (")?;
        let (status, title) = rest.split_once("): ")?;
        Some(row([&format!("`{slug}`"), status, title]))
    });
    header(&["type", "status", "title"]) + &rows.collect::<String>()
}

/// `GET /v1/jobs/{job_id}` of every operation, in the order of the page.
fn operations(document: &Value) -> Vec<(&'static str, &Value)> {
    let all = crate::operation::all().iter();
    all.map(|one| (one.route.as_str(), one.find(document)))
        .collect()
}

/// Head of a table, with the line below it.
fn header(names: &[&str]) -> String {
    format!(
        "| {} |\n|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    )
}

/// Row of a table, each cell on one line.
fn row<const N: usize>(cells: [&str; N]) -> String {
    let cells = cells.map(|cell| {
        cell.replace('|', "\\|")
            .replace("\n\n", "<br>")
            .replace('\n', " ")
    });
    format!("| {} |\n", cells.join(" | "))
}

/// A scalar as template.yaml writes it, without quotes.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n<!-- generated: one -->\nold\n<!-- end -->\nb\n";

    #[test]
    fn fill_replaces_only_what_is_between_the_marks() {
        let filled = fill(TEXT, &[("one", "new\n".to_owned())]).unwrap();
        assert_eq!(filled, TEXT.replace("old", "new"));
        assert_eq!(fill(&filled, &[("one", "new\n".to_owned())]), Ok(filled));
    }

    #[test]
    fn fill_refuses_marks_without_a_table_and_tables_without_a_mark() {
        let unknown = fill(TEXT, &[]).unwrap_err();
        assert_eq!(unknown, "no table is called one");
        let tables = [("one", String::new()), ("two", String::new())];
        assert_eq!(
            fill(TEXT, &tables).unwrap_err(),
            "the table two has no mark"
        );
        let endless = fill("<!-- generated: one -->\n", &tables).unwrap_err();
        assert_eq!(endless, "the table one has no end");
    }

    #[test]
    fn row_keeps_a_cell_on_one_line() {
        assert_eq!(row(["a|b", "c\nd\n\ne"]), "| a\\|b | c d<br>e |\n");
    }
}
