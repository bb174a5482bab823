//! Log of questions about software, behind `GET /_control/questions`.

use serde_json::{Value, json};

use super::Gemini;

#[derive(Debug)]
pub(super) struct Question {
    /// Unparsed, because a parsed document takes several times the memory.
    text: Box<str>,
    from_ms: u64,
    until_ms: Option<u64>,
}

impl Question {
    pub(super) fn to_json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.text).unwrap_or_default();
        json!({
            "document": document,
            "from_ms": self.from_ms,
            "until_ms": self.until_ms,
        })
    }
}

/// A question that is being answered until this is dropped.
pub(super) struct Answering<'a> {
    state: &'a Gemini,
    number: u64,
}

impl<'a> Answering<'a> {
    /// Logs a question that has arrived.
    pub(super) fn begin(state: &'a Gemini, text: &str) -> Self {
        let number = state.state().questions.push(Question {
            text: text.into(),
            from_ms: state.elapsed_ms(),
            until_ms: None,
        });
        Self { state, number }
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if let Some(question) = self.state.state().questions.get_mut(self.number) {
            question.until_ms = Some(self.state.elapsed_ms());
        }
    }
}
