//! The bodies of the API as JSON Schema, made of the types that the handlers answer with.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use super::{
    analyses, builds, dead_letters, feedback, health, jobs, listing, problem, projects, search,
    stats, status, submissions, uploads, videos::asked,
};
use eventrelay_analysis::{Analysis, Category};

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
