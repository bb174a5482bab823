//! Prompt about software for the model.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Prompt for any model.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub system: &'static str,
    /// Text parts: the task, then one JSON document with its input. No text in a document can end
    /// it.
    pub parts: [String; 2],
    /// JSON Schema of the answer.
    pub schema: Value,
}

impl Question {
    pub(super) fn new(system: &'static str, task: &str, document: &Value, schema: Value) -> Self {
        Self {
            system,
            parts: [task.to_owned(), document.to_string()],
            schema,
        }
    }

    /// Hexadecimal SHA-256 of the whole prompt, the cache key of its answer.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let schema = self.schema.to_string();
        for text in [self.system, &self.parts[0], &self.parts[1], &schema] {
            hash.update(text);
            // A byte that no text contains separates neighbours.
            hash.update([0xff]);
        }
        hex::encode(hash.finalize())
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.system.len() + self.parts.iter().map(String::len).sum::<usize>()
    }
}
