//! `/v1/videos` and `/v1/videos/{video_id}`.

use std::{borrow::Cow, time::Duration};

use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Answer,
    fields::Fields,
    header_value,
    jobs::{accepted, revive_if_lost},
    json,
    links::Links,
    negotiate, path_parameter,
};
use crate::{
    analysis::{self, Window, captions},
    clock::Timestamp,
    context::Context,
    error::Error,
    job::{Job, JobId, Media, Request as JobRequest, State},
    store::{
        StoredAnalysis,
        blobs::{self, Form},
        videos::Claim,
    },
    video::{ContentHash, VideoKey, reference},
};

/// After a job's deadline its claim is good for this much longer, so that it ends first.
const CLAIM_MARGIN: Duration = Duration::from_secs(60);

/// A response must stay below Lambda's limit of 6 MB, in base64 if it is compressed.
const LARGEST_PLAIN: u64 = 5_500_000;
const LARGEST_GZIP: usize = 4_000_000;

/// A submitted video, its fields read and bounded.
struct Submission {
    video: VideoKey,
    language: Option<String>,
    window: Option<Window>,
    transcript: Option<Vec<analysis::Segment>>,
    force: bool,
}

#[derive(Serialize)]
struct Ready<'a> {
    video_id: String,
    status: &'a str,
    title: &'a str,
    finished_at: String,
    expires_at: String,
    links: ReadyLinks,
}

#[derive(Serialize)]
struct ReadyLinks {
    video: String,
}

/// `POST`: 200 with the link where a fresh analysis is there, else 202 with the job that makes it.
///
/// # Errors
/// [`Error::NotAVideo`], [`Error::InvalidInput`], [`Error::TranscriptInvalid`],
/// [`Error::UploadMissing`], [`Error::Storage`]. None of them leaves anything behind.
pub async fn submit(context: &Context, request: &Request) -> Answer {
    let submission = read(Fields::of(request)?)?;
    let links = Links::of(request);
    let now = (context.clock)();

    let rendered = submission.transcript.as_deref().map(captions::to_vtt);
    let transcript = rendered
        .as_ref()
        .map(|text| hex::encode(Sha256::digest(text)));
    let job_request = JobRequest {
        language: submission.language,
        window: submission.window,
        transcript,
        force: submission.force,
    };
    if !job_request.force {
        let variant = job_request.variant();
        let answering = context
            .videos
            .answering(&submission.video, &variant)
            .await?;
        if let Some(analysis) = answering.filter(|analysis| now < analysis.expires_at) {
            return ready(&submission.video, &analysis, &links);
        }
    }
    let media = media(context, &submission.video).await?;
    if let (Some(sha256), Some(text)) = (&job_request.transcript, &rendered) {
        let key = blobs::transcript_key(sha256);
        let gzip = blobs::gzip(text.as_bytes());
        context
            .blobs
            .put_gzip(&key, Form::Vtt.content_type(), gzip)
            .await?;
    }
    let job = Job {
        id: JobId::random(),
        video: submission.video,
        request: job_request,
        media,
        state: State::Submitted,
        created_at: now,
        updated_at: now,
        deadline: now + context.config.job_deadline,
        due_at: now,
        attempts: 0,
        uploads: 0,
        model: 0,
        facts: Default::default(),
        gemini_file: None,
        usage: Default::default(),
        settled: false,
    };
    match context
        .videos
        .claim(&job, job.deadline + CLAIM_MARGIN, now)
        .await?
    {
        Claim::Claimed => {
            context.queue.send(&job.id, 0, Duration::ZERO).await?;
            accepted(&job, &links, now)
        }
        Claim::Joined(id) => joined(context, &id, &links, now).await,
        Claim::Fresh(analysis) => ready(&job.video, &analysis, &links),
    }
}

fn read(mut fields: Fields) -> Result<Submission, Error> {
    let url = fields.string("url", reference::MAX_BYTES)?;
    let upload_id = fields.string("upload_id", 80)?;
    let language = fields.string("language", 35)?.map(language).transpose()?;
    let window = window(fields.seconds("start_s")?, fields.seconds("end_s")?)?;
    let transcript = fields.string("transcript", captions::MAX_BYTES)?;
    let force = fields.flag("force")?;
    fields.end()?;
    let video = match (url, upload_id) {
        (Some(url), None) => VideoKey::YouTube(reference::parse(&url).map_err(Error::from)?.id),
        (None, Some(id)) => {
            let hash = ContentHash::parse(id.strip_prefix("up:").unwrap_or(&id));
            VideoKey::Upload(hash.map_err(|_| Error::invalid("upload_id", "is no upload id"))?)
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "upload_id",
                "must not come together with url",
            ));
        }
        (None, None) => return Err(Error::invalid("url", "is missing, and so is upload_id")),
    };
    let transcript = transcript.map(|text| captions::parse(&text)).transpose()?;
    Ok(Submission {
        video,
        language,
        window,
        transcript,
        force,
    })
}

/// A language tag in the shape of BCP 47 (RFC 5646, section 2.1): subtags of letters and digits.
fn language(tag: String) -> Result<String, Error> {
    let mut subtags = tag.split('-');
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let primary = subtags.next().unwrap_or_default();
    let well_formed = (2..=8).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(is_subtag);
    if well_formed {
        Ok(tag.to_ascii_lowercase())
    } else {
        Err(Error::invalid(
            "language",
            "must be a language tag such as en or pt-BR",
        ))
    }
}

fn window(start_s: Option<f64>, end_s: Option<f64>) -> Result<Option<Window>, Error> {
    match (start_s, end_s) {
        (None, None) => Ok(None),
        (start, Some(end)) if end <= start.unwrap_or(0.0) => {
            Err(Error::invalid("end_s", "must be after start_s"))
        }
        (start, end_s) => Ok(Some(Window {
            start_s: start.unwrap_or(0.0),
            end_s,
        })),
    }
}

async fn media(context: &Context, video: &VideoKey) -> Result<Media, Error> {
    let VideoKey::Upload(hash) = video else {
        return Ok(Media::YouTube);
    };
    let recording = context
        .blobs
        .recording(hash)
        .await?
        .ok_or(Error::UploadMissing)?;
    Ok(Media::Upload {
        size_bytes: recording.size_bytes,
        content_type: recording.content_type,
        file_name: recording.file_name,
    })
}

fn ready(video: &VideoKey, analysis: &StoredAnalysis, links: &Links) -> Answer {
    let special = Some(analysis.variant.as_str()).filter(|v| *v != analysis::PIPELINE_VERSION);
    let link = links.video(video, special);
    let body = Ready {
        video_id: video.to_string(),
        status: "done",
        title: &analysis.title,
        finished_at: analysis.finished_at.rfc3339(),
        expires_at: analysis.expires_at.rfc3339(),
        links: ReadyLinks {
            video: link.clone(),
        },
    };
    let mut response = json(StatusCode::OK, &body)?;
    response
        .headers_mut()
        .insert(header::CONTENT_LOCATION, header_value(&link)?);
    Ok(response)
}

async fn joined(context: &Context, id: &JobId, links: &Links, now: Timestamp) -> Answer {
    let gone = || Error::internal("a claim without its job");
    let row = context.jobs.get(id).await?.ok_or_else(gone)?;
    revive_if_lost(context, &row, now).await;
    accepted(&row.job, links, now)
}

/// `GET`: the newest analysis, or that of `?variant=`, in the form of `?format=` or `Accept`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAcceptable`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let missing = || Error::NotFound { what: "analysis" };
    let parameters = request.path_parameters();
    let video: VideoKey = path_parameter(&parameters, "video_id")
        .parse()
        .map_err(|_| missing())?;
    let query = request.query_string_parameters();
    let form = negotiate::form(query.first("format"), request.headers())?;
    let now = (context.clock)();

    let Some(found) = context.videos.find(&video, query.first("variant")).await? else {
        return match context.videos.job_at_work(&video, now).await? {
            Some(id) => joined(context, &id, &Links::of(request), now).await,
            None => Err(missing()),
        };
    };
    let etag = etag(&found.analysis, form);
    if negotiate::has(request.headers(), &etag) {
        return with_validators(Response::builder().status(304), &etag, &found.analysis, now)
            .body(Body::Empty)
            .map_err(Error::internal);
    }
    let stored = match found.body.filter(|_| form == Form::Json) {
        Some(body) => Some(body),
        None => {
            let key = blobs::analysis_key(&video, &found.analysis.etag, form);
            context.blobs.get(&key).await?
        }
    };
    // A row whose blob is gone is as good as no row.
    let gzip = stored.ok_or_else(missing)?;
    let response = with_validators(Response::builder().status(200), &etag, &found.analysis, now)
        .header(header::CONTENT_TYPE, form.content_type());
    let response = if negotiate::takes_gzip(request.headers()) && gzip.len() <= LARGEST_GZIP {
        response
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Body::Binary(gzip.to_vec()))
    } else {
        let plain = blobs::gunzip(&gzip, LARGEST_PLAIN)?;
        response.body(Body::Text(
            String::from_utf8(plain).map_err(Error::internal)?,
        ))
    };
    response.map_err(Error::internal)
}

/// Each form is a representation of its own, and has a strong tag of its own.
fn etag(analysis: &StoredAnalysis, form: Form) -> String {
    let form: Cow<'_, str> = match form {
        Form::Json => "".into(),
        other => format!("-{}", other.extension()).into(),
    };
    format!("\"{}{form}\"", analysis.etag)
}

/// Caches may keep what is fresh for a minute, and show it for a day while they ask again.
fn with_validators(
    response: http::response::Builder,
    etag: &str,
    analysis: &StoredAnalysis,
    now: Timestamp,
) -> http::response::Builder {
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
    let date = at.date_time();
    let (weekday, month) = (date.weekday().to_string(), date.month().to_string());
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        date.day(),
        &month[..3],
        date.year(),
        date.hour(),
        date.minute(),
        date.second()
    )
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
    }

    #[test]
    fn takes_language_tags_and_nothing_else() {
        assert_eq!(language("pt-BR".to_owned()).unwrap(), "pt-br");
        assert_eq!(language("de".to_owned()).unwrap(), "de");
        for wrong in ["x", "english language", "en_US", "en-", "de;q=1", "123"] {
            assert!(language(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_ends_after_it_starts() {
        assert_eq!(window(None, None).unwrap(), None);
        let some = |start_s, end_s| Some(Window { start_s, end_s });
        assert_eq!(window(None, Some(5.0)).unwrap(), some(0.0, Some(5.0)));
        assert_eq!(window(Some(5.0), None).unwrap(), some(5.0, None));
        assert!(window(Some(5.0), Some(5.0)).is_err());
        assert!(window(None, Some(0.0)).is_err());
    }
}
