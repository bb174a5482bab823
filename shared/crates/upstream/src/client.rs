//! Shared HTTP client with a warm connection pool.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service, Source};
use eventrelay_core::telemetry::{self, Field, Group, Metric};

/// Idle timeout of pooled connections.
///
/// It is below the shortest one seen at a server (S3: about 20 s, aws-sdk-rust issue 1106), so that
/// a pooled connection is rarely one that the server has just closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Timeout between two parts of a body. A server that has begun a response is not computing any
/// more.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum concurrent requests, and so connections without HTTP/2. Excess requests wait here and
/// not in a queue of the server.
const POOL: usize = 16;
/// Maximum bytes read of an error body, enough for any error document.
const ERROR_BODY_LIMIT: usize = 64 * 1024;
/// Maximum accepted `Retry-After`. No service seriously asks for more than a day.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// HTTP client of a process. Clones share the connection pool.
///
/// It follows no redirects: an API that redirects is misconfigured, and credentials must not go to
/// another host.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    pool: Arc<Semaphore>,
    deadline: Option<Instant>,
    read_timeout: Duration,
}

/// HTTP request. The setters are optional.
#[derive(Clone, Debug)]
pub struct Request {
    service: Service,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
    limit: usize,
    idempotent: bool,
}

impl Request {
    /// Creates a request whose complete response must arrive within `timeout` and have at most
    /// `limit` bytes of body.
    pub fn new(
        service: Service,
        method: Method,
        url: Url,
        timeout: Duration,
        limit: usize,
    ) -> Self {
        let idempotent = method.is_idempotent();
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self {
            service,
            method,
            url,
            headers,
            body,
            timeout,
            limit,
            idempotent,
        }
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the maximum size of the response.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    /// Sets a JSON body and its content type.
    ///
    /// # Errors
    /// [`Error::Internal`] if the value cannot be serialised.
    pub fn json(mut self, value: &impl serde::Serialize) -> Result<Self, Error> {
        self.body = serde_json::to_vec(value).map_err(Error::internal)?.into();
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// Marks the request as idempotent although its method is not (RFC 9110, section 9.2.2).
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// Converts a secret to a header value that no log shows.
///
/// # Errors
/// [`Error::Internal`] if it is no valid header value, which is a configuration error.
pub fn secret_header(secret: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(secret.expose_secret())
        .map_err(|_| Error::internal("a configured secret is not a valid header value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// HTTP response with any status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Body; of an error only the first 64 KiB.
    pub body: Bytes,
}

impl Answer {
    /// Returns a header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the pause that the service asks for, at most a day.
    ///
    /// `Retry-After` has seconds or a date. A date is taken relative to the response's own `Date`,
    /// so that our clock does not matter (RFC 9110, section 10.2.3). Without that header, the pause
    /// ends at `X-RateLimit-Reset`, epoch seconds, if `X-RateLimit-Remaining` is zero
    /// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).
    pub fn retry_after(&self) -> Option<Duration> {
        let pause = match self.header(RETRY_AFTER.as_str()).map(str::trim) {
            Some(value) => match value.parse() {
                Ok(seconds) => Duration::from_secs(seconds),
                Err(_) => since(self.date()?, date(value)?),
            },
            None => {
                let header = |name| self.header(name).map(str::trim);
                header("x-ratelimit-remaining").filter(|left| *left == "0")?;
                let reset = header("x-ratelimit-reset")?.parse().ok()?;
                since(
                    self.date()?,
                    UNIX_EPOCH.checked_add(Duration::from_secs(reset))?,
                )
            }
        };
        Some(pause.min(MAX_PAUSE))
    }

    fn date(&self) -> Option<SystemTime> {
        date(self.header(DATE.as_str())?)
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    /// [`Error::UpstreamMalformed`] if the body is not JSON of this shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self, service: Service) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| malformed(service, error))
    }
}

/// Error of a response that is not what the service documents.
pub(crate) fn malformed(service: Service, what: impl Into<Source>) -> Error {
    Error::UpstreamMalformed {
        service,
        source: what.into(),
    }
}

/// Parses an HTTP date.
fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

fn since(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

impl HttpClient {
    /// Builds the client, without I/O. The root certificates are compiled in, since reading those
    /// of the system takes tens of milliseconds of every cold start.
    ///
    /// # Errors
    /// [`Error::Internal`] if rustls and reqwest are incompatible.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that builds the client"
    )]
    pub fn new() -> Result<Self, Error> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = rustls::crypto::ring::default_provider();
        let mut tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let inner = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Otherwise the proxy variables of the environment would be read.
            .no_proxy()
            .user_agent(concat!("eventrelay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(Self {
            inner,
            pool: Arc::new(Semaphore::new(POOL)),
            deadline: None,
            read_timeout: READ_TIMEOUT,
        })
    }

    /// Returns a client whose requests end at `deadline`: the function's deadline less the time to
    /// store the outcome.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self.clone()
        }
    }

    /// Returns the number of requests in flight. Without HTTP/2, as many connections are in use.
    #[must_use]
    pub fn active_connections(&self) -> usize {
        POOL - self.pool.available_permits()
    }

    /// Sends a request and reads the response.
    ///
    /// At most 16 requests are in flight. Waiting for a permit does not count against the request's
    /// timeout. If the connection of an idempotent request fails before a response, the request is
    /// retried once, at once and within the same timeout. Most likely the server closed a pooled
    /// connection (hyper issue 2136).
    ///
    /// # Errors
    /// [`Error::Unreachable`] if no connection can be made. [`Error::Unavailable`] if the response
    /// is not complete in time. [`Error::UpstreamMalformed`] if a successful response is larger
    /// than the request's limit. A response with an error status is no error.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let service = request.service;
        let _place = self.place(service).await?;
        let started = Instant::now();
        let answer = self.exchange(request).await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        #[expect(clippy::cast_precision_loss, reason = "as many as the pool has")]
        let active = self.active_connections() as f64;
        let of_call = Group {
            by: &[service.into_str(), outcome(status)],
            values: &[
                (Metric::ApiCallDuration, started.elapsed().as_secs_f64()),
                (Metric::ActiveConnections, active),
            ],
        };
        let status = status.map_or(Field::None, |status| Field::Count(status.as_u16().into()));
        telemetry::write(&[of_call], &[("http.status", status)], Timestamp::now());
        answer
    }

    /// Acquires a permit for one concurrent request.
    async fn place(&self, service: Service) -> Result<SemaphorePermit<'_>, Error> {
        let place = self.pool.acquire();
        let place = match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), place).await,
            None => Ok(place.await),
        };
        let place = place.map_err(|_| Error::Unavailable {
            service,
            retry_after: None,
            source: "no connection was free in time".into(),
        })?;
        place.map_err(Error::internal)
    }

    async fn exchange(&self, mut request: Request) -> Result<Answer, Error> {
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            request.timeout = request.timeout.min(left);
        }
        let deadline = Instant::now() + request.timeout;
        let service = request.service;
        let host = host_of(&request.url);
        let response = match self.attempt(&request, request.timeout).await {
            Err(error) if request.idempotent && connection_died(&error) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.attempt(&request, left).await
            }
            outcome => outcome,
        };
        let mut response = response.map_err(|error| {
            if error.is_connect() {
                unreachable_host(service, &host, error)
            } else {
                unavailable(service, error)
            }
        })?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        loop {
            let chunk = tokio::time::timeout(self.read_timeout, response.chunk()).await;
            let Ok(chunk) = chunk else {
                if !status.is_success() {
                    // The status is sufficient.
                    break;
                }
                return Err(Error::Unavailable {
                    service,
                    retry_after: None,
                    source: "a body that does not go on".into(),
                });
            };
            match chunk {
                Ok(Some(chunk)) if status.is_success() => {
                    if body.len() + chunk.len() > request.limit {
                        let source = format!("a body of more than {} bytes", request.limit);
                        return Err(malformed(service, source));
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(chunk)) => {
                    let room = ERROR_BODY_LIMIT - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if body.len() == ERROR_BODY_LIMIT {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) if status.is_success() => return Err(unavailable(service, error)),
                // The status is sufficient.
                Err(_) => break,
            }
        }
        Ok(Answer {
            status,
            headers,
            body: body.freeze(),
        })
    }

    async fn attempt(
        &self,
        request: &Request,
        timeout: Duration,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.inner
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .timeout(timeout)
            .send()
            .await
    }
}

/// Outcome of a call as a log field.
fn outcome(status: Option<StatusCode>) -> &'static str {
    match status {
        None => "unanswered",
        Some(StatusCode::TOO_MANY_REQUESTS) => "limited",
        Some(status) if status.is_client_error() => "refused",
        Some(status) if status.is_server_error() => "failed",
        Some(_) => "answered",
    }
}

/// Returns whether the connection failed, not a timeout: refused, reset, or closed before the
/// response began.
fn connection_died(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_timeout()
}

/// Returns the host of a URL, and the port if it is not the default one.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn unreachable_host(service: Service, host: &str, error: reqwest::Error) -> Error {
    Error::Unreachable {
        service,
        host: host.to_owned(),
        source: Box::new(error.without_url()),
    }
}

/// Maps a failed request to an error without its URL. A URL may be a credential, as that of an
/// upload session is, and must not be logged.
fn unavailable(service: Service, error: reqwest::Error) -> Error {
    let source: Source = Box::new(error.without_url());
    Error::Unavailable {
        service,
        retry_after: None,
        source,
    }
}

#[cfg(test)]
mod tests;
