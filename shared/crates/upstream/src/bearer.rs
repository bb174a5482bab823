//! Client of a JSON API with a bearer token (RFC 6750), behind the upstream guard.

use std::time::{Duration, Instant};

use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::client::{Answer, HttpClient, Request, secret_header};
use super::guard::{Admission, UpstreamGuard};
use super::key::with_key;
use eventrelay_analysis::text;
use eventrelay_core::error::{Error, Service, Source};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_store::secrets::Secret;

/// Maximum length of foreign text in the log.
const LOGGED: usize = 500;
/// Maximum length of an id that is stored. Ids have 36 characters at most.
const MAX_ID_LENGTH: usize = 100;
/// Maximum length of a URL that is kept and shown. URLs have about 100 characters.
const MAX_URL_LENGTH: usize = 500;
/// Maximum length of the message of a failure, in characters.
const MAX_MESSAGE_LENGTH: usize = 500;

/// Cost of a call that uses no quota. It is still throttled during a pause that the service asked
/// for and while the circuit breaker is open.
pub(super) const FREE: Cost = Cost {
    requests: 0,
    ..Cost::CALL
};

/// Removes our token from a text.
pub(super) type Redact<'a> = &'a dyn Fn(&str) -> String;

/// Properties of an API that hold for all its calls.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) service: Service,
    pub(super) target: Target<'static>,
    /// Headers of each request.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Timeout of a request, unless it has its own.
    pub(super) timeout: Duration,
    /// Maximum size of a response, unless the request has its own.
    pub(super) limit: usize,
    /// Maps an error response to an error.
    pub(super) error_of: fn(&Answer, Redact<'_>) -> Error,
}

/// Client of the API. A clone is cheap and shares the connection pool.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    api: &'static Api,
    http: HttpClient,
    base_url: Url,
    token: Secret,
    guard: UpstreamGuard,
    has_reservation: bool,
    /// Admission of the one call that this client is for.
    admission: Option<Admission>,
}

impl Bearer {
    pub(super) fn new(
        api: &'static Api,
        http: HttpClient,
        base_url: Url,
        token: Secret,
        guard: UpstreamGuard,
    ) -> Self {
        Self {
            api,
            http,
            base_url,
            token,
            guard,
            has_reservation: false,
            admission: None,
        }
    }

    /// Returns a client whose calls end at `deadline`, for a caller that does or does not return at
    /// the time of [`Error::Throttled`] ([`eventrelay_core::limit::check`]).
    pub(super) fn within(&self, deadline: Instant, has_reservation: bool) -> Self {
        Self {
            http: self.http.until(deadline),
            has_reservation,
            ..self.clone()
        }
    }

    /// Returns a client with other properties of the API.
    pub(super) fn with_api(&self, api: &'static Api) -> Self {
        Self {
            api,
            ..self.clone()
        }
    }

    /// Returns a client for one call of this cost, which is admitted and counted now.
    pub(super) async fn admitted(&self, cost: Cost) -> Result<Self, Error> {
        let target = self.api.target;
        let admission = self.guard.admit(target, cost, self.has_reservation).await?;
        Ok(Self {
            admission: Some(admission),
            ..self.clone()
        })
    }

    /// Returns whether the call was admitted as the probe of a failing service.
    pub(super) fn is_probe(&self) -> bool {
        self.admission.is_some_and(|admission| admission.probe)
    }

    /// Returns the URL of these path segments, percent-encoded.
    pub(super) fn url<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Url, Error> {
        let mut url = self.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::internal("a base URL that cannot have a path"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Creates a request without a body.
    pub(super) fn request(&self, method: Method, url: Url) -> Request {
        let Api {
            service,
            timeout,
            limit,
            ..
        } = *self.api;
        let request = Request::new(service, method, url, timeout, limit);
        let headers = self.api.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.header(name, HeaderValue::from_static(value))
        })
    }

    /// Creates a request with a JSON body.
    pub(super) fn json_request(
        &self,
        method: Method,
        url: Url,
        body: &impl Serialize,
    ) -> Result<Request, Error> {
        self.request(method, url).json(body)
    }

    /// Sends a request with the token through the upstream guard. An error response counts as a
    /// success if `accepts` it.
    pub(super) async fn call(
        &self,
        cost: Cost,
        request: Request,
        accepts: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, Error> {
        let Api {
            target, error_of, ..
        } = *self.api;
        let sent = with_key(&self.token, async |token| {
            let request = request.clone().header("authorization", header(token)?);
            let answer = self.http.send(request).await?;
            if answer.status.is_success() || accepts(&answer) {
                return Ok(answer);
            }
            Err(error_of(&answer, &|text| self.token.redact(text)))
        });
        match self.admission {
            Some(admission) => self.guard.call_admitted(target, admission, sent).await,
            None => {
                self.guard
                    .call(target, cost, self.has_reservation, sent)
                    .await
            }
        }
    }

    /// Gets a resource that uses no quota, or `None` if it does not exist.
    pub(super) async fn find<T: DeserializeOwned>(&self, url: Url) -> Result<Option<T>, Error> {
        let request = self.request(Method::GET, url);
        let answer = self.call(FREE, request, is_missing).await?;
        if is_missing(&answer) {
            return Ok(None);
        }
        answer.json(self.api.service).map(Some)
    }

    /// Gets a resource that uses no quota.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        let answer = self.call(FREE, self.request(Method::GET, url), accept_none);
        answer.await?.json(self.api.service)
    }
}

/// Treats every error response as an error.
pub(super) fn accept_none(_: &Answer) -> bool {
    false
}

/// Treats 404 as a valid response.
pub(super) fn is_missing(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND
}

/// Returns whether a text is an id that can be stored: ASCII letters, digits, `-` and `_`.
pub(super) fn is_id(text: &str) -> bool {
    let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(is_byte)
}

/// Returns whether a text is a URL of the web that can be kept and shown.
pub(super) fn is_web_url(text: &str) -> bool {
    let is_of_the_web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_of_the_web && text.len() <= MAX_URL_LENGTH
}

/// Returns the message of a failure as one line, for the operator of the deployment.
pub(super) fn failure_message(message: Option<String>) -> Option<String> {
    let line = text::line(&message?, MAX_MESSAGE_LENGTH);
    Some(line).filter(|line| !line.is_empty())
}

fn header(token: &SecretString) -> Result<HeaderValue, Error> {
    secret_header(&format!("Bearer {}", token.expose_secret()).into())
}

/// Formats foreign text for the log: bounded, on one line, without the token.
pub(super) fn logged(answer: &Answer, code: &str, message: &str, redact: Redact<'_>) -> Source {
    let text = redact(&format!("{code} {message}"));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.chars().filter(|c| !c.is_control());
    let line: String = line.take(LOGGED).collect();
    format!("{} {line}", answer.status.as_u16()).into()
}

/// Maps a status that has the same meaning at all services to an error. `pause` is the default
/// pause of a rate limit without a stated one.
pub(super) fn refusal(service: Service, answer: &Answer, pause: Duration, source: Source) -> Error {
    match answer.status.as_u16() {
        401 => super::key::key_refused(service, source),
        429 => Error::RateLimited {
            service,
            retry_after: Some(answer.retry_after().unwrap_or(pause)),
        },
        408 | 500.. => Error::Unavailable {
            service,
            retry_after: answer.retry_after(),
            source,
        },
        _ => Error::UpstreamRejected { service, source },
    }
}
