//! Private readers of external input, as functions of bytes.
//!
//! They exist for property tests (`tests/properties`). No other code calls them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use lambda_http::Request;

use crate::api::{dead_letters, feedback, playlists, projects, submissions, uploads};
use eventrelay_core::{
    error::Error,
    video::{ContentHash, PlaylistId},
};
use eventrelay_project::{DeploymentRequest, ProjectRequest};
use eventrelay_store::{blobs::Recording, feedback::FeedbackType};
use eventrelay_upstream::{client::Answer, gemini};
use eventrelay_workflow::{job, submission::Submission};

/// The body of `POST /v1/videos`.
///
/// # Errors
/// The error of the response.
pub fn submission(request: &Request) -> Result<Submission, Error> {
    submissions::read(request)
}

/// The body of `POST /v1/videos/batch`.
///
/// # Errors
/// The error of the response, for the whole body or for one of its videos.
pub fn batch(request: &Request) -> Result<Vec<Result<Submission, Error>>, Error> {
    submissions::read_batch(request)
}

/// The body of `POST /v1/playlists`.
///
/// # Errors
/// The error of the response.
pub fn playlist(request: &Request) -> Result<(PlaylistId, job::Request), Error> {
    playlists::read(request)
}

/// The body of `POST /v1/uploads`.
///
/// # Errors
/// The error of the response.
pub fn upload(request: &Request) -> Result<(ContentHash, Recording), Error> {
    uploads::read(request)
}

/// The body of `POST /v1/videos/{video_id}/feedback`.
///
/// # Errors
/// The error of the response.
pub fn feedback(request: &Request) -> Result<(FeedbackType, Option<u8>, Option<String>), Error> {
    feedback::read(request)
}

/// The body of `POST /v1/videos/{video_id}/projects`.
///
/// # Errors
/// The error of the response.
pub fn project(request: &Request) -> Result<ProjectRequest, Error> {
    projects::read::project(request).map(|(asked, _)| asked)
}

/// The body of `POST /v1/projects/{project_id}/deployments`.
///
/// # Errors
/// The error of the response.
pub fn deployment(request: &Request) -> Result<DeploymentRequest, Error> {
    projects::read::deployment(request).map(|(asked, _)| asked)
}

/// The body of `POST /v1/video-to-software`: the project and its deployment.
///
/// # Errors
/// The error of the response.
pub fn software(request: &Request) -> Result<(ProjectRequest, DeploymentRequest), Error> {
    projects::read::whole(request).map(|whole| (whole.project, whole.deployment))
}

/// The body of `POST /v1/admin/dead-letters/redrive`.
///
/// # Errors
/// The error of the response.
pub fn redrive(request: &Request) -> Result<(), Error> {
    dead_letters::read(request).map(drop)
}

/// Reads a response of Gemini to `generateContent`, of any status.
///
/// # Errors
///
/// The outcome of the step.
pub fn generated(status: StatusCode, body: Bytes) -> Result<gemini::Generated, Error> {
    let answer = Answer {
        status,
        headers: HeaderMap::new(),
        body,
    };
    gemini::read_generated(&answer)
}
