//! What the outside sees of an error: a name that is part of the contract, and one sentence without
//! internal or foreign text.

use std::borrow::Cow;

use super::Error;
use crate::limit::Hold;

/// What an error is called outside: stable, the same text for every occurrence
/// (`type`, `title` and `status` of RFC 9457, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name in kebab-case; part of the contract with callers.
    pub slug: &'static str,
    /// One short sentence without a full stop.
    pub title: &'static str,
    /// HTTP status, where the error is the answer to a request.
    pub status: u16,
}

impl Problem {
    const fn new(slug: &'static str, title: &'static str, status: u16) -> Self {
        Self {
            slug,
            title,
            status,
        }
    }
}

impl Error {
    /// What it is called outside. A limit of an upstream is 503, not 429: the caller did nothing to
    /// reach it (RFC 6585, section 4).
    #[rustfmt::skip]
    pub fn problem(&self) -> Problem {
        match self {
            Self::InvalidInput { .. } => Problem::new("invalid-input", "The request is not valid", 422),
            Self::MalformedBody { .. } => Problem::new("malformed-body", "The body of the request cannot be read", 400),
            Self::UnsupportedMediaType => Problem::new("unsupported-media-type", "The body of the request is not JSON", 415),
            Self::NotAcceptable => Problem::new("not-acceptable", "There is no form of this that is accepted", 406),
            Self::NotAVideo(_) => Problem::new("not-a-video", "The URL names no single video", 422),
            Self::NotAPlaylist(_) => Problem::new("not-a-playlist", "The URL names no playlist", 422),
            Self::Unauthorized => Problem::new("unauthorized", "Authentication is required", 401),
            Self::Forbidden => Problem::new("forbidden", "This is not allowed", 403),
            Self::NotFound { .. } => Problem::new("not-found", "There is no such resource", 404),
            Self::Conflict { .. } => Problem::new("conflict", "The state of the resource does not allow this", 409),
            Self::PreconditionFailed => Problem::new("precondition-failed", "The resource has changed since it was read", 412),
            Self::TooManyRequests { .. } => Problem::new("too-many-requests", "Too many requests", 429),
            Self::FailedBefore { failure, .. } => Problem::new("failed-before", "This has failed a moment ago", failure.error.status),
            Self::TooLarge { .. } => Problem::new("too-large", "Too large to process", 413),
            Self::UploadMissing => Problem::new("upload-missing", "Nothing was uploaded", 409),
            Self::UploadMismatch { .. } => Problem::new("upload-mismatch", "The upload is not what was announced", 422),
            Self::TranscriptInvalid(_) => Problem::new("transcript-invalid", "The transcript cannot be read", 422),
            Self::VideoNotFound => Problem::new("video-not-found", "There is no such video", 422),
            Self::VideoPrivate => Problem::new("video-private", "The video is private", 422),
            Self::VideoNotPublic => Problem::new("video-not-public", "The video is not public", 422),
            Self::VideoIsLive => Problem::new("video-is-live", "The video is a live broadcast", 422),
            Self::PlaylistNotFound => Problem::new("playlist-not-found", "There is no such playlist", 422),
            Self::VideoInaccessible { .. } => Problem::new("video-inaccessible", "The video cannot be opened", 422),
            Self::ProcessingFailed { .. } => Problem::new("processing-failed", "The recording could not be processed", 422),
            Self::ProcessingTimedOut => Problem::new("processing-timeout", "Processing the recording took too long", 504),
            Self::FileGone => Problem::new("file-gone", "The working copy of the recording is gone", 502),
            Self::DeadlineExceeded => Problem::new("deadline-exceeded", "The job took too long", 504),
            Self::DeadLettered => Problem::new("dead-lettered", "The job broke down again and again", 500),
            Self::Cancelled => Problem::new("cancelled", "The job was cancelled", 409),
            Self::PromptBlocked { .. } => Problem::new("prompt-blocked", "The model refused this content", 422),
            Self::AnswerTruncated => Problem::new("answer-truncated", "The model's answer was cut off", 502),
            Self::AnswerEmpty => Problem::new("answer-empty", "The model gave no answer", 502),
            Self::AnswerMalformed { .. } => Problem::new("answer-malformed", "The model's answer cannot be used", 502),
            Self::FileUnusable { .. } => Problem::new("file-unusable", "The model wrote a file that cannot be used", 502),
            Self::DeploymentBroken { .. } => Problem::new("deployment-broken", "The target could not publish it", 502),
            Self::ModelGone { .. } => Problem::new("model-gone", "The model is not available", 502),
            Self::RateLimited { .. } => Problem::new("rate-limited", "A service we depend on limits our rate", 503),
            Self::DailyQuotaSpent { .. } => Problem::new("daily-quota-spent", "A daily quota is used up", 503),
            Self::Held { hold: Hold::Rate | Hold::Day | Hold::Paused, .. } => Problem::new("rate-limited", "A service we depend on limits our rate", 503),
            Self::Held { hold: Hold::Open, .. } | Self::Unavailable { .. } => Problem::new("upstream-unavailable", "A service we depend on is unavailable", 503),
            Self::BudgetSpent { .. } => Problem::new("budget-spent", "A daily budget is spent", 429),
            Self::CostAboveCap { .. } => Problem::new("cost-above-cap", "It would cost more than it may", 422),
            Self::NotReady { .. } => Problem::new("upstream-not-ready", "A service we depend on is not ready yet", 503),
            Self::UpstreamRejected { .. } => Problem::new("upstream-rejected", "A service we depend on refused our request", 502),
            Self::UpstreamMalformed { .. } => Problem::new("upstream-malformed", "A service we depend on answered unusably", 502),
            Self::NotConfigured { .. } => Problem::new("not-configured", "This is not available here", 501),
            Self::Storage { .. } => Problem::new("storage-unavailable", "Storage is unavailable", 503),
            Self::Internal { .. } => Problem::new("internal", "Something went wrong on our side", 500),
        }
    }

    /// What the outside is told of this occurrence: one sentence without internal or foreign text.
    #[rustfmt::skip]
    pub fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::InvalidInput { field, reason } => format!("{field}: {reason}").into(),
            Self::MalformedBody { reason } => reason.clone(),
            Self::UnsupportedMediaType => "Send JSON, and say so: content-type: application/json.".into(),
            Self::NotAcceptable => "There are application/json, text/markdown, text/vtt and application/x-subrip.".into(),
            Self::NotAVideo(refusal) => refusal.to_string().into(),
            Self::NotAPlaylist(refusal) => refusal.to_string().into(),
            Self::NotFound { what } => format!("There is no such {what}.").into(),
            Self::Conflict { reason } => reason.clone(),
            Self::FailedBefore { failure, .. } => failure.error.detail.clone().into(),
            Self::TooLarge { what } => format!("The {what} is larger than can be processed.").into(),
            Self::UploadMismatch { what } => format!("The uploaded recording differs from what was announced in its {what}.").into(),
            Self::TranscriptInvalid(refusal) => refusal.to_string().into(),
            Self::VideoNotFound => "The video does not exist or is private.".into(),
            Self::VideoNotPublic => "The video is unlisted; only public videos can be analysed by URL.".into(),
            Self::VideoIsLive => "The video is live or upcoming; it can be analysed when the broadcast is over.".into(),
            Self::PlaylistNotFound => "The playlist does not exist or is private.".into(),
            Self::VideoInaccessible { .. } => "The model could not open the video: it may be private, restricted by age or region, or removed.".into(),
            Self::DeadLettered => "Every try of a step of this job broke down; an administrator can start it again.".into(),
            Self::PromptBlocked { reason } => format!("The model refused this content ({reason}).").into(),
            Self::FileUnusable { finding, .. } => format!("After its repairs, {finding}").into(),
            Self::DeploymentBroken { target, message } => format!("{target}: {message}").into(),
            Self::RateLimited { service, .. } => format!("{service} asks us to slow down.").into(),
            Self::Held { service, hold: Hold::Open, .. } => format!("{service} is unavailable at the moment.").into(),
            Self::Held { service, .. } => format!("{service} is called as often as it may be; this has to wait.").into(),
            Self::DailyQuotaSpent { service, .. } => format!("The daily quota at {service} is used up.").into(),
            Self::Unavailable { service, .. } => format!("{service} is unavailable at the moment.").into(),
            Self::BudgetSpent { purse, .. } => format!("The budget of this {purse} for the day is spent.").into(),
            Self::CostAboveCap { estimate_usd, cap_usd } => format!("It would cost about {estimate_usd:.4} US dollars, above the cap of {cap_usd}.").into(),
            Self::NotReady { service, .. } => format!("{service} does not show what was made there.").into(),
            Self::UpstreamRejected { service, .. } => format!("{service} refused our request.").into(),
            Self::UpstreamMalformed { service, .. } => format!("{service} answered in a form we cannot use.").into(),
            Self::NotConfigured { what } => format!("This needs {what}, which is not configured here.").into(),
            _ => format!("{}.", self.problem().title).into(),
        }
    }
}
