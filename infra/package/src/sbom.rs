//! Bill of materials in CycloneDX 1.6: components of each function, and the tools that built it.
//!
//! It has no serial number and no time, so that the same input gives the same document.
//!
//! <https://cyclonedx.org/docs/1.6/json/>

use serde_json::{Map, Value, json};

use crate::inventory::{Crate, Id, Inventory};

/// Contents of the document.
pub(crate) struct Shipment<'a> {
    pub(crate) version: &'a str,
    pub(crate) architecture: &'a str,
    /// First line of the compiler's version.
    pub(crate) compiler: &'a str,
    pub(crate) functions: &'a [Shipped],
}

pub(crate) struct Shipped {
    pub(crate) name: String,
    /// Package that it is built from.
    pub(crate) package: String,
    pub(crate) sha256: String,
}

/// Returns the document.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn document(
    inventory: &Inventory,
    shipment: &Shipment<'_>,
) -> serde_json::Result<String> {
    let root = format!("eventrelay@{}", shipment.version);
    let release = release(shipment.compiler);
    let library = json!({
        "type": "library",
        "bom-ref": LIBRARY,
        "name": "rust-std",
        "version": release,
        "description": "The standard library of Rust",
        "scope": "required",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        "externalReferences": [{ "type": "vcs", "url": "https://github.com/rust-lang/rust" }],
    });
    let functions = shipment.functions.iter().map(|function| {
        json!({
            "type": "application",
            "bom-ref": function.name,
            "name": function.name,
            "version": shipment.version,
            "scope": "required",
            "hashes": [{ "alg": "SHA-256", "content": function.sha256 }],
            "licenses": [{ "expression": "MIT" }],
        })
    });
    let crates = inventory.iter().map(|(id, found)| component(id, found));
    let components: Vec<Value> = functions.chain([library]).chain(crates).collect();

    let names: Vec<_> = shipment
        .functions
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let mut dependencies = vec![depends(&root, names)];
    for function in shipment.functions {
        let package = inventory.keys().find(|(name, _)| *name == function.package);
        let uses = package.map(purl).into_iter().chain([LIBRARY.to_owned()]);
        dependencies.push(depends(&function.name, uses.collect()));
    }
    dependencies.push(depends(LIBRARY, Vec::new()));
    for (id, found) in inventory {
        dependencies.push(depends(&purl(id), found.uses.iter().map(purl).collect()));
    }
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "build" }],
            "tools": { "components": [
                { "type": "application", "name": "eventrelay-package", "version": shipment.version },
                { "type": "application", "name": "rustc", "version": release },
            ] },
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "eventrelay",
                "version": shipment.version,
                "licenses": [{ "expression": "MIT" }],
                "properties": [
                    { "name": "eventrelay:architecture", "value": shipment.architecture },
                    { "name": "eventrelay:compiler", "value": shipment.compiler },
                ],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

/// Reference of the standard library in the document.
const LIBRARY: &str = "rust-std";

/// Returns `1.95.0` of `rustc 1.95.0 (…)`.
pub(crate) fn release(compiler: &str) -> &str {
    compiler.split(' ').nth(1).unwrap_or(compiler)
}

/// <https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>
fn purl((name, version): &Id) -> String {
    // A purl may not contain the `+` before build metadata.
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn depends(who: &str, on: Vec<String>) -> Value {
    json!({ "ref": who, "dependsOn": on })
}

fn component(id: &Id, found: &Crate) -> Value {
    let purl = purl(id);
    let scope = if found.linked { "required" } else { "excluded" };
    let mut component = Map::new();
    let mut put = |name: &str, value: Value| component.insert(name.to_owned(), value);
    put("type", "library".into());
    put("bom-ref", purl.clone().into());
    put("name", id.0.clone().into());
    put("version", id.1.clone().into());
    put("scope", scope.into());
    if let Some(description) = &found.description {
        put("description", description.trim().into());
    }
    if let Some(checksum) = &found.checksum {
        put("hashes", json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    if let Some(licence) = &found.licence {
        put("licenses", json!([{ "expression": licence }]));
    }
    // Our own packages are in no registry.
    if !found.own {
        put("purl", purl.into());
    }
    if let Some(repository) = &found.repository {
        put(
            "externalReferences",
            json!([{ "type": "vcs", "url": repository.trim() }]),
        );
    }
    Value::Object(component)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;
    use crate::{compile::Architecture, inventory};

    fn shipment<'a>(functions: &'a [Shipped]) -> Shipment<'a> {
        Shipment {
            version: "0.1.0",
            architecture: "x86_64",
            compiler: "rustc 1.95.0 (f2d3ce0bd 2026-03-21)",
            functions,
        }
    }

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn of_get_health() -> (Inventory, Value) {
        let packages = BTreeSet::from(["get-health".to_owned()]);
        let target = Architecture::X86_64.target();
        let inventory = inventory::read(&root(), target, &packages).unwrap();
        let functions = [Shipped {
            name: "GetHealth".into(),
            package: "get-health".into(),
            sha256: "0".repeat(64),
        }];
        let text = document(&inventory, &shipment(&functions)).unwrap();
        assert_eq!(document(&inventory, &shipment(&functions)).unwrap(), text);
        let document = serde_json::from_str(&text).unwrap();
        (inventory, document)
    }

    /// Validates against the schema of CycloneDX, which refers to two others.
    #[test]
    fn document_is_valid_cyclonedx() {
        let schema = |name: &str| -> Value {
            let folder = root().join("tests/data/specs/cyclonedx");
            let file = folder.join(format!("{name}.SNAPSHOT.schema.json"));
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
        };
        let named = ["spdx", "jsf-0.82"].map(|name| {
            let uri = format!("http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json");
            (uri, schema(name))
        });
        let registry = jsonschema::Registry::new()
            .extend(named)
            .unwrap()
            .prepare()
            .unwrap();
        let validator = jsonschema::options()
            .with_registry(&registry)
            .should_validate_formats(true)
            .build(&schema("bom-1.6"))
            .unwrap();
        let (_, mut document) = of_get_health();
        let flaws: Vec<_> = validator
            .iter_errors(&document)
            .map(|flaw| format!("{}: {flaw}", flaw.instance_path()))
            .collect();
        assert!(flaws.is_empty(), "{flaws:#?}");
        document["components"][0]["type"] = "crate".into();
        assert!(!validator.is_valid(&document));
    }

    #[test]
    fn document_separates_linked_from_build_crates() {
        let (inventory, document) = of_get_health();
        let components = document["components"].as_array().unwrap();
        let named = |name: &str| components.iter().find(|one| one["name"] == name);
        assert_eq!(named("ring").unwrap()["scope"], "required");
        assert_eq!(named("serde_derive").unwrap()["scope"], "excluded");
        assert_eq!(named("cc").unwrap()["scope"], "excluded");
        for emulator in [
            "dynoxide-rs",
            "s3s",
            "axum",
            "proptest",
            "eventrelay-standins",
        ] {
            assert!(named(emulator).is_none(), "{emulator}");
        }
        assert!(inventory.len() > 100);
        for one in components {
            let is_crate = one.get("purl").is_some();
            assert!(
                !is_crate || one["hashes"][0]["content"].is_string(),
                "{one:#}"
            );
        }
    }

    #[test]
    fn every_reference_is_valid_and_unique() {
        let (_, document) = of_get_health();
        let mut known: Vec<_> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&document["metadata"]["component"]])
            .map(|one| one["bom-ref"].as_str().unwrap())
            .collect();
        known.sort_unstable();
        let all = known.len();
        known.dedup();
        assert_eq!(known.len(), all);
        for one in document["dependencies"].as_array().unwrap() {
            let on = one["dependsOn"].as_array().unwrap().iter();
            for reference in on.chain([&one["ref"]]) {
                assert!(known.contains(&reference.as_str().unwrap()), "{reference}");
            }
        }
    }
}
