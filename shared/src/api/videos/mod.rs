//! `GET /v1/videos/{video_id}`, its forms and its parts.
//!
//! A lookup goes through memory, one read of the index, and the bucket where the body is large.
//! The stored body is sent as it is: it is not parsed, and decompressed only if the caller does not
//! take gzip. Futures of remote calls are boxed, so that a lookup answered from memory does not move
//! the state of calls that it never makes.

pub(super) mod asked;
mod bodies;

use eventrelay_workflow::job::JobRow;
use std::time::{Duration, UNIX_EPOCH};

use http::{StatusCode, header, response::Builder};
use lambda_http::{Body, Request, Response};

use self::asked::{Asked, Shape};
use super::{Answer, header_value, jobs::accepted, links::Links, negotiate};
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    telemetry::{Layer, note_lookup},
};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Form},
    compression,
    videos::{Found, Lookup},
};
use eventrelay_workflow::{context::Context, engine, job::Job};

/// A response must stay below Lambda's limit of 6 MB, in base64 if it is compressed.
const MAX_PLAIN_BYTES: u64 = 5_500_000;
const MAX_GZIP_BYTES: u64 = 4_000_000;

/// Validity of a redirect to the bucket.
const REDIRECT_VALID: Duration = Duration::from_secs(300);

/// `GET`: the newest analysis, or that of `?variant=` or `?version=`.
///
/// `?format=` or `Accept` selects a form. `?fields=` or the path selects members.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAcceptable`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let asked = Asked::new(request)?;
    let now = (context.clock)();
    let report = async {
        if let Some(counts) = context.lookup_counter.due(now) {
            Box::pin(context.counters.count(&counts)).await;
        }
    };
    let (answer, ()) =
        futures_util::future::join(answer(context, request, &asked, now), report).await;
    match &answer {
        Ok(response) => context
            .lookup_counter
            .note(response.status() != StatusCode::ACCEPTED),
        Err(Error::NotFound { .. }) => context.lookup_counter.note(false),
        Err(_) => {}
    }
    answer
}

async fn answer(context: &Context, request: &Request, asked: &Asked, now: Timestamp) -> Answer {
    let found = match row(context, asked, now).await? {
        Lookup::Stored(found) => found,
        Lookup::Running(job) => {
            return Box::pin(without_analysis(context, request, Some(*job), now)).await;
        }
        Lookup::Absent => return Err(Error::NotFound { what: "analysis" }),
    };
    let etag = etag(&found.analysis, &asked.shape);
    let validated = |status: u16| {
        with_validators(
            Response::builder().status(status),
            &etag,
            &found.analysis,
            now,
        )
    };
    if negotiate::has(request.headers(), &etag) {
        return validated(304).body(Body::Empty).map_err(Error::internal);
    }
    let takes_gzip = negotiate::takes_gzip(request.headers());
    if is_too_large(&found, &asked.shape, takes_gzip) {
        return Box::pin(redirect(context, asked, &found)).await;
    }
    let content_type = match asked.shape {
        Shape::Whole(form) => form.content_type(),
        Shape::Fields(_) => Form::Json.content_type(),
    };
    let response = || validated(200).header(header::CONTENT_TYPE, content_type);
    // Unpacking costs many times what everything else does that memory answers.
    if !takes_gzip && let Some(text) = context.memory.text(&etag, now) {
        return response()
            .body(Body::Text(text.as_ref().into()))
            .map_err(Error::internal);
    }
    let Some(gzip) = bodies::gzip(context, asked, &found, now).await? else {
        // A row whose blob is gone is as good as no row.
        tracing::warn!(video.id = %asked.video, "Healed a row whose blob is gone");
        Box::pin(context.videos.heal(&asked.video, &found.analysis)).await?;
        context.memory.forget_row(&asked.video, &asked.selector);
        let job = Box::pin(context.videos.running_job::<Job>(&asked.video, now)).await?;
        return Box::pin(without_analysis(context, request, job, now)).await;
    };
    if takes_gzip && gzip.len() as u64 <= MAX_GZIP_BYTES {
        return response()
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Body::Binary(gzip.into()))
            .map_err(Error::internal);
    }
    match compression::gunzip(&gzip, MAX_PLAIN_BYTES) {
        Ok(plain) => {
            let text = String::from_utf8(plain).map_err(Error::internal)?;
            context.memory.keep_text(&etag, &text, now);
            response().body(Body::Text(text)).map_err(Error::internal)
        }
        Err(Error::TooLarge { .. }) => Box::pin(redirect(context, asked, &found)).await,
        Err(error) => Err(error),
    }
}

/// Row of the analysis from memory or from the index.
async fn row(context: &Context, asked: &Asked, now: Timestamp) -> Result<Lookup<Job>, Error> {
    let remembered = context.memory.row(&asked.video, &asked.selector, now);
    note_lookup(Layer::Memory, remembered.is_some());
    if let Some(found) = remembered {
        return Ok(Lookup::Stored(found));
    }
    let videos = &context.videos;
    let lookup = Box::pin(videos.find_or_job::<Job>(&asked.video, &asked.selector, now)).await?;
    if let Lookup::Stored(found) = &lookup {
        let memory = &context.memory;
        memory.keep_row(&asked.video, &asked.selector, found, now);
    }
    note_lookup(Layer::Index, matches!(lookup, Lookup::Stored(_)));
    Ok(lookup)
}

/// 202 with the job that is making the analysis, or 404.
async fn without_analysis(
    context: &Context,
    request: &Request,
    job: Option<JobRow>,
    now: Timestamp,
) -> Answer {
    let Some(row) = job else {
        return Err(Error::NotFound { what: "analysis" });
    };
    engine::requeue_if_lost(context, &row, now).await;
    accepted(&row.job, &Links::new(request), now)
}

/// Returns whether metadata alone shows that the body does not fit into a response.
fn is_too_large(found: &Found, shape: &Shape, takes_gzip: bool) -> bool {
    let analysis = &found.analysis;
    *shape == Shape::Whole(Form::Json)
        && analysis.size_bytes > MAX_PLAIN_BYTES
        && (!takes_gzip || analysis.gzip_bytes > MAX_GZIP_BYTES)
}

/// Redirects to the bucket, where the body is stored compressed, if it exceeds the response limit.
async fn redirect(context: &Context, asked: &Asked, found: &Found) -> Answer {
    let Shape::Whole(form) = asked.shape else {
        return Err(Error::TooLarge { what: "selection" });
    };
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, form);
    let location = context.blobs.grant_download(&key, REDIRECT_VALID).await?;
    Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, header_value(&location)?)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::VARY, "accept, accept-encoding")
        .body(Body::Empty)
        .map_err(Error::internal)
}

/// Each form and each selection is a representation of its own, and has a strong tag of its own.
fn etag(analysis: &StoredAnalysis, shape: &Shape) -> String {
    let tag = &analysis.etag;
    match shape {
        Shape::Whole(Form::Json) => format!("\"{tag}\""),
        Shape::Whole(form) => format!("\"{tag}-{}\"", form.extension()),
        Shape::Fields(names) => format!("\"{tag}-{}\"", names.join("+")),
    }
}

/// Caches may keep what is fresh for a minute, and show it for a day while they ask again.
fn with_validators(
    response: Builder,
    etag: &str,
    analysis: &StoredAnalysis,
    now: Timestamp,
) -> Builder {
    let fresh = now.until(analysis.expires_at).as_secs().min(60);
    let cache_control = format!("private, max-age={fresh}, stale-while-revalidate=86400");
    response
        .header(header::ETAG, etag)
        .header(header::LAST_MODIFIED, http_date(analysis.finished_at))
        .header(header::CACHE_CONTROL, cache_control)
        .header(header::VARY, "accept, accept-encoding")
}

/// `Tue, 24 Nov 2026 03:40:00 GMT` (RFC 9110, section 5.6.7).
fn http_date(at: Timestamp) -> String {
    /// The end of the year 9999, the last that has a form.
    const LAST: u64 = 253_402_300_799_999;
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(at.0.min(LAST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_modified_is_an_http_date() {
        assert_eq!(
            http_date(Timestamp(784_111_777_000)),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(
            http_date(Timestamp(u64::MAX)),
            "Fri, 31 Dec 9999 23:59:59 GMT"
        );
    }
}
