//! A question to the model about software.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A question, whichever model is asked it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The system instruction.
    pub system: &'static str,
    /// The text parts: what is to be done, then one JSON document with all that it is to be done
    /// with. Nothing in a document can end it.
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

    /// SHA-256 of all of it, hexadecimal: what its answer is kept by.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let schema = self.schema.to_string();
        for text in [self.system, &self.parts[0], &self.parts[1], &schema] {
            hash.update(text);
            // A byte that no text holds keeps neighbours from running together.
            hash.update([0xff]);
        }
        hex::encode(hash.finalize())
    }

    /// Bytes of text.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.system.len() + self.parts.iter().map(String::len).sum::<usize>()
    }
}
