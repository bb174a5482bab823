//! The Gemini Developer API: the Files API and `generateContent`
//! (<https://ai.google.dev/api/files>, <https://ai.google.dev/api/generate-content>).

mod errors;
mod files;
mod generate;

pub use files::{
    CHUNK_TIMEOUT, ChunkOutcome, File, FilePage, FileState, UploadSession, UploadStart,
};
pub use generate::{
    Answered, GenerateRequest, Generated, MAX_OUTPUT_TOKENS, Media, MediaResolution, ThinkingLevel,
    Window,
};

use std::time::{Duration, Instant};

use url::Url;

use super::client::{Answer, HttpClient, Request, secret_header};
use super::guard::UpstreamGuard;
use super::key::with_key;
use errors::Asked;
use eventrelay_core::error::{Error, KeySource, Service};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::Gemini;
const KEY_HEADER: &str = "x-goog-api-key";
/// Variable of `cargo local` that holds the key.
const KEY_VARIABLE: &str = "GEMINI_API_KEY";
/// Timeout of calls that only read or change metadata.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum response size of these calls. A file's metadata is below 2 kB.
const CONTROL_LIMIT: usize = 256 * 1024;

/// Client of the API. A clone is cheap and shares the connection pool.
#[derive(Clone, Debug)]
pub struct Gemini {
    http: HttpClient,
    base_url: Url,
    version: String,
    key: Secret,
    guard: UpstreamGuard,
}

impl Gemini {
    /// Creates a client of `version` (`v1` or `v1beta`; some models exist only in the latter) at
    /// `base_url` (`https://generativelanguage.googleapis.com`). Each call passes the upstream
    /// guard. The key is sent in a header, never in a URL.
    pub fn new(
        http: HttpClient,
        base_url: Url,
        version: impl Into<String>,
        key: Secret,
        guard: UpstreamGuard,
    ) -> Self {
        Self {
            http,
            base_url,
            version: version.into(),
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

    /// Returns the URL of these path segments, percent-encoded.
    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::internal("the base URL of Gemini cannot have a path"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Makes a call of the Files API that needs the key.
    async fn call_with_key(&self, asked: Asked<'_>, request: Request) -> Result<Answer, Error> {
        let call = self.send_with_key(asked, request);
        self.guard
            .call(Target::Files, Cost::CALL, false, call)
            .await
    }

    /// Sends a request with the key, see [`Self::send`].
    async fn send_with_key(&self, asked: Asked<'_>, request: Request) -> Result<Answer, Error> {
        with_key(&self.key, async |key| {
            let request = request.clone().header(KEY_HEADER, secret_header(key)?);
            self.send(asked, request).await
        })
        .await
    }

    /// Makes a call of the Files API whose URL is the credential.
    async fn call(&self, asked: Asked<'_>, request: Request) -> Result<Answer, Error> {
        let call = self.send(asked, request);
        self.guard
            .call(Target::Files, Cost::CALL, false, call)
            .await
    }

    /// Sends a request and maps every error status to the error for `asked`.
    async fn send(&self, asked: Asked<'_>, request: Request) -> Result<Answer, Error> {
        let answer = self.http.send(request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let key = self.key.key_source(KEY_VARIABLE);
        Err(errors::classify(asked, &answer, &key, |text| {
            self.key.redact(text)
        }))
    }
}

/// Reads a response about a YouTube video, whatever its status.
pub fn read_generated(answer: &Answer) -> Result<Generated, Error> {
    if !answer.status.is_success() {
        let asked = Asked::WatchYouTube { model: "model" };
        let key = KeySource::Variable(KEY_VARIABLE);
        return Err(errors::classify(asked, answer, &key, str::to_owned));
    }
    generate::decode(answer.json(SERVICE)?)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use eventrelay_testing::Responder;
    use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};

    pub const KEY: &str = "AIzaSy-test-key-that-must-not-leak";

    pub fn client(server: &Responder) -> Gemini {
        Gemini::new(
            HttpClient::new().unwrap(),
            server.url.clone(),
            "v1beta",
            KEY.into(),
            UpstreamGuard::open(),
        )
    }

    /// Fails unless `body` is exactly such a message of the published protocol.
    pub(crate) fn assert_is(message: &str, body: &[u8]) {
        let specs =
            include_bytes!("../../../../../tests/data/specs/gemini.v1beta.descriptorset.bin")
                .as_ref();
        let pool = DescriptorPool::decode(specs).unwrap();
        let name = format!("google.ai.generativelanguage.v1beta.{message}");
        let descriptor = pool.get_message_by_name(&name).unwrap();
        let mut json = serde_json::Deserializer::from_slice(body);
        let strict = DeserializeOptions::new().deny_unknown_fields(true);
        DynamicMessage::deserialize_with_options(descriptor, &mut json, &strict)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(body)));
    }

    #[tokio::test]
    async fn segments_cannot_leave_their_place() {
        let server = Responder::start(|_| unreachable!()).await;
        let url = client(&server)
            .url(["v1beta", "models", "a/../b?c#d:generateContent"])
            .unwrap();
        assert_eq!(
            url.path(),
            "/v1beta/models/a%2F..%2Fb%3Fc%23d:generateContent"
        );
        assert_eq!((url.query(), url.fragment()), (None, None));
    }

    #[tokio::test]
    async fn the_key_is_not_in_the_debug_form() {
        let server = Responder::start(|_| unreachable!()).await;
        assert!(!format!("{:?}", client(&server)).contains(KEY));
    }
}
