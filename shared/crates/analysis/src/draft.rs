//! The model's answer before validation.

use eventrelay_core::error::Error;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Content;

/// The model's answer: correctly typed, with unchecked content.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Draft {
    /// Title according to the model.
    pub title: Option<String>,
    /// BCP 47 tag of the language the model wrote in.
    pub language: Option<String>,
    /// Duration in seconds according to the model.
    pub duration_s: Option<f64>,
    /// Confidence from 0 to 1 for parts of the content, by field name.
    pub confidence: BTreeMap<String, f64>,
    /// Content of the video.
    #[serde(flatten)]
    pub content: Content,
}

/// Reason why an answer is unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The answer has no text.
    #[error("the answer is empty")]
    Empty,
    /// The answer is not a JSON object, for example because it ran out of tokens.
    #[error("the answer is not a JSON object: {detail}")]
    NotJson {
        /// Error of the parser with its position. Contains no text of the answer.
        detail: String,
    },
    /// The answer is a JSON object of another shape.
    #[error("the answer does not have the asked shape at {path}: {detail}")]
    NotTheSchema {
        /// Path of the invalid field, with the list index: `events[3]`.
        path: String,
        detail: String,
    },
}

impl Draft {
    /// Parses an answer: a JSON object with or without a Markdown fence. Unknown fields are
    /// ignored; `null` means a missing field.
    ///
    /// # Errors
    /// [`DraftError`] if the answer does not fit; no part of it is used.
    pub fn parse(text: &str) -> Result<Self, DraftError> {
        let text = super::text::without_fence(text);
        if text.is_empty() {
            return Err(DraftError::Empty);
        }
        let not_json = |detail: String| DraftError::NotJson { detail };
        let value = serde_json::from_str(text).map_err(|error| not_json(error.to_string()))?;
        let Value::Object(fields) = value else {
            return Err(not_json("another kind of value".into()));
        };
        let mut fields = Fields(fields);
        Ok(Self {
            title: fields.option("title")?,
            language: fields.option("language")?,
            duration_s: fields.option("duration_s")?,
            confidence: fields.option("confidence")?.unwrap_or_default(),
            content: Content {
                summary: fields.required("summary")?,
                key_concepts: fields.list("key_concepts")?,
                chapters: fields.list("chapters")?,
                transcript: fields.list("transcript")?,
                events: fields.list("events")?,
                actions: fields.list("actions")?,
                technologies: fields.list("technologies")?,
                difficulty: fields.option("difficulty")?,
                prerequisites: fields.list("prerequisites")?,
                learning_path: fields.list("learning_path")?,
                related_topics: fields.list("related_topics")?,
                build_plan: fields.option("build_plan")?,
                visual_elements: fields.list("visual_elements")?,
            },
        })
    }
}

/// Fields of an answer, deserialized one by one so that an error has its path. serde loses the path
/// under `flatten`.
struct Fields(Map<String, Value>);

impl Fields {
    fn option<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, DraftError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value, || name.to_owned()).map(Some),
        }
    }

    fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, DraftError> {
        self.option(name)?.ok_or_else(|| DraftError::NotTheSchema {
            path: name.to_owned(),
            detail: "missing".into(),
        })
    }

    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Result<Vec<T>, DraftError> {
        let items: Vec<Value> = self.option(name)?.unwrap_or_default();
        let numbered = items.into_iter().enumerate();
        numbered
            .map(|(index, item)| read(item, || format!("{name}[{index}]")))
            .collect()
    }
}

fn read<T: DeserializeOwned>(value: Value, path: impl Fn() -> String) -> Result<T, DraftError> {
    // The message quotes the model's value, which may be long.
    serde_json::from_value(value).map_err(|error| DraftError::NotTheSchema {
        path: path(),
        detail: super::text::line(&error.to_string(), 200),
    })
}

impl From<DraftError> for Error {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Empty => Error::AnswerEmpty,
            other => Error::AnswerMalformed {
                source: Box::new(other),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_whole_answer_is_read() {
        let draft = samples::draft();
        let json = serde_json::to_string_pretty(&draft).unwrap();
        assert_eq!(Draft::parse(&json).unwrap(), draft);
        assert_eq!(
            Draft::parse(&format!("```json\n{json}\n```\n")).unwrap(),
            draft
        );
        assert_eq!(Draft::parse(&format!("```\n{json}")).unwrap(), draft);
    }

    #[test]
    fn parse_requires_only_summary() {
        let text = r#"{"summary": "s", "events": null, "difficulty": null, "of_tomorrow": [1]}"#;
        let content = Content {
            summary: "s".into(),
            ..Content::default()
        };
        assert_eq!(
            Draft::parse(text).unwrap(),
            Draft {
                content,
                ..Draft::default()
            }
        );
    }

    #[test]
    fn parse_error_has_path_of_field() {
        for (text, path) in [
            ("{}", "summary"),
            (r#"{"summary": 1}"#, "summary"),
            (r#"{"summary": "s", "events": {}}"#, "events"),
            (
                r#"{"summary": "s", "technologies": ["a", 2]}"#,
                "technologies[1]",
            ),
            (r#"{"summary": "s", "duration_s": "1:00"}"#, "duration_s"),
            (
                r#"{"summary": "s", "confidence": {"events": "high"}}"#,
                "confidence",
            ),
            (r#"{"summary": "s", "difficulty": "Easy"}"#, "difficulty"),
            (
                r#"{"summary": "s", "chapters": [{"title": "t", "start_s": "0", "end_s": 1}]}"#,
                "chapters[0]",
            ),
        ] {
            match Draft::parse(text) {
                Err(DraftError::NotTheSchema { path: at, detail }) => {
                    assert_eq!(at, path, "{text}");
                    assert!(!detail.is_empty());
                }
                other => panic!("{text} gave {other:?}"),
            }
        }
    }

    #[test]
    fn parse_refuses_text_that_is_not_an_object() {
        for text in ["", "  ", "```json\n```"] {
            assert_eq!(Draft::parse(text), Err(DraftError::Empty), "{text:?}");
        }
        for text in [
            "[]",
            "null",
            "sorry",
            r#"{"summary": "cut o"#,
            r#"{"duration_s": 1e999}"#,
        ] {
            assert!(
                matches!(Draft::parse(text), Err(DraftError::NotJson { .. })),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(```(json)?\n)?\\PC{0,80}(```)?") {
            let _ = Draft::parse(&text);
        }
    }
}
