//! Public form of errors: a name that is part of the contract, and one sentence without internal or
//! foreign text.

use std::borrow::Cow;

use super::{Error, access};
use crate::limit::ThrottleReason;

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

/// Defines one constant per problem, and the list of all.
macro_rules! problems {
    ($($name:ident = $slug:literal, $title:literal, $status:literal;)*) => {
        #[allow(missing_docs, reason = "each says what it is by its title")]
        impl Problem {
            $(pub const $name: Self = Self { slug: $slug, title: $title, status: $status };)*

            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

#[rustfmt::skip]
problems! {
    INVALID_INPUT = "invalid-input", "The request is not valid", 422;
    MALFORMED_BODY = "malformed-body", "The body of the request cannot be read", 400;
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", "The body of the request is not JSON", 415;
    NOT_ACCEPTABLE = "not-acceptable", "None of the requested media types is available", 406;
    NOT_A_VIDEO = "not-a-video", "The URL names no single video", 422;
    NOT_A_PLAYLIST = "not-a-playlist", "The URL names no playlist", 422;
    UNAUTHORIZED = "unauthorized", "Authentication is required", 401;
    FORBIDDEN = "forbidden", "This is not allowed", 403;
    NOT_FOUND = "not-found", "There is no such resource", 404;
    CONFLICT = "conflict", "The state of the resource does not allow this", 409;
    METHOD_NOT_ALLOWED = "method-not-allowed", "The resource does not have this method", 405;
    PRECONDITION_FAILED = "precondition-failed", "The resource has changed since it was read", 412;
    TOO_MANY_REQUESTS = "too-many-requests", "Too many requests", 429;
    FAILED_BEFORE = "failed-before", "A recent attempt failed", 409;
    TOO_LARGE = "too-large", "Too large to process", 413;
    UPLOAD_MISSING = "upload-missing", "Nothing was uploaded", 409;
    UPLOAD_MISMATCH = "upload-mismatch", "The upload is not what was announced", 422;
    TRANSCRIPT_INVALID = "transcript-invalid", "The transcript cannot be read", 422;
    VIDEO_NOT_FOUND = "video-not-found", "There is no such video", 422;
    VIDEO_PRIVATE = "video-private", "The video is private", 422;
    VIDEO_NOT_PUBLIC = "video-not-public", "The video is not public", 422;
    VIDEO_IS_LIVE = "video-is-live", "The video is a live broadcast", 422;
    PLAYLIST_NOT_FOUND = "playlist-not-found", "There is no such playlist", 422;
    VIDEO_INACCESSIBLE = "video-inaccessible", "The video cannot be opened", 422;
    PROCESSING_FAILED = "processing-failed", "The recording could not be processed", 422;
    PROCESSING_TIMEOUT = "processing-timeout", "Processing the recording took too long", 504;
    FILE_GONE = "file-gone", "The working copy of the recording is gone", 502;
    DEADLINE_EXCEEDED = "deadline-exceeded", "The job took too long", 504;
    DEAD_LETTERED = "dead-lettered", "The job broke down again and again", 500;
    CANCELLED = "cancelled", "The job was cancelled", 409;
    PROMPT_BLOCKED = "prompt-blocked", "The model refused this content", 422;
    ANSWER_TRUNCATED = "answer-truncated", "The model's answer was cut off", 502;
    ANSWER_EMPTY = "answer-empty", "The model gave no answer", 502;
    ANSWER_MALFORMED = "answer-malformed", "The model's answer cannot be used", 502;
    FILE_UNUSABLE = "file-unusable", "The model wrote a file that cannot be used", 502;
    DEPLOYMENT_BROKEN = "deployment-broken", "The target could not publish it", 502;
    MODEL_GONE = "model-gone", "The model is not available", 502;
    RATE_LIMITED = "rate-limited", "A service we depend on limits our rate", 503;
    DAILY_QUOTA_SPENT = "daily-quota-spent", "A daily quota is used up", 503;
    UPSTREAM_UNAVAILABLE = "upstream-unavailable", "A service we depend on is unavailable", 503;
    BUDGET_SPENT = "budget-spent", "A daily budget is spent", 429;
    COST_ABOVE_CAP = "cost-above-cap", "It would cost more than it may", 422;
    UPSTREAM_NOT_READY = "upstream-not-ready", "A service we depend on is not ready yet", 503;
    ACCESS_REFUSED = "access-refused", "A service refuses the configured key or project", 502;
    UPSTREAM_REJECTED = "upstream-rejected", "A service we depend on refused our request", 502;
    UPSTREAM_MALFORMED = "upstream-malformed", "A service we depend on answered unusably", 502;
    NOT_CONFIGURED = "not-configured", "This is not available here", 501;
    STORAGE_UNAVAILABLE = "storage-unavailable", "Storage is unavailable", 503;
    INTERNAL = "internal", "Something went wrong on our side", 500;
}

impl Error {
    /// Returns the public kind of the error. A limit of an upstream is 503 and not 429, because the
    /// caller did not cause it (RFC 6585, section 4).
    #[rustfmt::skip]
    pub fn problem(&self) -> Problem {
        match self {
            Self::InvalidInput { .. } => Problem::INVALID_INPUT,
            Self::MalformedBody { .. } => Problem::MALFORMED_BODY,
            Self::UnsupportedMediaType => Problem::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => Problem::NOT_ACCEPTABLE,
            Self::NotAVideo(_) => Problem::NOT_A_VIDEO,
            Self::NotAPlaylist(_) => Problem::NOT_A_PLAYLIST,
            Self::Unauthorized => Problem::UNAUTHORIZED,
            Self::Forbidden => Problem::FORBIDDEN,
            Self::NotFound { .. } => Problem::NOT_FOUND,
            Self::Conflict { .. } => Problem::CONFLICT,
            Self::MethodNotAllowed { .. } => Problem::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => Problem::PRECONDITION_FAILED,
            Self::TooManyRequests { .. } => Problem::TOO_MANY_REQUESTS,
            Self::FailedBefore { failure, .. } => Problem { status: failure.error.status, ..Problem::FAILED_BEFORE },
            Self::TooLarge { .. } => Problem::TOO_LARGE,
            Self::UploadMissing => Problem::UPLOAD_MISSING,
            Self::UploadMismatch { .. } => Problem::UPLOAD_MISMATCH,
            Self::TranscriptInvalid(_) => Problem::TRANSCRIPT_INVALID,
            Self::VideoNotFound => Problem::VIDEO_NOT_FOUND,
            Self::VideoPrivate => Problem::VIDEO_PRIVATE,
            Self::VideoNotPublic => Problem::VIDEO_NOT_PUBLIC,
            Self::VideoIsLive => Problem::VIDEO_IS_LIVE,
            Self::PlaylistNotFound => Problem::PLAYLIST_NOT_FOUND,
            Self::VideoInaccessible { .. } => Problem::VIDEO_INACCESSIBLE,
            Self::ProcessingFailed { .. } => Problem::PROCESSING_FAILED,
            Self::ProcessingTimedOut => Problem::PROCESSING_TIMEOUT,
            Self::FileGone => Problem::FILE_GONE,
            Self::DeadlineExceeded => Problem::DEADLINE_EXCEEDED,
            Self::DeadLettered => Problem::DEAD_LETTERED,
            Self::Cancelled => Problem::CANCELLED,
            Self::PromptBlocked { .. } => Problem::PROMPT_BLOCKED,
            Self::AnswerTruncated => Problem::ANSWER_TRUNCATED,
            Self::AnswerEmpty => Problem::ANSWER_EMPTY,
            Self::AnswerMalformed { .. } => Problem::ANSWER_MALFORMED,
            Self::FileUnusable { .. } => Problem::FILE_UNUSABLE,
            Self::DeploymentBroken { .. } => Problem::DEPLOYMENT_BROKEN,
            Self::ModelGone { .. } => Problem::MODEL_GONE,
            Self::RateLimited { .. } => Problem::RATE_LIMITED,
            Self::DailyQuotaSpent { .. } => Problem::DAILY_QUOTA_SPENT,
            Self::Throttled { reason: ThrottleReason::Rate | ThrottleReason::Day | ThrottleReason::Paused, .. } => Problem::RATE_LIMITED,
            Self::Throttled { reason: ThrottleReason::Open, .. } | Self::Unavailable { .. } => Problem::UPSTREAM_UNAVAILABLE,
            Self::BudgetSpent { .. } => Problem::BUDGET_SPENT,
            Self::CostAboveCap { .. } => Problem::COST_ABOVE_CAP,
            Self::NotReady { .. } => Problem::UPSTREAM_NOT_READY,
            Self::UpstreamRejected { .. } => Problem::UPSTREAM_REJECTED,
            Self::AccessRefused { .. } => Problem::ACCESS_REFUSED,
            Self::Unreachable { .. } => Problem::UPSTREAM_UNAVAILABLE,
            Self::UpstreamMalformed { .. } => Problem::UPSTREAM_MALFORMED,
            Self::NotConfigured { .. } | Self::NoKey { .. } => Problem::NOT_CONFIGURED,
            Self::Storage { .. } => Problem::STORAGE_UNAVAILABLE,
            Self::Internal { .. } => Problem::INTERNAL,
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
