//! Metadata of YouTube videos, and the videos of playlists.
//!
//! With a key, the Data API is asked (<https://developers.google.com/youtube/v3/docs/videos/list>).
//! Otherwise oEmbed is asked (<https://oembed.com>), which needs no key and returns less. Playlists
//! need the Data API.

mod duration;
mod playlist;

use std::time::{Duration, Instant};

use http::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::client::{Answer, HttpClient, Request, secret_header};
use super::guard::UpstreamGuard;
use super::key::with_key;
use eventrelay_analysis::text;
use eventrelay_core::error::{AccessFault, Error, Service, known_reason};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_store::secrets::Secret;

pub use playlist::PlaylistPage;

const SERVICE: Service = Service::YouTube;
/// Variable of `cargo local` that holds the key.
const KEY_VARIABLE: &str = "YOUTUBE_API_KEY";
/// Quota units of any `list` call
/// (<https://developers.google.com/youtube/v3/determine_quota_cost>).
const LIST_UNITS: u64 = 1;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum response size. The metadata of a video is below 64 kB.
const LIMIT: usize = 256 * 1024;
/// Maximum length of a title. YouTube's own limit is 100 characters.
const TITLE_CHARS: usize = 300;

/// Metadata of a video that can be analysed.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// Title, or `None` if embedding is disabled and there is no key.
    pub title: Option<String>,
    /// Title of the channel, absent under the same condition.
    pub channel: Option<String>,
    /// Length in seconds, only from the Data API.
    pub duration_s: Option<f64>,
}

/// Client of YouTube. A clone is cheap and shares the connection pool.
#[derive(Clone, Debug)]
pub struct YouTube {
    http: HttpClient,
    base_url: Url,
    oembed_base_url: Url,
    key: Option<Secret>,
    guard: UpstreamGuard,
}

#[derive(Deserialize)]
struct WireList {
    #[serde(default)]
    items: Vec<WireVideo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVideo {
    #[serde(default)]
    snippet: WireSnippet,
    #[serde(default)]
    content_details: WireDetails,
    #[serde(default)]
    status: WireStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSnippet {
    title: String,
    channel_title: String,
    live_broadcast_content: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireDetails {
    duration: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    privacy_status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEmbed {
    title: String,
    author_name: String,
}

impl YouTube {
    /// Creates a client of the Data API at `base_url` (`https://youtube.googleapis.com`), if there
    /// is a key, and of oEmbed at `oembed_base_url` (`https://www.youtube.com`). Each call passes
    /// the upstream guard. The key is sent in a header, never in a URL.
    pub fn new(
        http: HttpClient,
        base_url: Url,
        oembed_base_url: Url,
        key: Option<Secret>,
        guard: UpstreamGuard,
    ) -> Self {
        Self {
            http,
            base_url,
            oembed_base_url,
            key,
            guard,
        }
    }

    /// Returns a client whose calls end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            http: self.http.until(deadline),
            ..self.clone()
        }
    }

    /// Sends a request to the Data API that costs `units` of its daily quota.
    async fn ask(
        &self,
        key: &Secret,
        units: u64,
        request: Request,
        error_of: impl FnOnce(&Answer) -> Error,
    ) -> Result<Answer, Error> {
        let cost = Cost {
            requests: units,
            ..Cost::CALL
        };
        let call = async {
            let answer = self.send_with_key(key, request).await?;
            if answer.status.is_success() {
                Ok(answer)
            } else {
                Err(error_of(&answer))
            }
        };
        self.guard.call(Target::YouTube, cost, false, call).await
    }

    /// Returns the metadata of a video.
    ///
    /// If the daily quota of the Data API is exhausted, oEmbed is asked. Metadata is optional:
    /// after an error that is not permanent the analysis can proceed without it.
    ///
    /// # Errors
    /// [`Error::VideoNotFound`], [`Error::VideoPrivate`], [`Error::VideoNotPublic`],
    /// [`Error::VideoIsLive`] if the video cannot be analysed. [`Error::RateLimited`],
    /// [`Error::Unavailable`], [`Error::UpstreamRejected`], [`Error::UpstreamMalformed`] if YouTube
    /// gave no information.
    pub async fn metadata(&self, id: &str) -> Result<Metadata, Error> {
        match &self.key {
            Some(key) => match self.data_api(id, key).await {
                Err(Error::DailyQuotaSpent { .. }) => self.oembed(id).await,
                outcome => outcome,
            },
            None => self.oembed(id).await,
        }
    }

    async fn data_api(&self, id: &str, key: &Secret) -> Result<Metadata, Error> {
        let mut url = with_path(&self.base_url, &["youtube", "v3", "videos"])?;
        url.query_pairs_mut()
            .append_pair("part", "snippet,contentDetails,status")
            .append_pair("id", id);
        let request = Request::new(SERVICE, Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.ask(key, LIST_UNITS, request, data_api_error);
        let answer = answer.await?;
        let list: WireList = answer.json(SERVICE)?;
        // The API omits unknown and private videos from the list and reports success.
        let video = list.items.into_iter().next().ok_or(Error::VideoNotFound)?;
        match video.status.privacy_status.as_str() {
            "private" => return Err(Error::VideoPrivate),
            "unlisted" => return Err(Error::VideoNotPublic),
            _ => {}
        }
        if matches!(
            video.snippet.live_broadcast_content.as_str(),
            "live" | "upcoming"
        ) {
            return Err(Error::VideoIsLive);
        }
        Ok(Metadata {
            title: bounded(&video.snippet.title),
            channel: bounded(&video.snippet.channel_title),
            // A broadcast that has just ended is `P0D` until it is processed.
            duration_s: duration::parse(&video.content_details.duration).filter(|s| *s > 0.0),
        })
    }

    /// Sends a request to the Data API. A response that refuses the key is an error.
    async fn send_with_key(&self, secret: &Secret, request: Request) -> Result<Answer, Error> {
        with_key(secret, async |key| {
            let request = request
                .clone()
                .header("x-goog-api-key", secret_header(key)?);
            let answer = self.http.send(request).await?;
            match access_fault(&answer) {
                Some(fault) => Err(Error::AccessRefused {
                    service: SERVICE,
                    fault,
                    reason: shown_reason(&answer),
                    key: secret.key_source(KEY_VARIABLE),
                    source: format!("{} {}", answer.status.as_u16(), reason(&answer)).into(),
                }),
                None => Ok(answer),
            }
        })
        .await
    }

    async fn oembed(&self, id: &str) -> Result<Metadata, Error> {
        let mut url = with_path(&self.oembed_base_url, &["oembed"])?;
        let video = url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        url.query_pairs_mut()
            .append_pair("format", "json")
            .append_pair("url", &format!("https://www.youtube.com/watch?v={video}"));
        let request = Request::new(SERVICE, Method::GET, url, TIMEOUT, LIMIT);
        let call = async { embed(&self.http.send(request).await?) };
        let embed = self.guard.call(Target::OEmbed, Cost::CALL, false, call);
        let embed = embed.await?;
        Ok(Metadata {
            title: bounded(&embed.title),
            channel: bounded(&embed.author_name),
            duration_s: None,
        })
    }
}

fn embed(answer: &Answer) -> Result<WireEmbed, Error> {
    match answer.status.as_u16() {
        // Also seen with status 200.
        200..500 if answer.body.trim_ascii() == b"Forbidden" => Err(Error::VideoPrivate),
        200..300 => answer.json(SERVICE),
        // Embedding is disabled, which says nothing about watching.
        401 => Ok(WireEmbed::default()),
        403 => Err(Error::VideoPrivate),
        // A malformed id is answered 400.
        400 | 404 => Err(Error::VideoNotFound),
        _ => Err(refusal(answer, "oEmbed")),
    }
}

fn with_path(base: &Url, segments: &[&str]) -> Result<Url, Error> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Error::internal("the base URL of YouTube cannot have a path"))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// Returns a foreign text, cleaned and bounded.
fn bounded(text: &str) -> Option<String> {
    let text = text::line(text, TITLE_CHARS);
    (!text.is_empty()).then_some(text)
}

/// Returns the first `reason` of an error of the Data API, a constant in camel case. The message
/// beside it may quote the key.
fn reason(answer: &Answer) -> String {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = document.pointer("/error/errors/0/reason");
    let reason = reason.and_then(Value::as_str).unwrap_or_default();
    let constant = reason.chars().filter(char::is_ascii_alphanumeric);
    constant.take(60).collect()
}

/// Returns the fault of the key or its project, if the response names one
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>).
fn access_fault(answer: &Answer) -> Option<AccessFault> {
    if !matches!(answer.status.as_u16(), 400 | 401 | 403) {
        return None;
    }
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = document.pointer("/error/message").and_then(Value::as_str);
    if message.is_some_and(|text| text.to_lowercase().contains("reported as leaked")) {
        return Some(AccessFault::LeakedKey);
    }
    let of_reason = |reason: &str| match reason {
        "keyInvalid" | "keyExpired" | "ipRefererBlocked" => Some(AccessFault::Key),
        "accessNotConfigured" | "SERVICE_DISABLED" => Some(AccessFault::ServiceDisabled),
        "BILLING_DISABLED" => Some(AccessFault::Billing),
        reason if reason.starts_with("API_KEY_") => Some(AccessFault::Key),
        reason if reason.starts_with("CONSUMER_") => Some(AccessFault::Project),
        _ => None,
    };
    let fault = info_reasons(&document).find_map(of_reason);
    let fault = fault.or_else(|| of_reason(&reason(answer)));
    fault.or_else(|| (answer.status.as_u16() == 401).then_some(AccessFault::Key))
}

/// Returns the constant that names the reason, if it may be shown.
fn shown_reason(answer: &Answer) -> Option<&'static str> {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let mut of_details = info_reasons(&document);
    let known = of_details.find_map(known_reason);
    known.or_else(|| known_reason(&reason(answer)))
}

fn info_reasons(document: &Value) -> impl Iterator<Item = &str> {
    let details = document.pointer("/error/details").and_then(Value::as_array);
    let details = details.into_iter().flatten();
    details.filter_map(|detail| detail["reason"].as_str())
}

/// Maps an error response of the Data API to an error
/// (<https://developers.google.com/youtube/v3/docs/errors>).
fn data_api_error(answer: &Answer) -> Error {
    match reason(answer).as_str() {
        "quotaExceeded" | "dailyLimitExceeded" => Error::DailyQuotaSpent {
            service: SERVICE,
            retry_after: None,
        },
        "rateLimitExceeded" | "userRateLimitExceeded" => Error::RateLimited {
            service: SERVICE,
            retry_after: answer.retry_after(),
        },
        reason => refusal(answer, reason),
    }
}

/// Maps a status to an error.
fn refusal(answer: &Answer, reason: &str) -> Error {
    let status = answer.status.as_u16();
    let retry_after = answer.retry_after();
    let source = format!("{status} {reason}").into();
    match status {
        429 => Error::RateLimited {
            service: SERVICE,
            retry_after,
        },
        408 | 500.. => Error::Unavailable {
            service: SERVICE,
            retry_after,
            source,
        },
        // A redirect to a consent or captcha page, which data centres get at times.
        ..400 => Error::UpstreamMalformed {
            service: SERVICE,
            source,
        },
        _ => Error::UpstreamRejected {
            service: SERVICE,
            source,
        },
    }
}

#[cfg(test)]
mod tests;
