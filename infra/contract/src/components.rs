//! Parameters and headers of the document, read from `components.toml`, and references to
//! components.

use std::sync::LazyLock;

use eventrelay::api::schemas::FIELDS;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Components {
    parameters: Map<String, Value>,
    own_parameters: Map<String, Value>,
    headers: Map<String, Value>,
}

static COMPONENTS: LazyLock<Components> = LazyLock::new(|| {
    toml::from_str(include_str!("../components.toml")).expect("components.toml is tested")
});

pub(crate) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// Returns the key of a parameter. It differs from the names of schemas, because some generators
/// make types of both.
fn parameter_key(name: &str) -> String {
    format!("{name}Parameter")
}

/// Returns a parameter by its name: a reference if operations share it.
pub(crate) fn parameter(name: &str) -> Value {
    if COMPONENTS.parameters.contains_key(name) {
        return json!({"$ref": format!("#/components/parameters/{}", parameter_key(name))});
    }
    let mut parameter = COMPONENTS.own_parameters[name].clone();
    if name == "fields" {
        parameter["schema"]["pattern"] = fields_pattern().into();
    }
    parameter
}

/// Returns the pattern of a list of known names with commas. White space and empty items are
/// allowed.
fn fields_pattern() -> String {
    let name = format!("(schema_version|video|{})", FIELDS.join("|"));
    format!("^[ ,]*{name}( *,[ ,]*{name})*[ ,]*$")
}

/// Returns the parameters that operations share.
pub(crate) fn parameters() -> Map<String, Value> {
    let shared = COMPONENTS.parameters.iter();
    shared
        .map(|(name, parameter)| (parameter_key(name), parameter.clone()))
        .collect()
}

/// Returns the name and a reference of a header. The name of an optional header ends with a
/// question mark. Headers that are always sent have their own component.
pub(crate) fn header(name: &str) -> (String, Value) {
    let (name, key) = match name.strip_suffix('?') {
        Some(name) => (name, name.to_owned()),
        None => (name, format!("{name}.Always")),
    };
    let reference = json!({"$ref": format!("#/components/headers/{key}")});
    (name.to_owned(), reference)
}

/// Returns all headers, both optional and always sent.
pub(crate) fn headers() -> Map<String, Value> {
    let all = COMPONENTS.headers.iter();
    all.flat_map(|(name, header)| {
        let mut always = header.clone();
        always["required"] = true.into();
        [
            (name.clone(), header.clone()),
            (format!("{name}.Always"), always),
        ]
    })
    .collect()
}
