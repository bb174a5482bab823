use super::*;
use eventrelay_testing::{Reply, Responder};
use proptest::prelude::*;

const ID: &str = "9hE5-98ZeCg";
pub(super) const KEY: &str = "AIzaSy-test-key-that-must-not-leak";
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

pub(super) fn failure(code: u16, reason: &str) -> String {
    format!(
        r#"{{"error":{{"code":{code},"message":"Bad key {KEY}","errors":[{{"message":"m","domain":"youtube.quota","reason":"{reason}"}}]}}}}"#
    )
}

/// Server that gives this response for the Data API and 401 for oEmbed, so that a fallback is
/// visible.
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
    YouTube::new(
        HttpClient::new().unwrap(),
        url.clone(),
        url,
        key,
        UpstreamGuard::open(),
    )
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
    assert_eq!(metadata.title, None);
    let oembed = &server.seen()[1];
    assert!(oembed.path.starts_with("/oembed?"), "{}", oembed.path);
    assert_eq!(oembed.header("x-goog-api-key"), "");
}

#[tokio::test]
async fn other_failures_of_the_data_api_say_what_they_are_without_the_key() {
    for (status, reason, expected) in [
        (400, "keyInvalid", "access-refused"),
        (403, "accessNotConfigured", "access-refused"),
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
