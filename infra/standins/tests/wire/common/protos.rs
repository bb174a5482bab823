//! Checks of bodies against the protocol buffers that Google publishes.

use std::{collections::BTreeSet, sync::LazyLock};

use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::Value;

/// `google.ai.generativelanguage.v1beta` and `google.rpc`: PyPI google-ai-generativelanguage 0.12.1,
/// Apache-2.0, Google.
const DESCRIPTORS: &[u8] =
    include_bytes!("../../../../../tests/data/specs/gemini.v1beta.descriptorset.bin");

/// Fields that the API has and the published protocol buffers have not (yet).
const AHEAD_OF_THE_PROTOS: [&str; 4] = [
    "thinkingLevel",
    "mediaResolution",
    "serviceTier",
    "continuationToken",
];

/// The messages of `google.ai.generativelanguage.v1beta` and `google.rpc`.
pub(crate) struct Protos(DescriptorPool);

impl Protos {
    /// Decodes the official descriptor set, once for all tests.
    pub(crate) fn read() -> Self {
        static DECODED: LazyLock<DescriptorPool> =
            LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).unwrap());
        Self(DECODED.clone())
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.0
    }

    /// Checks that a body is a message of this name without unknown fields. `name` is relative to
    /// `google.ai.generativelanguage.v1beta`, or includes its package.
    pub(crate) fn check(&self, name: &str, body: &Value) -> Result<(), String> {
        let full = if name.starts_with("google.") {
            name.to_owned()
        } else {
            format!("google.ai.generativelanguage.v1beta.{name}")
        };
        let message = self.0.get_message_by_name(&full).ok_or("no such message")?;
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        DynamicMessage::deserialize_with_options(message, body, &options)
            .map(drop)
            .map_err(|error| format!("{name}: {error} in {body}"))
    }

    /// As [`Self::check`], but ignores fields that the published protocol buffers lack.
    pub(crate) fn check_request(&self, name: &str, body: &Value) -> Result<(), String> {
        let mut body = body.clone();
        remove_ahead(&mut body, "");
        self.check(name, &body)
    }

    /// Asserts that a body is Google's error of this status and that every detail is a known message.
    pub(crate) fn check_error(&self, code: u16, status: &str, body: &Value) {
        let error = &body["error"];
        assert_eq!(error["code"], code, "{body}");
        assert_eq!(error["status"], status, "{body}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        for detail in error["details"].as_array().into_iter().flatten() {
            let mut detail = detail.clone();
            let kind = detail.as_object_mut().unwrap().remove("@type").unwrap();
            let name = kind
                .as_str()
                .unwrap()
                .strip_prefix("type.googleapis.com/")
                .unwrap();
            self.check(name, &detail).unwrap();
        }
        let names: BTreeSet<_> = error
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(names.is_subset(&BTreeSet::from(["code", "message", "status", "details"])));
    }
}

fn remove_ahead(body: &mut Value, inside: &str) {
    match body {
        Value::Object(fields) => {
            // `generationConfig.mediaResolution` is in the protocol buffers, that of a part is not.
            fields.retain(|name, _| {
                let in_config = matches!(inside, "generationConfig" | "generation_config");
                in_config || !AHEAD_OF_THE_PROTOS.contains(&name.as_str())
            });
            for (name, value) in fields {
                remove_ahead(value, name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove_ahead(item, "")),
        _ => {}
    }
}
