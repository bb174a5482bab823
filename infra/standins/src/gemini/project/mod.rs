//! The two questions about software: what is to be made, and a file of it.
//!
//! A question is a text part that is one JSON document with `"task": "plan"` or `"task": "file"`.
//! The answers come from small projects that were written by hand, one for each framework
//! (`samples/`), each a companion to a video: what they tell of it is filled in from the analysis in
//! the question. Nothing is remembered between questions: what a file must know of the video stands
//! in its purpose, as the plan has it.

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

/// How a question is answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answering<'a> {
    /// What the answer must fit.
    pub(super) schema: Option<&'a Value>,
    /// What the question was asked with, beside the document.
    pub(super) instruction: &'a str,
    /// How large plans are.
    pub(super) load: Load,
    /// What is wrong with a file.
    pub(super) file_fault: Option<&'a FileFault>,
    /// What is wrong with a plan.
    pub(super) plan_fault: Option<&'a PlanFault>,
}

/// The text of the answer.
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
