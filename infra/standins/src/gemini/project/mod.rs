//! Answers to the two questions about software: the plan, and a file of it.
//!
//! A question is a text part that is one JSON document with `"task": "plan"` or `"task": "file"`.
//! Answers come from hand-written projects, one for each framework (`samples/`). Each is a
//! companion to a video, and the analysis in the question fills its placeholders. Nothing is stored
//! between questions: the purpose of a file in the plan carries what the file must know of the
//! video.

mod companion;
mod file;
mod flaw;
mod holes;
mod module;
mod plan;
mod question;
mod sample;
mod spoil;

use serde_json::{Value, json};

pub(super) use flaw::{FileFault, PlanFault};
pub(super) use plan::Load;
pub(super) use question::Question;

use super::{control::Fault, schema_fill};

/// Returns the text of the answer. `instruction` is the text of the question beside the document.
pub(super) fn answer(
    question: &Question,
    schema: Option<&Value>,
    instruction: &str,
    load: Load,
    fault: Option<&Fault>,
) -> String {
    let filled = |answer: Value| match schema {
        Some(schema) => schema_fill::fill(schema, &answer),
        None => answer,
    };
    match question {
        Question::Plan(question) => {
            let plan = filled(plan::plan(question, load));
            match fault {
                Some(Fault::Plan(fault)) => flaw::spoil_plan(fault, plan, question.framework),
                _ => plan.to_string(),
            }
        }
        Question::File(question) => {
            let content = file::content(question);
            let fitting = |content: String| filled(json!({"content": content})).to_string();
            match fault {
                Some(Fault::File(fault)) => {
                    flaw::spoil_file(fault, question, content, instruction, fitting)
                }
                _ => fitting(content),
            }
        }
    }
}
