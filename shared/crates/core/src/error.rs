//! Error type of all crates.
//!
//! An error knows its retry disposition ([`Error::disposition`]) and its public form
//! ([`Error::problem`], [`Error::detail`]). `Display` and `Debug` are for our own log only.

mod access;
mod job_error;
mod outside;

use std::borrow::Cow;
use std::time::Duration;

use strum::{Display, IntoStaticStr};

use crate::video::{NotAPlaylist, NotAVideo};

pub use access::{AccessFault, KeySource, known_reason};
pub use job_error::{Failure, JobError, problem_type};
pub use outside::Problem;

/// Cause of an error, for the log and never for callers.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Retry disposition of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// A retry fails again.
    Permanent,
    /// Retry after this delay, which the refusing service has stated.
    RetryAfter(Duration),
    /// Retry with the caller's own backoff.
    Transient,
}

/// Service that EventRelay calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr)]
#[strum(const_into_str)]
pub enum Service {
    /// The Gemini Developer API.
    Gemini,
    /// The YouTube Data API and oEmbed.
    YouTube,
    /// The GitHub REST API.
    GitHub,
    Vercel,
    Netlify,
    /// Issuer of the tokens that callers present.
    Issuer,
}

/// Reason for which a call is throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleReason {
    /// The rate is exceeded.
    Rate,
    /// The daily quota is exhausted.
    Day,
    /// The service has asked for a pause.
    Paused,
    /// The circuit breaker is open.
    Open,
}

/// Scope of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display)]
#[strum(serialize_all = "lowercase")]
pub enum BudgetScope {
    /// Budget of all callers together.
    Deployment,
    /// Budget of one API key.
    #[strum(to_string = "API key")]
    Key,
}

/// Errors of all operations.
///
/// Texts in fields other than `source` are shown to callers, so they are our own and never an
/// upstream's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A caller's value is not acceptable.
    #[error("invalid {field}: {reason}")]
    InvalidInput {
        /// Position of the value in the request.
        field: Cow<'static, str>,
        /// Reason, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The body of a request cannot be read at all.
    #[error("malformed body: {reason}")]
    MalformedBody {
        /// Reason, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The media type of a request body is not supported.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// No representation of the resource is acceptable to the caller.
    #[error("not acceptable")]
    NotAcceptable,
    /// A reference that names no single video.
    #[error("not a video: {0}")]
    NotAVideo(#[from] NotAVideo),
    /// A reference that names no playlist.
    #[error("not a playlist: {0}")]
    NotAPlaylist(#[from] NotAPlaylist),
    /// The caller presented no valid credential.
    #[error("not authenticated")]
    Unauthorized,
    /// The caller lacks the permission.
    #[error("not allowed")]
    Forbidden,
    /// The resource does not exist.
    #[error("{what} not found")]
    NotFound {
        /// Kind of the resource, such as `job`.
        what: &'static str,
    },
    /// The state of a resource does not allow the operation.
    #[error("conflict: {reason}")]
    Conflict {
        /// Reason, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The resource does not have this method.
    #[error("method not allowed: there is {allow}")]
    MethodNotAllowed {
        /// Supported methods, as in the header `Allow`.
        allow: &'static str,
    },
    /// The resource has changed since the caller read it.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The caller has exceeded its own rate limit.
    #[error("caller over their limit for {retry_after:?}")]
    TooManyRequests {
        /// Time until the next call is allowed.
        retry_after: Duration,
    },
    /// A recent attempt failed.
    #[error("failed before: {}", failure.error.kind)]
    FailedBefore {
        failure: Box<Failure>,
        /// Time until a new attempt is allowed.
        retry_after: Duration,
    },
    /// The input is larger than we or the model accept.
    #[error("{what} too large")]
    TooLarge {
        /// Name of the input, such as `request body`.
        what: &'static str,
    },
    /// The recording was not uploaded.
    #[error("nothing was uploaded")]
    UploadMissing,
    /// The upload differs from its announcement.
    #[error("upload differs in {what}")]
    UploadMismatch {
        /// Property that differs, such as `size`.
        what: &'static str,
    },
    /// A submitted transcript cannot be parsed.
    #[error("invalid transcript: {0}")]
    TranscriptInvalid(Source),
    /// The platform does not know the video, or does not reveal it.
    #[error("video not found")]
    VideoNotFound,
    /// The video is private.
    #[error("video is private")]
    VideoPrivate,
    /// The video is unlisted, and the model's fetcher does not accept it.
    #[error("video is unlisted")]
    VideoNotPublic,
    /// The video is live or upcoming.
    #[error("video is live or upcoming")]
    VideoIsLive,
    /// The platform does not know the playlist, or does not reveal it.
    #[error("playlist not found")]
    PlaylistNotFound,
    /// The model's fetcher could not open the video.
    #[error("the model cannot open the video")]
    VideoInaccessible { source: Source },
    /// The model's service could not process the recording.
    #[error("processing failed")]
    ProcessingFailed { source: Source },
    /// Processing of the recording exceeded its timeout.
    #[error("processing timed out")]
    ProcessingTimedOut,
    /// The model's copy of the recording, or its upload, has expired or was deleted. Another upload
    /// creates a new one.
    #[error("the uploaded copy is gone")]
    FileGone,
    /// The job exceeded its deadline.
    #[error("deadline exceeded")]
    DeadlineExceeded,
    /// Every delivery of the job's message failed without a recorded reason.
    #[error("dead-lettered")]
    DeadLettered,
    /// The job was cancelled by a caller.
    #[error("cancelled")]
    Cancelled,
    /// The model refused to answer because of the content.
    #[error("prompt blocked: {reason}")]
    PromptBlocked {
        /// Constant of the upstream, such as `SAFETY`; see [`Error::prompt_blocked`].
        reason: String,
    },
    /// The answer exceeded the output limit. The caller can ask for less, or about a shorter part.
    #[error("answer truncated")]
    AnswerTruncated,
    /// The model answered without a text.
    #[error("answer empty")]
    AnswerEmpty,
    /// The model's text does not match the requested format.
    #[error("answer malformed")]
    AnswerMalformed { source: Source },
    /// A file that the model wrote is unusable, even after repairs.
    #[error("{path} is unusable")]
    FileUnusable {
        /// Path of the file, confined to the project.
        path: String,
        /// First finding of the validation, in our words.
        finding: String,
    },
    /// A deployment target could not build or publish the files.
    #[error("{target} could not publish it")]
    DeploymentBroken {
        target: &'static str,
        /// Failure message of the target, one line that the caller can act on.
        message: String,
    },
    /// The model is not available (any more). Another one may be.
    #[error("no model {model}")]
    ModelGone {
        /// Model id from the configuration.
        model: String,
    },
    /// A service limits our rate.
    #[error("{service} limits the rate (retry after {retry_after:?})")]
    RateLimited {
        service: Service,
        /// Requested delay, if stated.
        retry_after: Option<Duration>,
    },
    /// The daily quota of a service is exhausted. A retry within minutes fails again.
    #[error("daily quota of {service} spent")]
    DailyQuotaSpent {
        service: Service,
        /// Time until the next day begins, if known.
        retry_after: Option<Duration>,
    },
    /// Our own limits throttle the call. The service was not called.
    #[error("a call of {service} is held ({reason:?}) for {retry_after:?}")]
    Throttled {
        service: Service,
        reason: ThrottleReason,
        retry_after: Duration,
    },
    /// A daily budget is exhausted.
    #[error("daily budget of the {scope} spent")]
    BudgetSpent {
        scope: BudgetScope,
        /// Time until the next day begins.
        retry_after: Duration,
    },
    /// The estimated cost exceeds the caller's cap. Nothing was charged.
    #[error("estimated at {estimate_usd} US dollars, with a cap of {cap_usd}")]
    CostAboveCap { estimate_usd: f64, cap_usd: f64 },
    /// A service failed, timed out, or was unreachable.
    #[error("{service} unavailable")]
    Unavailable {
        service: Service,
        /// Requested delay, if stated.
        retry_after: Option<Duration>,
        source: Source,
    },
    /// A recently created resource is not visible at the service yet.
    #[error("{service} is not ready yet")]
    NotReady { service: Service, source: Source },
    /// No connection to a service could be made. No request was sent and nothing charged.
    #[error("cannot reach {host} ({service})")]
    Unreachable {
        service: Service,
        /// Host, and the port if it is not the default one.
        host: String,
        source: Source,
    },
    /// A service refuses our key or its project, which is a configuration error.
    #[error("{service} refuses access ({fault:?}, {reason:?})")]
    AccessRefused {
        service: Service,
        fault: AccessFault,
        /// Constant of the service, see [`known_reason`].
        reason: Option<&'static str>,
        /// Place where the key is configured.
        key: KeySource,
        source: Source,
    },
    /// A secret holds no key or cannot be read, which is a configuration error.
    #[error("the secret {secret} cannot be used")]
    NoKey {
        /// Name or ARN of the secret.
        secret: String,
        source: Source,
    },
    /// A service refused our request or our key, which is a defect or a configuration error.
    #[error("{service} rejected our request")]
    UpstreamRejected { service: Service, source: Source },
    /// A service violated its own protocol.
    #[error("{service} answered malformed")]
    UpstreamMalformed { service: Service, source: Source },
    /// The operation needs configuration that this deployment lacks.
    #[error("{what} is not configured")]
    NotConfigured {
        /// Missing configuration with its article, such as `a key of the YouTube Data API`.
        what: &'static str,
    },
    /// DynamoDB, S3, SQS or Secrets Manager failed.
    #[error("storage failed")]
    Storage {
        /// Indicates that a retry may succeed.
        transient: bool,
        source: Source,
    },
    /// A defect of EventRelay.
    #[error("internal error")]
    Internal { source: Source },
}

impl Error {
    /// Creates an error for an invalid value of a caller. Both texts are shown to callers.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::InvalidInput {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// Creates an error for a defect of EventRelay, for the log.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal {
            source: source.into(),
        }
    }

    /// Creates an error for a refusal because of content. The reason is shown to callers. Any
    /// reason but an upper-case constant, as the upstream's enumerations have them, becomes
    /// `OTHER`.
    pub fn prompt_blocked(reason: &str) -> Self {
        let constant = (1..=40).contains(&reason.len())
            && reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        Self::PromptBlocked {
            reason: if constant { reason } else { "OTHER" }.to_owned(),
        }
    }

    /// Returns the retry disposition.
    ///
    /// For [`Error::ModelGone`] and [`Error::DailyQuotaSpent`] it applies to this model only. A
    /// caller with another model may use that one.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::TooManyRequests { retry_after } | Self::FailedBefore { retry_after, .. } => {
                Disposition::RetryAfter(*retry_after)
            }
            Self::Throttled { retry_after, .. } | Self::BudgetSpent { retry_after, .. } => {
                Disposition::RetryAfter(*retry_after)
            }
            Self::DailyQuotaSpent { retry_after, .. } => {
                retry_after.map_or(Disposition::Permanent, Disposition::RetryAfter)
            }
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
                retry_after.map_or(Disposition::Transient, Disposition::RetryAfter)
            }
            Self::AnswerEmpty
            | Self::AnswerMalformed { .. }
            | Self::UpstreamMalformed { .. }
            | Self::NotReady { .. }
            | Self::Unreachable { .. }
            | Self::Storage {
                transient: true, ..
            } => Disposition::Transient,
            Self::InvalidInput { .. }
            | Self::MalformedBody { .. }
            | Self::UnsupportedMediaType
            | Self::NotAcceptable
            | Self::NotAVideo(_)
            | Self::NotAPlaylist(_)
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound { .. }
            | Self::Conflict { .. }
            | Self::MethodNotAllowed { .. }
            | Self::PreconditionFailed
            | Self::TooLarge { .. }
            | Self::UploadMissing
            | Self::UploadMismatch { .. }
            | Self::TranscriptInvalid(_)
            | Self::VideoNotFound
            | Self::VideoPrivate
            | Self::VideoNotPublic
            | Self::VideoIsLive
            | Self::PlaylistNotFound
            | Self::VideoInaccessible { .. }
            | Self::ProcessingFailed { .. }
            | Self::ProcessingTimedOut
            | Self::FileGone
            | Self::DeadlineExceeded
            | Self::DeadLettered
            | Self::Cancelled
            | Self::PromptBlocked { .. }
            | Self::AnswerTruncated
            | Self::FileUnusable { .. }
            | Self::DeploymentBroken { .. }
            | Self::ModelGone { .. }
            | Self::CostAboveCap { .. }
            | Self::UpstreamRejected { .. }
            | Self::AccessRefused { .. }
            | Self::NoKey { .. }
            | Self::NotConfigured { .. }
            | Self::Storage {
                transient: false, ..
            }
            | Self::Internal { .. } => Disposition::Permanent,
        }
    }

    /// Returns whether an attempt was made and failed. A throttled call and a failed connection are
    /// no attempts.
    pub fn was_tried(&self) -> bool {
        !matches!(
            self,
            Self::Throttled { .. } | Self::BudgetSpent { .. } | Self::Unreachable { .. }
        )
    }

    /// Returns whether no connection could be made.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Returns whether the configuration or our own code is at fault, so that the error says
    /// nothing about the video.
    pub fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::AccessRefused { .. }
                | Self::NoKey { .. }
                | Self::NotConfigured { .. }
                | Self::UpstreamRejected { .. }
                | Self::ModelGone { .. }
                | Self::Unreachable { .. }
                | Self::Storage { .. }
                | Self::Internal { .. }
        )
    }

    /// Returns whether the error is an unusable answer of a model, which was charged.
    pub fn is_bad_answer(&self) -> bool {
        matches!(self, Self::AnswerEmpty | Self::AnswerMalformed { .. })
    }

    /// Formats the error and all its causes on one line, for our log.
    pub fn report(&self) -> String {
        let mut report = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            report.push_str(": ");
            report.push_str(&error.to_string());
            cause = error.source();
        }
        report
    }
}

#[cfg(test)]
mod tests;
