//! `GET /v1/videos/{video_id}`, its forms and its parts.
//!
//! A lookup goes through memory, one read of the index, and the bucket where the body is large.
//! What is stored is what is sent: the body is not parsed, and compressed only if the caller does
//! not take gzip. What asks somebody else is boxed, so that a lookup that memory answers does not
//! move the state of calls about which it never makes.

pub(super) mod asked;
mod bodies;

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use http::{StatusCode, header, response::Builder};
use lambda_http::{Body, Request, Response};

use self::asked::{Asked, Shape};
use super::{Answer, header_value, jobs::accepted, links::Links, negotiate};
use crate::{
    clock::Timestamp,
    context::Context,
    error::Error,
    job::{Job, revival},
    store::{
        StoredAnalysis,
        blobs::{self, Form},
        compression,
        videos::Found,
    },
    telemetry::{Layer, note_lookup},
};

/// A response must stay below Lambda's limit of 6 MB, in base64 if it is compressed.
const LARGEST_PLAIN: u64 = 5_500_000;
const LARGEST_GZIP: u64 = 4_000_000;

/// How long a caller has for following a redirect to the bucket.
const REDIRECT_VALID: Duration = Duration::from_secs(300);

/// `GET`: the newest analysis, or that of `?variant=` or `?version=`, in the form of `?format=` or
/// `Accept`, or the members that `?fields=` or the path names.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAcceptable`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let asked = Asked::of(request)?;
    let now = (context.clock)();
    let report = async {
        if let Some(counts) = context.tally.due(now) {
            Box::pin(context.counters.count(&counts)).await;
        }
    };
    let (answer, ()) =
        futures_util::future::join(answer(context, request, &asked, now), report).await;
    match &answer {
        Ok(response) => context
            .tally
            .note(response.status() != StatusCode::ACCEPTED),
        Err(Error::NotFound { .. }) => context.tally.note(false),
        Err(_) => {}
    }
    answer
}

async fn answer(context: &Context, request: &Request, asked: &Asked, now: Timestamp) -> Answer {
    let Some(found) = row(context, asked, now).await? else {
        return Box::pin(missing(context, request, asked, now)).await;
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
        return Box::pin(missing(context, request, asked, now)).await;
    };
    if takes_gzip && gzip.len() as u64 <= LARGEST_GZIP {
        return response()
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Body::Binary(gzip.into()))
            .map_err(Error::internal);
    }
    match compression::gunzip(&gzip, LARGEST_PLAIN) {
        Ok(plain) => {
            let text = String::from_utf8(plain).map_err(Error::internal)?;
            context.memory.keep_text(&etag, &text, now);
            response().body(Body::Text(text)).map_err(Error::internal)
        }
        Err(Error::TooLarge { .. }) => Box::pin(redirect(context, asked, &found)).await,
        Err(error) => Err(error),
    }
}

async fn row(
    context: &Context,
    asked: &Asked,
    now: Timestamp,
) -> Result<Option<Arc<Found>>, Error> {
    let remembered = context.memory.row(&asked.video, &asked.selector, now);
    note_lookup(Layer::Memory, remembered.is_some());
    if remembered.is_some() {
        return Ok(remembered);
    }
    let find = |consistent| {
        Box::pin(
            context
                .videos
                .find(&asked.video, &asked.selector, consistent),
        )
    };
    let found = find(false).await?;
    // What is there for a moment only is not seen by every read.
    let found = match found {
        Some(found) => Some(found),
        None => find(true).await?,
    };
    note_lookup(Layer::Index, found.is_some());
    Ok(found.map(|found| {
        let found = Arc::new(found);
        context
            .memory
            .keep_row(&asked.video, &asked.selector, &found, now);
        found
    }))
}

/// There is no such analysis: the job that makes one, if somebody is at it.
async fn missing(context: &Context, request: &Request, asked: &Asked, now: Timestamp) -> Answer {
    let at_work = context.videos.job_at_work(&asked.video, now).await?;
    let row = match &at_work {
        Some(id) => context.jobs.get::<Job>(id).await?,
        None => None,
    };
    let Some(row) = row.filter(|row| !row.job.state.is_terminal()) else {
        return Err(Error::NotFound { what: "analysis" });
    };
    revival::revive_if_lost(&context.jobs, &context.queue, &row, now).await;
    accepted(&row.job, &Links::of(request), now)
}

/// Whether it is known without a look at the body that it does not fit into a response.
fn is_too_large(found: &Found, shape: &Shape, takes_gzip: bool) -> bool {
    let analysis = &found.analysis;
    *shape == Shape::Whole(Form::Json)
        && analysis.size_bytes > LARGEST_PLAIN
        && (!takes_gzip || analysis.gzip_bytes > LARGEST_GZIP)
}

/// What is larger than a response can be is fetched from the bucket, compressed as it is stored.
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
    fn shows_a_date_as_http_has_it() {
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
