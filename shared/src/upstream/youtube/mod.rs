//! What YouTube says about a video: by the Data API where there is a key
//! (<https://developers.google.com/youtube/v3/docs/videos/list>), else by oEmbed
//! (<https://oembed.com>), which needs none and says less.

mod duration;

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use super::client::{Answer, HttpClient, Request, secret_header};
use crate::error::{Error, Service};

const SERVICE: Service = Service::YouTube;
const TIMEOUT: Duration = Duration::from_secs(5);
/// A video's whole description is below 64 kB.
const LIMIT: usize = 256 * 1024;
/// YouTube's own limit on a title is 100 characters.
const TITLE_CHARS: usize = 300;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataSource {
    /// The Data API: the video is known to be public and not live.
    DataApi,
    /// oEmbed: there is such a video, but it may be unlisted or live.
    OEmbed,
}

/// What is known of a video that can be analysed.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// None where embedding is disabled and there is no key.
    pub title: Option<String>,
    /// The channel's title, as the above.
    pub channel: Option<String>,
    /// Length in seconds; only from the Data API.
    pub duration_s: Option<f64>,
    /// When it was published; only from the Data API.
    pub published_at: Option<OffsetDateTime>,
    /// Who said it.
    pub source: MetadataSource,
}

/// The client. A clone is cheap and shares its connections.
#[derive(Clone, Debug)]
pub struct YouTube {
    http: HttpClient,
    base_url: Url,
    oembed_base_url: Url,
    key: Option<SecretString>,
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
    published_at: String,
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
    /// A client of the Data API at `base_url` (`https://youtube.googleapis.com`), if there is a key,
    /// and of oEmbed at `oembed_base_url` (`https://www.youtube.com`). The key goes into a header,
    /// never into a URL.
    pub fn new(
        http: HttpClient,
        base_url: Url,
        oembed_base_url: Url,
        key: Option<SecretString>,
    ) -> Self {
        Self {
            http,
            base_url,
            oembed_base_url,
            key,
        }
    }

    /// What is known of the video with this id. When the Data API's quota for the day is used up,
    /// oEmbed is asked instead. It is a look ahead, not a condition: after an error that is not
    /// permanent the analysis can go on without.
    ///
    /// # Errors
    /// [`Error::VideoNotFound`], [`Error::VideoPrivate`], [`Error::VideoNotPublic`],
    /// [`Error::VideoIsLive`] where the video cannot be analysed; [`Error::RateLimited`],
    /// [`Error::Unavailable`], [`Error::UpstreamRejected`], [`Error::UpstreamMalformed`] where
    /// YouTube did not say.
    pub async fn metadata(&self, id: &str) -> Result<Metadata, Error> {
        match &self.key {
            Some(key) => match self.data_api(id, key).await {
                Err(Error::DailyQuotaSpent { .. }) => self.oembed(id).await,
                outcome => outcome,
            },
            None => self.oembed(id).await,
        }
    }

    async fn data_api(&self, id: &str, key: &SecretString) -> Result<Metadata, Error> {
        let mut url = with_path(&self.base_url, &["youtube", "v3", "videos"])?;
        url.query_pairs_mut()
            .append_pair("part", "snippet,contentDetails,status")
            .append_pair("id", id);
        let request = Request::new(SERVICE, Method::GET, url, TIMEOUT, LIMIT)
            .header("x-goog-api-key", secret_header(key)?);
        let answer = self.http.send(request).await?;
        if !answer.status.is_success() {
            return Err(data_api_error(&answer));
        }
        let list: WireList = answer.json(SERVICE)?;
        // Unknown and private videos are left out of the list, which is a success.
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
            published_at: OffsetDateTime::parse(&video.snippet.published_at, &Rfc3339).ok(),
            source: MetadataSource::DataApi,
        })
    }

    async fn oembed(&self, id: &str) -> Result<Metadata, Error> {
        let mut url = with_path(&self.oembed_base_url, &["oembed"])?;
        let video = url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        url.query_pairs_mut()
            .append_pair("format", "json")
            .append_pair("url", &format!("https://www.youtube.com/watch?v={video}"));
        let request = Request::new(SERVICE, Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.http.send(request).await?;
        let embed = match answer.status.as_u16() {
            // Also seen with status 200.
            200..500 if answer.body.trim_ascii() == b"Forbidden" => {
                return Err(Error::VideoPrivate);
            }
            200..300 => answer.json(SERVICE)?,
            // Embedding is disabled, which says nothing about watching.
            401 => WireEmbed::default(),
            403 => return Err(Error::VideoPrivate),
            // A malformed id is answered 400.
            400 | 404 => return Err(Error::VideoNotFound),
            _ => return Err(refusal(&answer, "oEmbed")),
        };
        Ok(Metadata {
            title: bounded(&embed.title),
            channel: bounded(&embed.author_name),
            duration_s: None,
            published_at: None,
            source: MetadataSource::OEmbed,
        })
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

/// A text of somebody else's, without surrounding space and not too long.
fn bounded(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(TITLE_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

/// What an error of the Data API means
/// (<https://developers.google.com/youtube/v3/docs/errors>): its first `reason` decides.
fn data_api_error(answer: &Answer) -> Error {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = document
        .pointer("/error/errors/0/reason")
        .and_then(Value::as_str);
    match reason.unwrap_or_default() {
        "quotaExceeded" | "dailyLimitExceeded" => Error::DailyQuotaSpent { service: SERVICE },
        "rateLimitExceeded" | "userRateLimitExceeded" => Error::RateLimited {
            service: SERVICE,
            retry_after: answer.retry_after(),
        },
        reason => {
            // A constant in camel case; the message beside it may quote the key.
            let reason: String = reason
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(60)
                .collect();
            refusal(answer, &reason)
        }
    }
}

/// What a status alone means.
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
        // To a consent or captcha page, as data centres get it at times.
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
mod tests {
    use super::*;
    use crate::upstream::responder::{Reply, Responder};
    use proptest::prelude::*;

    const ID: &str = "9hE5-98ZeCg";
    const KEY: &str = "AIzaSy-test-key-that-must-not-leak";
    const EMBED: &str = r#"{"title":"A talk","author_name":"A channel","author_url":"https://www.youtube.com/@c","type":"video",
        "height":113,"width":200,"version":"1.0","provider_name":"YouTube","provider_url":"https://www.youtube.com/",
        "thumbnail_height":360,"thumbnail_width":480,"thumbnail_url":"https://i.ytimg.com/vi/x/hqdefault.jpg","html":"<iframe></iframe>"}"#;

    fn video(privacy: &str, live: &str, duration: &str) -> String {
        format!(
            r#"{{"kind":"youtube#videoListResponse","etag":"e","items":[{{"kind":"youtube#video","id":"{ID}",
            "snippet":{{"publishedAt":"2026-01-02T03:04:05Z","title":" A talk ","channelTitle":"A channel","liveBroadcastContent":"{live}"}},
            "contentDetails":{{"duration":"{duration}","caption":"true"}},
            "status":{{"uploadStatus":"processed","privacyStatus":"{privacy}","embeddable":true}}}}],
            "pageInfo":{{"totalResults":1,"resultsPerPage":1}}}}"#
        )
    }

    fn failure(code: u16, reason: &str) -> String {
        format!(
            r#"{{"error":{{"code":{code},"message":"Bad key {KEY}","errors":[{{"message":"m","domain":"youtube.quota","reason":"{reason}"}}]}}}}"#
        )
    }

    /// Answers the Data API as given, and oEmbed with 401, so that a fall-back is seen.
    async fn server(status: u16, body: impl Into<String>) -> Responder {
        let body = body.into();
        Responder::start(move |seen| {
            if seen.path.starts_with("/oembed") {
                return Reply::new(401, "Unauthorized");
            }
            Reply::new(status, body.clone())
        })
        .await
    }

    async fn ask(server: &Responder, key: Option<&str>) -> Result<Metadata, Error> {
        let (url, key) = (server.url.clone(), key.map(Into::into));
        YouTube::new(HttpClient::new().unwrap(), url.clone(), url, key)
            .metadata(ID)
            .await
    }

    #[tokio::test]
    async fn the_data_api_tells_everything_and_the_key_stays_out_of_the_url() {
        let server = server(200, video("public", "none", "PT1H2M3S")).await;
        let metadata = ask(&server, Some(KEY)).await.unwrap();
        assert_eq!(metadata.title.as_deref(), Some("A talk"));
        assert_eq!(metadata.channel.as_deref(), Some("A channel"));
        assert_eq!(metadata.duration_s, Some(3723.0));
        assert_eq!(
            metadata.published_at.map(|at| at.unix_timestamp()),
            Some(1_767_323_045)
        );
        assert_eq!(metadata.source, MetadataSource::DataApi);
        let seen = server.seen();
        assert_eq!(seen[0].header("x-goog-api-key"), KEY);
        assert_eq!(
            seen[0].path,
            format!("/youtube/v3/videos?part=snippet%2CcontentDetails%2Cstatus&id={ID}")
        );
    }

    #[tokio::test]
    async fn a_video_that_cannot_be_analysed_is_an_error() {
        for (body, expected) in [
            (r#"{"items":[]}"#.to_owned(), "video-not-found"),
            ("{}".to_owned(), "video-not-found"),
            (video("private", "none", "PT1S"), "video-private"),
            (video("unlisted", "none", "PT1S"), "video-not-public"),
            (video("public", "live", "P0D"), "video-is-live"),
            (video("public", "upcoming", "P0D"), "video-is-live"),
            ("<html>".to_owned(), "upstream-malformed"),
        ] {
            let error = ask(&server(200, body.clone()).await, Some(KEY))
                .await
                .unwrap_err();
            assert_eq!(error.problem().slug, expected, "{body}");
        }
        assert!(
            Error::VideoNotFound
                .detail()
                .contains("does not exist or is private")
        );
    }

    #[tokio::test]
    async fn a_broadcast_that_is_over_has_no_length_yet() {
        let server = server(200, video("public", "completed", "P0D")).await;
        assert_eq!(ask(&server, Some(KEY)).await.unwrap().duration_s, None);
    }

    #[tokio::test]
    async fn a_spent_quota_falls_back_to_oembed() {
        let server = server(403, failure(403, "quotaExceeded")).await;
        let metadata = ask(&server, Some(KEY)).await.unwrap();
        assert_eq!(
            (metadata.title, metadata.source),
            (None, MetadataSource::OEmbed)
        );
        assert_eq!(server.seen()[1].header("x-goog-api-key"), "");
    }

    #[tokio::test]
    async fn other_failures_of_the_data_api_say_what_they_are_without_the_key() {
        for (status, reason, expected) in [
            (400, "keyInvalid", "upstream-rejected"),
            (403, "accessNotConfigured", "upstream-rejected"),
            (403, "rateLimitExceeded", "rate-limited"),
            (429, "", "rate-limited"),
            (500, "backendError", "upstream-unavailable"),
            (503, "", "upstream-unavailable"),
            (302, "", "upstream-malformed"),
        ] {
            let server = server(status, failure(status, reason)).await;
            let error = ask(&server, Some(KEY)).await.unwrap_err();
            assert_eq!(error.problem().slug, expected, "{status} {reason}");
            assert!(!format!("{error:?}").contains(KEY), "{error:?}");
        }
    }

    #[tokio::test]
    async fn oembed_answers_by_status_and_plain_text() {
        for (status, body, expected) in [
            (200, EMBED, "A talk"),
            (200, "Forbidden", "video-private"),
            (200, "<html>", "upstream-malformed"),
            (302, "", "upstream-malformed"),
            (400, "Bad Request", "video-not-found"),
            (401, "Unauthorized", ""),
            (403, "Forbidden", "video-private"),
            (403, "", "video-private"),
            (404, "Not Found", "video-not-found"),
            (418, "", "upstream-rejected"),
            (429, "", "rate-limited"),
            (500, "Forbidden", "upstream-unavailable"),
            (503, "", "upstream-unavailable"),
        ] {
            let server = Responder::start(move |_| Reply::new(status, body)).await;
            let outcome = ask(&server, None).await;
            let said = match &outcome {
                Ok(metadata) => metadata.title.as_deref().unwrap_or_default(),
                Err(error) => error.problem().slug,
            };
            assert_eq!(said, expected, "{status} {body}");
            assert_eq!(
                server.seen()[0].path,
                format!("/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{ID}")
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_error_parser_panic(status in 300u16..600, body: Vec<u8>) {
            let status = http::StatusCode::from_u16(status).unwrap();
            data_api_error(&Answer { status, headers: http::HeaderMap::new(), body: body.into() });
        }
    }
}
