//! Examples of successful answers, as a local stack with stand-ins has answered.
//!
//! `examples/<Schema>.json` is a body of that schema. `examples/<operationId>.json` is the body of an
//! operation that answers with text, as a JSON string. A test holds each to its schema.

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

/// The example by the name of its schema or operation.
pub(crate) fn example(name: &str) -> Option<Value> {
    let (_, text) = EXAMPLES.iter().find(|(of, _)| *of == name)?;
    // A test reads each of them.
    serde_json::from_str(text).ok()
}
