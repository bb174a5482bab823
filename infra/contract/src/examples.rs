//! Examples of successful responses, recorded from a local stack with stand-ins.
//!
//! `examples/<Schema>.json` is a body of that schema. `examples/<operationId>.json` is the body of
//! an operation that returns text, as a JSON string. A test validates all of them.

use serde_json::Value;

macro_rules! examples {
    ($($name:ident)*) => {
        [$((
            stringify!($name),
            include_str!(concat!("../examples/", stringify!($name), ".json")),
        )),*]
    };
}

const EXAMPLES: [(&str, &str); 39] = examples! {
    Analysis
    AnalysisActions
    AnalysisChapters
    AnalysisEvents
    AnalysisJob
    AnalysisList
    AnalysisSelection
    AnalysisTranscript
    BatchResult
    DeadLetterList
    DeleteVideosJob
    Deployment
    DeploymentJob
    DeploymentList
    DryRun
    Feedback
    FeedbackList
    Health
    Job
    PlaylistJob
    Project
    ProjectJob
    ProjectList
    ReadyVideo
    RecountJob
    RedriveResults
    SearchResults
    SoftwareJob
    Stats
    Status
    Upload
    VideoList
    getAnalysisMarkdown
    getContract
    getDocs
    getProjectArchive
    getProjectFile
    getTranscriptSrt
    getTranscriptVtt
};

/// Returns the example of a schema or operation.
pub(crate) fn example(name: &str) -> Option<Value> {
    let (_, text) = EXAMPLES.iter().find(|(of, _)| *of == name)?;
    // A test parses all of them.
    serde_json::from_str(text).ok()
}
