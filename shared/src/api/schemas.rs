//! The bodies of the API as JSON Schema, made of the types that the handlers answer with.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::{
    analyses, builds, dead_letters, feedback, health, jobs, listing, problem, projects, search,
    stats, status, submissions, uploads, videos::asked,
};
use crate::analysis::{Analysis, Category};

/// Members of an analysis that `?fields=` can choose.
pub const FIELDS: [&str; 17] = asked::FIELDS;

/// The schema of every body by its name, with those that they refer to. References are as OpenAPI
/// has them.
#[must_use]
pub fn schemas() -> serde_json::Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut all = settings
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let all = &mut all;
    add::<Analysis>(all);
    add::<Category>(all);
    add::<analyses::Variants>(all);
    add::<builds::BuildView<'_>>(all);
    add::<dead_letters::Listing>(all);
    add::<dead_letters::Results>(all);
    add::<feedback::Listing>(all);
    add::<feedback::View>(all);
    add::<health::Health<'_>>(all);
    add::<jobs::JobView>(all);
    add::<jobs::TaskView<'_>>(all);
    add::<listing::Listing>(all);
    add::<problem::Problem>(all);
    add::<projects::Listing>(all);
    add::<projects::view::Whole>(all);
    add::<projects::deployments::Dry>(all);
    add::<projects::deployments::Listing>(all);
    add::<projects::deployments::View>(all);
    add::<search::Results<'_>>(all);
    add::<stats::Stats>(all);
    add::<status::Status>(all);
    add::<submissions::Batch>(all);
    add::<submissions::Ready>(all);
    add::<uploads::Upload>(all);
    all.take_definitions(true)
}

fn add<T: JsonSchema>(all: &mut SchemaGenerator) {
    all.subschema_for::<T>();
}

/// What a task has done: of each kind of task something else is counted.
pub(super) fn done(_: &mut SchemaGenerator) -> Schema {
    let counted = || json_schema!({"type": "integer", "minimum": 0});
    let mut schema = json_schema!({
        "type": "object",
        "description": "Of a playlist its id and how many videos were found, and of these how many are cached, queued, joined, refused or unavailable; of a deletion how many are deleted; of a recount how many videos there are, and of how many the entry or the search was repaired.",
        "properties": {"playlist_id": {"type": "string"}},
    });
    if let Some(Value::Object(members)) = schema.get_mut("properties") {
        for name in jobs::PLAYLIST_COUNTS
            .into_iter()
            .chain(["deleted", "videos", "repaired"])
        {
            members.insert(name.to_owned(), counted().to_value());
        }
    }
    schema
}
