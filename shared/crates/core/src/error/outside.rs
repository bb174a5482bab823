//! Public form of errors: a name that is part of the contract, and one sentence without internal or
//! foreign text.

use std::borrow::Cow;

use super::ThrottleReason;
use super::{Error, access};

/// Public kind of an error: stable, and the same text for every occurrence (`type`, `title` and
/// `status` of RFC 9457, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name in kebab-case, part of the contract with callers.
    pub slug: &'static str,
    /// One short sentence without a full stop.
    pub title: &'static str,
    /// HTTP status of the error as a response.
    pub status: u16,
}

/// Defines the problems, with the errors that each is the public kind of.
macro_rules! problems {
    ($($errors:pat => $slug:literal, $title:literal, $status:literal;)*) => {
        impl Problem {
            pub const ALL: &'static [Self] =
                &[$(Self { slug: $slug, title: $title, status: $status }),*];
        }

        impl Error {
            fn kind(&self) -> Problem {
                match self {
                    $($errors => Problem { slug: $slug, title: $title, status: $status },)*
                }
            }
        }
    };
}

#[rustfmt::skip]
problems! {
    Error::InvalidInput { .. } => "invalid-input", "The request is not valid", 422;
    Error::MalformedBody { .. } => "malformed-body", "The body of the request cannot be read", 400;
    Error::UnsupportedMediaType => "unsupported-media-type", "The body of the request is not JSON", 415;
    Error::NotAcceptable => "not-acceptable", "None of the requested media types is available", 406;
    Error::NotAVideo(_) => "not-a-video", "The URL names no single video", 422;
    Error::NotAPlaylist(_) => "not-a-playlist", "The URL names no playlist", 422;
    Error::Unauthorized => "unauthorized", "Authentication is required", 401;
    Error::Forbidden => "forbidden", "This is not allowed", 403;
    Error::NotFound { .. } => "not-found", "There is no such resource", 404;
    Error::Conflict { .. } => "conflict", "The state of the resource does not allow this", 409;
    Error::MethodNotAllowed { .. } => "method-not-allowed", "The resource does not have this method", 405;
    Error::PreconditionFailed => "precondition-failed", "The resource has changed since it was read", 412;
    Error::TooManyRequests { .. } => "too-many-requests", "Too many requests", 429;
    Error::FailedBefore { .. } => "failed-before", "A recent attempt failed", 409;
    Error::TooLarge { .. } => "too-large", "Too large to process", 413;
    Error::UploadMissing => "upload-missing", "Nothing was uploaded", 409;
    Error::UploadMismatch { .. } => "upload-mismatch", "The upload is not what was announced", 422;
    Error::TranscriptInvalid(_) => "transcript-invalid", "The transcript cannot be read", 422;
    Error::VideoNotFound => "video-not-found", "There is no such video", 422;
    Error::VideoPrivate => "video-private", "The video is private", 422;
    Error::VideoNotPublic => "video-not-public", "The video is not public", 422;
    Error::VideoIsLive => "video-is-live", "The video is a live broadcast", 422;
    Error::PlaylistNotFound => "playlist-not-found", "There is no such playlist", 422;
    Error::VideoInaccessible { .. } => "video-inaccessible", "The video cannot be opened", 422;
    Error::ProcessingFailed { .. } => "processing-failed", "The recording could not be processed", 422;
    Error::ProcessingTimedOut => "processing-timeout", "Processing the recording took too long", 504;
    Error::FileGone => "file-gone", "The working copy of the recording is gone", 502;
    Error::DeadlineExceeded => "deadline-exceeded", "The job took too long", 504;
    Error::DeadLettered => "dead-lettered", "The job broke down again and again", 500;
    Error::Cancelled => "cancelled", "The job was cancelled", 409;
    Error::PromptBlocked { .. } => "prompt-blocked", "The model refused this content", 422;
    Error::AnswerTruncated => "answer-truncated", "The model's answer was cut off", 502;
    Error::AnswerEmpty => "answer-empty", "The model gave no answer", 502;
    Error::AnswerMalformed { .. } => "answer-malformed", "The model's answer cannot be used", 502;
    Error::FileUnusable { .. } => "file-unusable", "The model wrote a file that cannot be used", 502;
    Error::DeploymentBroken { .. } => "deployment-broken", "The target could not publish it", 502;
    Error::ModelGone { .. } => "model-gone", "The model is not available", 502;
    Error::RateLimited { .. } | Error::Throttled { reason: ThrottleReason::Rate | ThrottleReason::Day | ThrottleReason::Paused, .. } => "rate-limited", "A service we depend on limits our rate", 503;
    Error::DailyQuotaSpent { .. } => "daily-quota-spent", "A daily quota is used up", 503;
    Error::Throttled { reason: ThrottleReason::Open, .. } | Error::Unavailable { .. } | Error::Unreachable { .. } => "upstream-unavailable", "A service we depend on is unavailable", 503;
    Error::BudgetSpent { .. } => "budget-spent", "A daily budget is spent", 429;
    Error::CostAboveCap { .. } => "cost-above-cap", "It would cost more than it may", 422;
    Error::NotReady { .. } => "upstream-not-ready", "A service we depend on is not ready yet", 503;
    Error::AccessRefused { .. } => "access-refused", "A service refuses the configured key or project", 502;
    Error::UpstreamRejected { .. } => "upstream-rejected", "A service we depend on refused our request", 502;
    Error::UpstreamMalformed { .. } => "upstream-malformed", "A service we depend on answered unusably", 502;
    Error::NotConfigured { .. } | Error::NoKey { .. } => "not-configured", "This is not available here", 501;
    Error::Storage { .. } => "storage-unavailable", "Storage is unavailable", 503;
    Error::Internal { .. } => "internal", "Something went wrong on our side", 500;
}

impl Error {
    /// Returns the public kind of the error. A limit of an upstream is 503 and not 429, because the
    /// caller did not cause it (RFC 6585, section 4).
    pub fn problem(&self) -> Problem {
        let problem = self.kind();
        match self {
            Self::FailedBefore { failure, .. } => Problem {
                status: failure.error.status,
                ..problem
            },
            _ => problem,
        }
    }

    /// Returns the public description of this occurrence: one sentence without internal or foreign
    /// text.
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
            Self::MethodNotAllowed { allow } => format!("There is {allow} here.").into(),
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
            Self::Throttled { service, reason: ThrottleReason::Open, .. } => format!("{service} is unavailable at the moment.").into(),
            Self::Throttled { service, .. } => format!("{service} is called as often as it may be; this has to wait.").into(),
            Self::DailyQuotaSpent { service, .. } => format!("The daily quota at {service} is used up.").into(),
            Self::Unavailable { service, .. } => format!("{service} is unavailable at the moment.").into(),
            Self::BudgetSpent { scope, .. } => format!("The budget of this {scope} for the day is spent.").into(),
            Self::CostAboveCap { estimate_usd, cap_usd } => format!("It would cost about {estimate_usd:.4} US dollars, above the cap of {cap_usd}.").into(),
            Self::NotReady { service, .. } => format!("{service} does not show what was made there.").into(),
            Self::Unreachable { host, .. } => format!("Cannot reach {host}. Check the network, then submit again.").into(),
            Self::AccessRefused { service, fault, reason, key, .. } => access::detail(*service, *fault, *reason, key).into(),
            Self::NoKey { secret, .. } => format!("The secret {secret} is missing, cannot be read or holds no key. Put the API key of the service into it.").into(),
            Self::UpstreamRejected { service, .. } => format!("{service} refused our request.").into(),
            Self::UpstreamMalformed { service, .. } => format!("{service} answered in a form we cannot use.").into(),
            Self::NotConfigured { what } => format!("This needs {what}, which is not configured here.").into(),
            _ => format!("{}.", self.problem().title).into(),
        }
    }
}
