use super::*;
use Disposition::{Permanent, RetryAfter, Transient};

const SECRET: &str = "internal-words-of-the-source";

/// One error of every kind in declaration order, with its expected properties.
#[rustfmt::skip]
fn table() -> Vec<(Error, &'static str, Disposition)> {
    let wait = Duration::from_secs(34);
    let service = Service::Gemini;
    let source = || Source::from(SECRET);
    vec![
        (Error::invalid("url", "not a video"), "invalid-input", Permanent),
        (Error::MalformedBody { reason: "It is not JSON.".into() }, "malformed-body", Permanent),
        (Error::UnsupportedMediaType, "unsupported-media-type", Permanent),
        (Error::NotAcceptable, "not-acceptable", Permanent),
        (Error::NotAVideo(NotAVideo::MissingId), "not-a-video", Permanent),
        (Error::NotAPlaylist(NotAPlaylist::Mix), "not-a-playlist", Permanent),
        (Error::Unauthorized, "unauthorized", Permanent),
        (Error::Forbidden, "forbidden", Permanent),
        (Error::NotFound { what: "job" }, "not-found", Permanent),
        (Error::Conflict { reason: "The job is over.".into() }, "conflict", Permanent),
        (Error::TooManyRequests { retry_after: wait }, "too-many-requests", RetryAfter(wait)),
        (Error::TooLarge { what: "request body" }, "too-large", Permanent),
        (Error::UploadMissing, "upload-missing", Permanent),
        (Error::UploadMismatch { what: "size" }, "upload-mismatch", Permanent),
        (Error::TranscriptInvalid("no text".into()), "transcript-invalid", Permanent),
        (Error::VideoNotFound, "video-not-found", Permanent),
        (Error::VideoPrivate, "video-private", Permanent),
        (Error::VideoNotPublic, "video-not-public", Permanent),
        (Error::VideoIsLive, "video-is-live", Permanent),
        (Error::PlaylistNotFound, "playlist-not-found", Permanent),
        (Error::VideoInaccessible { source: source() }, "video-inaccessible", Permanent),
        (Error::ProcessingFailed { source: source() }, "processing-failed", Permanent),
        (Error::ProcessingTimedOut, "processing-timeout", Permanent),
        (Error::FileGone, "file-gone", Permanent),
        (Error::DeadlineExceeded, "deadline-exceeded", Permanent),
        (Error::DeadLettered, "dead-lettered", Permanent),
        (Error::Cancelled, "cancelled", Permanent),
        (Error::prompt_blocked("SAFETY"), "prompt-blocked", Permanent),
        (Error::AnswerTruncated, "answer-truncated", Permanent),
        (Error::AnswerEmpty, "answer-empty", Transient),
        (Error::AnswerMalformed { source: source() }, "answer-malformed", Transient),
        (Error::ModelGone { model: "m".into() }, "model-gone", Permanent),
        (Error::RateLimited { service, retry_after: Some(wait) }, "rate-limited", RetryAfter(wait)),
        (Error::DailyQuotaSpent { service, retry_after: None }, "daily-quota-spent", Permanent),
        (Error::DailyQuotaSpent { service, retry_after: Some(wait) }, "daily-quota-spent", RetryAfter(wait)),
        (Error::Throttled { service, reason: ThrottleReason::Rate, retry_after: wait }, "rate-limited", RetryAfter(wait)),
        (Error::Throttled { service, reason: ThrottleReason::Open, retry_after: wait }, "upstream-unavailable", RetryAfter(wait)),
        (Error::BudgetSpent { scope: BudgetScope::Key, retry_after: wait }, "budget-spent", RetryAfter(wait)),
        (Error::CostAboveCap { estimate_usd: 0.5, cap_usd: 0.1 }, "cost-above-cap", Permanent),
        (Error::Unavailable { service, retry_after: None, source: source() }, "upstream-unavailable", Transient),
        (Error::NotReady { service, source: source() }, "upstream-not-ready", Transient),
        (Error::UpstreamRejected { service, source: source() }, "upstream-rejected", Permanent),
        (Error::UpstreamMalformed { service, source: source() }, "upstream-malformed", Transient),
        (Error::NotConfigured { what: "a key" }, "not-configured", Permanent),
        (Error::Storage { transient: true, source: source() }, "storage-unavailable", Transient),
        (Error::internal(SECRET), "internal", Permanent),
    ]
}

#[test]
fn every_kind_has_its_slug_and_disposition() {
    for (error, slug, disposition) in table() {
        assert_eq!(error.problem().slug, slug);
        assert_eq!(error.disposition(), disposition, "{slug}");
        assert!((400..600).contains(&error.problem().status), "{slug}");
    }
}

#[test]
fn slugs_are_distinct_and_in_kebab_case() {
    let table = table();
    let kinds: std::collections::HashSet<_> = table
        .iter()
        // A throttled call is reported with the cause of its throttling.
        .filter(|(error, ..)| error.was_tried() || matches!(error, Error::BudgetSpent { .. }))
        .map(|(error, ..)| std::mem::discriminant(error))
        .collect();
    let slugs: std::collections::HashSet<_> = table.iter().map(|row| row.1).collect();
    assert_eq!(slugs.len(), kinds.len());
    assert!(
        slugs
            .iter()
            .all(|s| s.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    );
}

#[test]
fn the_outside_never_sees_the_source_but_the_log_does() {
    for (error, slug, _) in table() {
        assert!(!error.detail().contains(SECRET), "{slug}");
        assert!(!error.problem().title.contains(SECRET), "{slug}");
        assert!(error.detail().len() > 5, "{slug}");
        // Our own words about the caller's input are shown to the caller.
        let is_ours = matches!(
            error,
            Error::NotAVideo(_) | Error::NotAPlaylist(_) | Error::TranscriptInvalid(_)
        );
        if std::error::Error::source(&error).is_some() && !is_ours {
            assert!(error.report().ends_with(SECRET), "{slug}");
        }
    }
}

#[test]
fn without_a_delay_the_caller_backs_off_by_itself() {
    let error = Error::RateLimited {
        service: Service::GitHub,
        retry_after: None,
    };
    assert_eq!(error.disposition(), Transient);
    let error = Error::Storage {
        transient: false,
        source: "denied".into(),
    };
    assert_eq!(error.disposition(), Permanent);
}

#[test]
fn config_error_names_missing_variable() {
    let error = Error::NotConfigured { what: "a key" };
    assert_eq!(error.problem().status, 501);
    assert_eq!(
        error.detail(),
        "This needs a key, which is not configured here."
    );
}

#[test]
fn a_block_reason_is_a_constant_or_other() {
    for foreign in ["", "<script>", "safety", &"A".repeat(41)] {
        assert!(
            Error::prompt_blocked(foreign)
                .to_string()
                .ends_with(": OTHER"),
            "{foreign}"
        );
    }
    assert!(
        Error::prompt_blocked("PROHIBITED_CONTENT")
            .detail()
            .contains("PROHIBITED_CONTENT")
    );
}
