//! Properties of every reader of external bytes, for any input.
//!
//! A target is a function of the bytes that panics if a property is violated. The fuzzers
//! (`tests/fuzz`) search for such bytes; the tests here run all seeds of the fuzzers.

mod answers;
mod bodies;
mod captions;
mod references;
mod software;
mod template;

/// A property of a reader.
pub type Target = fn(&[u8]);

/// Every target, by the name of its fuzz target and of the folder of its seeds.
pub const TARGETS: [(&str, Target); 13] = [
    ("api_body", bodies::api_body),
    ("build_body", software::build_body),
    ("captions", captions::captions),
    ("gemini_answer", answers::gemini_answer),
    ("gemini_draft", answers::gemini_draft),
    ("gemini_file", answers::gemini_file),
    ("project_file", software::project_file),
    ("project_plan", software::project_plan),
    ("queue_record", bodies::queue_record),
    ("recording_head", references::recording_head),
    ("search_query", bodies::search_query),
    ("template", template::template),
    ("video_reference", references::video_reference),
];

/// Runs the target of this name.
///
/// # Panics
/// Where the property does not hold, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.expect("a known target").1(data);
}
