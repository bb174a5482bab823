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

use super::schema_fill;

/// Parameters of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answering<'a> {
    /// Schema of the answer.
    pub(super) schema: Option<&'a Value>,
    /// Text of the question beside the document.
    pub(super) instruction: &'a str,
    /// Requested size of plans.
    pub(super) load: Load,
    pub(super) file_fault: Option<&'a FileFault>,
    pub(super) plan_fault: Option<&'a PlanFault>,
}

/// Returns the text of the answer.
pub(super) fn answer(question: &Question, answering: Answering<'_>) -> String {
    let filled = |answer: Value| match answering.schema {
        Some(schema) => schema_fill::fill(schema, &answer),
        None => answer,
    };
    match question {
        Question::Plan(question) => {
            let plan = filled(plan::plan(question, answering.load));
            match answering.plan_fault {
                Some(fault) => flaw::spoil_plan(fault, plan, question.framework),
                None => plan.to_string(),
            }
        }
        Question::File(question) => {
            let content = file::content(question);
            let fitting = |content: String| filled(json!({"content": content})).to_string();
            match answering.file_fault {
                Some(fault) => {
                    let instruction = answering.instruction;
                    flaw::spoil_file(fault, question, content, instruction, fitting)
                }
                None => fitting(content),
            }
        }
    }
}
