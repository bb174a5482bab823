//! `POST /v1/videos` and `POST /v1/videos/batch`.

use http::{StatusCode, header};
use lambda_http::Request;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Answer,
    fields::{Fields, required},
    header_value,
    jobs::{JobView, accepted},
    json,
    links::Links,
    problem::{self, Problem},
    request_id,
    throttle::Caller,
};
use eventrelay_analysis::{Captions, captions};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::Error,
    usage::Usage,
    video::{ContentHash, Resolution, VideoKey, Window, reference},
};
use eventrelay_store::StoredAnalysis;
use eventrelay_workflow::{
    context::Context,
    job::Request as JobRequest,
    submission::{self, Outcome, Submission},
};

/// Videos in one batch.
const MAX_VIDEOS: usize = 50;

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ReadyVideo")
)]
pub(super) struct Ready {
    video_id: String,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["done"])))]
    status: &'static str,
    title: String,
    finished_at: String,
    expires_at: String,
    answered_by: AnswerClass,
    /// Usage saved by the cached analysis.
    saved: Usage,
    links: ReadyLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct ReadyLinks {
    video: String,
}

impl Ready {
    fn new(video: &VideoKey, analysis: &StoredAnalysis, links: &Links) -> Self {
        Self {
            video_id: video.to_string(),
            status: "done",
            title: analysis.title.clone(),
            finished_at: analysis.finished_at.rfc3339(),
            expires_at: analysis.expires_at.rfc3339(),
            answered_by: analysis.answered_by,
            saved: analysis.usage,
            links: ReadyLinks {
                video: links.video(video, Some(&analysis.variant)),
            },
        }
    }
}

/// `POST /v1/videos`: 200 with the link where a fresh analysis is there, else 202 with the job
/// that makes it.
///
/// # Errors
/// [`Error::NotAVideo`], [`Error::InvalidInput`], [`Error::TranscriptInvalid`],
/// [`Error::UploadMissing`], [`Error::UploadMismatch`], [`Error::FailedBefore`],
/// [`Error::Storage`]. None of them leaves anything behind.
pub async fn submit(context: &Context, request: &Request) -> Answer {
    let submission = read(request)?;
    let (links, now) = (Links::new(request), (context.clock)());
    let video = submission.video.clone();
    let outcomes = submission::submit(context, vec![submission], now).await?;
    let lost = || Error::internal("a submission without an outcome");
    match outcomes.into_iter().next().ok_or_else(lost)?? {
        Outcome::Cached(analysis) => {
            let ready = Ready::new(&video, &analysis, &links);
            let mut response = json(StatusCode::OK, &ready)?;
            response
                .headers_mut()
                .insert(header::CONTENT_LOCATION, header_value(&ready.links.video)?);
            Ok(response)
        }
        Outcome::Queued(job) | Outcome::Joined(job) => accepted(&job, &links, now),
    }
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "BatchResult")
)]
pub(super) struct Batch {
    videos: Vec<BatchEntry>,
}

/// The answer to one video of a batch: the status that it would have had alone, and one of the
/// three bodies.
#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "BatchEntry")
)]
struct BatchEntry {
    index: usize,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["cached", "queued", "joined", "refused"])))]
    outcome: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<Ready>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `POST /v1/videos/batch`: one answer for each of up to fifty videos, in their order. What is
/// wrong with one of them is its own answer and does not concern the others.
///
/// # Errors
/// [`Error::InvalidInput`] for what is no list of videos, [`Error::Storage`].
pub async fn submit_batch(context: &Context, request: &Request) -> Answer {
    let read = read_batch(request)?;
    let (links, now) = (Links::new(request), (context.clock)());
    let request_id = request_id(request);
    let submissions: Vec<Submission> = read.iter().flatten().cloned().collect();
    let mut outcomes = if submissions.is_empty() {
        Vec::new()
    } else {
        submission::submit(context, submissions, now).await?
    }
    .into_iter();
    let mut videos = Vec::with_capacity(read.len());
    for (index, submission) in read.into_iter().enumerate() {
        let video = submission.as_ref().ok().map(|one| one.video.clone());
        let outcome = match submission {
            Ok(_) => outcomes
                .next()
                .unwrap_or_else(|| Err(Error::internal("an outcome is lost"))),
            Err(error) => Err(error),
        };
        videos.push(BatchEntry::new(
            index,
            video.as_ref(),
            outcome,
            &links,
            &request_id,
            now,
        ));
    }
    json(StatusCode::OK, &Batch { videos })
}

impl BatchEntry {
    fn new(
        index: usize,
        video: Option<&VideoKey>,
        outcome: Result<Outcome, Error>,
        links: &Links,
        request_id: &str,
        now: Timestamp,
    ) -> Self {
        let mut entry = Self {
            index,
            outcome: "refused",
            status: 200,
            video_id: video.map(ToString::to_string),
            video: None,
            job: None,
            problem: None,
        };
        match (outcome, video) {
            (Ok(Outcome::Cached(analysis)), Some(video)) => {
                entry.outcome = "cached";
                entry.video = Some(Ready::new(video, &analysis, links));
            }
            (Ok(Outcome::Queued(job)), _) => {
                (entry.outcome, entry.status) = ("queued", 202);
                entry.job = Some(JobView::new(&job, links, now));
            }
            (Ok(Outcome::Joined(job)), _) => {
                (entry.outcome, entry.status) = ("joined", 202);
                entry.job = Some(JobView::new(&job, links, now));
            }
            (Ok(Outcome::Cached(_)), None) => {}
            (Err(error), _) => {
                if error.problem().status >= 500 {
                    tracing::error!(error = error.report(), "A video of a batch failed");
                }
                let problem = problem::body(&error, request_id);
                entry.status = problem.status;
                entry.problem = Some(problem);
            }
        }
        entry
    }
}

/// A request for one video.
pub(crate) fn read(request: &Request) -> Result<Submission, Error> {
    submission(Fields::new(request)?, &Caller::new(request))
}

/// A request for up to fifty, each read by itself.
pub(crate) fn read_batch(request: &Request) -> Result<Vec<Result<Submission, Error>>, Error> {
    let mut fields = Fields::new(request)?;
    let entries = required("videos", fields.list("videos", MAX_VIDEOS)?)?;
    fields.end()?;
    let caller = Caller::new(request);
    let read = entries.into_iter().map(|entry| read_entry(entry, &caller));
    Ok(read.collect())
}

/// A video of a batch: as a single one is submitted, or its URL alone.
fn read_entry(entry: Value, caller: &Caller) -> Result<Submission, Error> {
    match entry {
        Value::Object(fields) => submission(Fields::from(fields), caller),
        Value::String(url) => {
            let fields = [("url".to_owned(), Value::String(url))];
            submission(Fields::from(serde_json::Map::from_iter(fields)), caller)
        }
        _ => Err(Error::invalid("videos", "must be objects or URLs")),
    }
}

/// The video that a request names: by a URL or by what an upload has answered.
///
/// # Errors
/// [`Error::InvalidInput`], [`Error::NotAVideo`].
pub(super) fn video(url: Option<String>, upload_id: Option<String>) -> Result<VideoKey, Error> {
    match (url, upload_id) {
        (Some(url), None) => Ok(VideoKey::YouTube(
            reference::parse(&url).map_err(Error::from)?.id,
        )),
        (None, Some(id)) => {
            let hash = ContentHash::parse(id.strip_prefix("up:").unwrap_or(&id));
            let hash = hash.map_err(|_| Error::invalid("upload_id", "is no upload id"))?;
            Ok(VideoKey::Upload(hash))
        }
        (Some(_), Some(_)) => Err(Error::invalid(
            "upload_id",
            "must not come together with url",
        )),
        (None, None) => Err(Error::invalid("url", "is missing, and so is upload_id")),
    }
}

fn submission(mut fields: Fields, caller: &Caller) -> Result<Submission, Error> {
    let url = fields.string("url", reference::MAX_BYTES)?;
    let upload_id = fields.string("upload_id", 80)?;
    let language = fields.string("language", 35)?.map(language).transpose()?;
    let window = window(fields.seconds("start_s")?, fields.seconds("end_s")?)?;
    let transcript = fields.bounded("transcript", captions::MAX_BYTES)?;
    let resolution = fields
        .string("resolution", 10)?
        .map(resolution)
        .transpose()?;
    let max_cost_usd = fields.price("max_cost_usd")?;
    let force = fields.flag("force")?;
    fields.end()?;
    let video = video(url, upload_id)?;
    let transcript = transcript.map(|text| captions::read(&text)).transpose()?;
    let transcript = transcript.as_ref().map(Captions::to_stored);
    let request = JobRequest {
        language,
        window,
        transcript: transcript
            .as_ref()
            .map(|text| hex::encode(Sha256::digest(text))),
        resolution,
        max_cost_usd,
        force,
    };
    Ok(Submission {
        video,
        request,
        transcript,
        submitted_by: caller.key_id.clone(),
    })
}

/// Reads a language tag in the shape of BCP 47 (RFC 5646, section 2.1): subtags of letters and
/// digits.
///
/// # Errors
/// [`Error::InvalidInput`] for any other text.
pub fn language(tag: String) -> Result<String, Error> {
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

pub(super) fn resolution(name: String) -> Result<Resolution, Error> {
    match name.as_str() {
        "low" => Ok(Resolution::Low),
        "medium" => Ok(Resolution::Medium),
        "high" => Ok(Resolution::High),
        _ => Err(Error::invalid("resolution", "must be low, medium or high")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_that_is_no_tag_is_refused() {
        assert_eq!(language("pt-BR".to_owned()).unwrap(), "pt-br");
        assert_eq!(language("de".to_owned()).unwrap(), "de");
        for wrong in ["x", "english language", "en_US", "en-", "de;q=1", "123"] {
            assert!(language(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn window_that_ends_before_its_start_is_refused() {
        assert_eq!(window(None, None).unwrap(), None);
        let some = |start_s, end_s| Some(Window { start_s, end_s });
        assert_eq!(window(None, Some(5.0)).unwrap(), some(0.0, Some(5.0)));
        assert_eq!(window(Some(5.0), None).unwrap(), some(5.0, None));
        assert!(window(Some(5.0), Some(5.0)).is_err());
        assert!(window(None, Some(0.0)).is_err());
    }
}
