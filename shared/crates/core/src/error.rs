//! The closed error type of the crate. An error knows what is to be done about it
//! ([`Error::disposition`]) and what the outside may see of it ([`Error::problem`],
//! [`Error::detail`]); `Display` and `Debug` are for our own log only.

mod access;
mod job_error;
mod outside;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::limit::ThrottleReason;
use crate::video::{NotAPlaylist, NotAVideo};

pub use access::{AccessFault, KeySource, known_reason};
pub use job_error::{Failure, JobError, problem_type};
pub use outside::Problem;

/// What an error was caused by: for the log, never for the outside.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The same step fails again however often it is tried.
    Permanent,
    /// Try again, but not before this time has passed: whoever refused has said so.
    RetryAfter(Duration),
    /// Try again with the caller's own backoff.
    Transient,
}

/// A service that we call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The Gemini Developer API.
    Gemini,
    /// The YouTube Data API and oEmbed.
    YouTube,
    /// The GitHub REST API.
    GitHub,
    Vercel,
    Netlify,
    /// The issuer of the tokens that callers present.
    Issuer,
}

impl Service {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemini => "Gemini",
            Self::YouTube => "YouTube",
            Self::GitHub => "GitHub",
            Self::Vercel => "Vercel",
            Self::Netlify => "Netlify",
            Self::Issuer => "Issuer",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose money it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BudgetScope {
    /// That of all callers.
    Deployment,
    /// What one API key may spend.
    Key,
}

impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployment => "deployment",
            Self::Key => "API key",
        })
    }
}

/// Everything that can go wrong. Texts in fields without `source` in their name are shown outside,
/// so they are ours, never an upstream's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A caller's value is not acceptable.
    #[error("invalid {field}: {reason}")]
    InvalidInput {
        /// Where the value stands in the request.
        field: Cow<'static, str>,
        /// What is wrong with it, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The body of a request cannot be read at all.
    #[error("malformed body: {reason}")]
    MalformedBody {
        /// Why, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The body of a request is of a type that is not read here.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// No form of the resource is one that the caller accepts.
    #[error("not acceptable")]
    NotAcceptable,
    /// A reference that names no single video.
    #[error("not a video: {0}")]
    NotAVideo(#[from] NotAVideo),
    /// A reference that names no playlist.
    #[error("not a playlist: {0}")]
    NotAPlaylist(#[from] NotAPlaylist),
    /// The caller has not said who they are, or not convincingly.
    #[error("not authenticated")]
    Unauthorized,
    /// The caller may not do this.
    #[error("not allowed")]
    Forbidden,
    /// A resource of ours that does not exist.
    #[error("{what} not found")]
    NotFound {
        /// Its kind, such as `job`.
        what: &'static str,
    },
    /// The state of a resource does not allow it.
    #[error("conflict: {reason}")]
    Conflict {
        /// Why, as a sentence.
        reason: Cow<'static, str>,
    },
    /// The resource does not have this method.
    #[error("method not allowed: there is {allow}")]
    MethodNotAllowed {
        /// The methods that it has, as the header `Allow` lists them.
        allow: &'static str,
    },
    /// The resource is not any more what the caller says they have seen.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The caller has used up their own allowance with us.
    #[error("caller over their limit for {retry_after:?}")]
    TooManyRequests {
        /// Until the next call is allowed.
        retry_after: Duration,
    },
    /// The same was tried a moment ago and failed.
    #[error("failed before: {}", failure.error.kind)]
    FailedBefore {
        /// What came of it.
        failure: Box<Failure>,
        /// Until it is tried again.
        retry_after: Duration,
    },
    /// Larger than we, or the model, can take.
    #[error("{what} too large")]
    TooLarge {
        /// What is, such as `request body`.
        what: &'static str,
    },
    /// The recording was never put where it was to be uploaded.
    #[error("nothing was uploaded")]
    UploadMissing,
    /// What was uploaded is not what was announced.
    #[error("upload differs in {what}")]
    UploadMismatch {
        /// In what, such as `size`.
        what: &'static str,
    },
    /// A transcript that was handed in cannot be read.
    #[error("invalid transcript: {0}")]
    TranscriptInvalid(Source),
    /// The platform knows no such video, or does not tell us of it.
    #[error("video not found")]
    VideoNotFound,
    /// The video is private.
    #[error("video is private")]
    VideoPrivate,
    /// The video is unlisted, which the model's fetcher does not take.
    #[error("video is unlisted")]
    VideoNotPublic,
    /// The video is being broadcast, or will be.
    #[error("video is live or upcoming")]
    VideoIsLive,
    /// The platform knows no such playlist, or does not tell us of it.
    #[error("playlist not found")]
    PlaylistNotFound,
    /// The model's fetcher could not open the video.
    #[error("the model cannot open the video")]
    VideoInaccessible { source: Source },
    /// The model's service could not process the recording.
    #[error("processing failed")]
    ProcessingFailed { source: Source },
    /// The recording was still being processed when its time was up.
    #[error("processing timed out")]
    ProcessingTimedOut,
    /// The model's copy of the recording, or the upload of it, has expired or was deleted. Uploading
    /// again makes a new one.
    #[error("the uploaded copy is gone")]
    FileGone,
    /// The job's time was up.
    #[error("deadline exceeded")]
    DeadlineExceeded,
    /// The messages of a job died with every delivery, and with them what was to say why.
    #[error("dead-lettered")]
    DeadLettered,
    /// Somebody called it off.
    #[error("cancelled")]
    Cancelled,
    /// The model refused to answer on this content.
    #[error("prompt blocked: {reason}")]
    PromptBlocked {
        /// The upstream's constant, such as `SAFETY`; see [`Error::prompt_blocked`].
        reason: String,
    },
    /// The answer did not fit into the output limit: ask for less, or of a shorter part.
    #[error("answer truncated")]
    AnswerTruncated,
    /// The model answered without a text.
    #[error("answer empty")]
    AnswerEmpty,
    /// The model's text is not what was asked for.
    #[error("answer malformed")]
    AnswerMalformed { source: Source },
    /// A file that the model wrote cannot be used, and not after its repairs either.
    #[error("{path} is unusable")]
    FileUnusable {
        /// Its path, which is confined.
        path: String,
        /// The first thing that is wrong with it, in our words.
        finding: String,
    },
    /// A target could not build or publish what it was given.
    #[error("{target} could not publish it")]
    DeploymentBroken {
        target: &'static str,
        /// Its words, in a line: what whoever deploys has to mend.
        message: String,
    },
    /// The model is not, or no longer, offered: another one may be.
    #[error("no model {model}")]
    ModelGone {
        /// Its id, from the configuration.
        model: String,
    },
    /// A service asks for a pause.
    #[error("{service} limits the rate (retry after {retry_after:?})")]
    RateLimited {
        service: Service,
        /// How long, where it said so.
        retry_after: Option<Duration>,
    },
    /// A service's allowance for the day is used up: useless to ask again in minutes.
    #[error("daily quota of {service} spent")]
    DailyQuotaSpent {
        service: Service,
        /// Until the next day begins, where that is known.
        retry_after: Option<Duration>,
    },
    /// Our own limits do not let a service be called now. It was not called.
    #[error("a call of {service} is held ({reason:?}) for {retry_after:?}")]
    Throttled {
        service: Service,
        reason: ThrottleReason,
        retry_after: Duration,
    },
    /// What may be paid in a day is paid.
    #[error("daily budget of the {scope} spent")]
    BudgetSpent {
        scope: BudgetScope,
        /// Until the next day begins.
        retry_after: Duration,
    },
    /// It would cost more than the caller wants to pay. Nothing was paid for it.
    #[error("estimated at {estimate_usd} US dollars, with a cap of {cap_usd}")]
    CostAboveCap {
        /// What it would cost in all.
        estimate_usd: f64,
        cap_usd: f64,
    },
    /// A service failed, did not answer in time, or could not be reached.
    #[error("{service} unavailable")]
    Unavailable {
        service: Service,
        /// When to come back, where it said so.
        retry_after: Option<Duration>,
        source: Source,
    },
    /// A service does not show yet what was just made there.
    #[error("{service} is not ready yet")]
    NotReady { service: Service, source: Source },
    /// No connection to a service could be made. Nothing was asked, and nothing paid.
    #[error("cannot reach {host} ({service})")]
    Unreachable {
        service: Service,
        /// Its host, and the port where that is not the usual one.
        host: String,
        source: Source,
    },
    /// A service refuses our key, or the project behind it: a fault of the configuration.
    #[error("{service} refuses access ({fault:?}, {reason:?})")]
    AccessRefused {
        service: Service,
        fault: AccessFault,
        /// The service's constant, see [`known_reason`].
        reason: Option<&'static str>,
        /// Where the key is configured.
        key: KeySource,
        source: Source,
    },
    /// A secret holds no key, or cannot be read: a fault of the configuration.
    #[error("the secret {secret} cannot be used")]
    NoKey {
        /// Its name or ARN.
        secret: String,
        source: Source,
    },
    /// A service refused our request or our key: a fault of ours or of the configuration.
    #[error("{service} rejected our request")]
    UpstreamRejected { service: Service, source: Source },
    /// A service answered outside its own contract.
    #[error("{service} answered malformed")]
    UpstreamMalformed { service: Service, source: Source },
    /// What was asked for needs something that this deployment was not given.
    #[error("{what} is not configured")]
    NotConfigured {
        /// What is missing, with its article, such as `a key of the YouTube Data API`.
        what: &'static str,
    },
    /// DynamoDB, S3, SQS or Secrets Manager failed.
    #[error("storage failed")]
    Storage {
        /// Whether trying again can help.
        transient: bool,
        source: Source,
    },
    /// A fault of ours.
    #[error("internal error")]
    Internal { source: Source },
}

impl Error {
    /// An unacceptable value of a caller. Both texts are shown outside.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::InvalidInput {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// A fault of ours, for the log.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal {
            source: source.into(),
        }
    }

    /// A refusal on content. The reason goes outside, so anything but an upper-case constant, as the
    /// upstream's enumerations have them, becomes `OTHER`.
    pub fn prompt_blocked(reason: &str) -> Self {
        let constant = (1..=40).contains(&reason.len())
            && reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        Self::PromptBlocked {
            reason: if constant { reason } else { "OTHER" }.to_owned(),
        }
    }

    /// What to do about it. For [`Error::ModelGone`] and [`Error::DailyQuotaSpent`] it is what to do
    /// with this model: a caller with another one may go on with that.
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

    /// Whether something was tried and failed. What was held, or never reached its service, was
    /// not.
    pub fn was_tried(&self) -> bool {
        !matches!(
            self,
            Self::Throttled { .. } | Self::BudgetSpent { .. } | Self::Unreachable { .. }
        )
    }

    /// Whether no connection could be made.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether the configuration or our own code is at fault, so that it says nothing of the video.
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

    /// An answer of a model that is of no use, and was paid for.
    pub fn is_bad_answer(&self) -> bool {
        matches!(self, Self::AnswerEmpty | Self::AnswerMalformed { .. })
    }

    /// The error and everything it was caused by, on one line, for our log.
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
