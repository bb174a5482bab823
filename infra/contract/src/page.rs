//! The document as a web page: one file without scripts, generated from the document alone.

use askama::Template;
use pulldown_cmark::{Options, Parser, html};
use serde_json::Value;

use crate::{
    json::{list, members, resolved, text},
    page::kinds::{escaped, kind},
};

mod kinds;

#[derive(Template)]
#[template(path = "docs.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    server: &'a str,
    about: String,
    groups: Vec<Group<'a>>,
    schemas: Vec<Schema<'a>>,
}

struct Group<'a> {
    name: &'a str,
    about: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    access: String,
    about: String,
    parameters: Vec<Row<'a>>,
    body: Option<String>,
    curl: String,
    examples: Vec<Example<'a>>,
    answers: Vec<Answer<'a>>,
}

struct Row<'a> {
    name: &'a str,
    place: &'a str,
    required: bool,
    kind: String,
    about: String,
}

struct Example<'a> {
    name: &'a str,
    text: String,
}

struct Answer<'a> {
    status: &'a str,
    about: String,
    bodies: String,
    headers: String,
}

struct Schema<'a> {
    name: &'a str,
    about: String,
    kind: String,
    members: Vec<Row<'a>>,
}

#[must_use]
pub fn page(document: &Value) -> String {
    let groups = list(&document["tags"]).map(|tag| Group {
        name: text(&tag["name"]),
        about: text(&tag["description"]),
        operations: operations(document, text(&tag["name"])),
    });
    let schemas = members(&document["components"]["schemas"]).map(|(name, one)| schema(name, one));
    let info = &document["info"];
    let page = Page {
        title: text(&info["title"]),
        version: text(&info["version"]),
        server: text(&document["servers"][0]["url"]),
        about: markdown(&info["description"]),
        groups: groups.collect(),
        schemas: schemas.collect(),
    };
    // Writing to memory cannot fail.
    let page = page.render().unwrap_or_default();
    let lines = page
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    lines.fold(String::with_capacity(page.len()), |all, line| {
        all + line + "\n"
    })
}

/// Returns the operations of a group in the order of the table, which is that of use.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let all = crate::operation::all().iter();
    all.filter(|one| one.tag == tag)
        .map(|one| {
            let (method, path) = one.method_and_path();
            operation(document, path, method, one.find(document))
        })
        .collect()
}

fn operation<'a>(
    document: &'a Value,
    path: &'a str,
    method: String,
    one: &'a Value,
) -> Operation<'a> {
    let parameters: Vec<&Value> = list(&one["parameters"])
        .map(|parameter| resolved(parameter, document))
        .collect();
    let body = &one["requestBody"]["content"]["application/json"];
    let scope = one["security"][0]["ApiKey"][0].as_str();
    let examples = members(&body["examples"]).map(|(_, example)| Example {
        name: text(&example["summary"]),
        text: pretty(&example["value"]),
    });
    let answers = members(&one["responses"]).flat_map(|(status, answer)| {
        let content = members(&resolved(answer, document)["content"]);
        content
            .filter(|(_, body)| !body["example"].is_null())
            .map(move |(_, body)| Example {
                name: status,
                text: pretty(&body["example"]),
            })
    });
    Operation {
        id: text(&one["operationId"]),
        curl: curl(path, &method, one, &parameters, body),
        method,
        path,
        summary: text(&one["summary"]),
        access: scope.map_or("Needs no key.".to_owned(), |scope| {
            format!("Needs a key with the scope {scope}.")
        }),
        about: markdown(&one["description"]),
        parameters: parameters
            .iter()
            .map(|parameter| Row {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"] == true,
                kind: kind(&parameter["schema"]),
                about: markdown(&parameter["description"]),
            })
            .collect(),
        body: (!body.is_null()).then(|| kind(&body["schema"])),
        examples: examples.chain(answers).collect(),
        answers: members(&one["responses"])
            .map(|(status, answer)| self::answer(status, resolved(answer, document)))
            .collect(),
    }
}

fn answer<'a>(status: &'a str, answer: &'a Value) -> Answer<'a> {
    let content = members(&answer["content"]).chain(members(&answer["x-other-content"]));
    let bodies = content.map(|(media_type, body)| {
        let media_type = escaped(media_type);
        let kind = match body["x-problem-types"].as_array() {
            Some(types) => format!("{}: {}", kind(&body["schema"]), kinds::choices(types)),
            None => kind(&body["schema"]),
        };
        if kind.is_empty() {
            format!("<code>{media_type}</code>")
        } else {
            format!("<code>{media_type}</code>: {kind}")
        }
    });
    let headers =
        members(&answer["headers"]).map(|(name, _)| format!("<code>{}</code>", escaped(name)));
    Answer {
        status,
        about: markdown(&answer["description"]),
        bodies: bodies.collect::<Vec<_>>().join("<br>"),
        headers: headers.collect::<Vec<_>>().join(", "),
    }
}

/// Returns a call to paste into a shell.
fn curl(path: &str, method: &str, one: &Value, parameters: &[&Value], body: &Value) -> String {
    let mut url = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters {
        let name = text(&parameter["name"]);
        let example = match &parameter["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match text(&parameter["in"]) {
            "path" => url = url.replace(&format!("{{{name}}}"), &example),
            "query" if parameter["required"] == true => {
                query.push(format!(" -G --data-urlencode '{name}={example}'"));
            }
            _ => {}
        }
    }
    let mut line = match method {
        "get" => format!("curl \"$API{url}\""),
        _ => format!("curl -X {} \"$API{url}\"", method.to_uppercase()),
    };
    if one["security"][0].is_object() {
        line += " -H \"x-api-key: $KEY\"";
    }
    line += &query.concat();
    if let Some((_, example)) = members(&body["examples"]).next() {
        let json = example["value"].to_string().replace('\'', "'\\''");
        line += &format!(" \\\n  -H 'content-type: application/json' \\\n  -d '{json}'");
    }
    line
}

fn schema<'a>(name: &'a str, one: &'a Value) -> Schema<'a> {
    let is_required = |name: &str| list(&one["required"]).any(|required| required == name);
    let rows = members(&one["properties"]).map(|(name, member)| Row {
        name,
        place: "",
        required: is_required(name),
        kind: kind(member),
        about: markdown(&member["description"]),
    });
    let is_plain = one["properties"].is_null();
    Schema {
        name,
        about: markdown(&one["description"]),
        kind: if is_plain { kind(one) } else { String::new() },
        members: rows.collect(),
    }
}

fn markdown(source: &Value) -> String {
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(text(source), Options::empty()));
    out
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
