//! The one warm HTTP client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service, Source};
use eventrelay_core::telemetry::{self, Field, Group, Metric};

/// Below the shortest idle time seen at a server (S3: about 20 s, aws-sdk-rust issue 1106), so that
/// a pooled connection is rarely one that the other side has just closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two parts of a body. What has begun to answer does not think any more.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Requests under way at a time, and so connections where there is no HTTP/2. A function does one
/// thing at a time; what does many at once waits here, not in a queue of the other side.
const POOL: usize = 16;
/// Enough for any error document; what is beyond is not read.
const ERROR_BODY_LIMIT: usize = 64 * 1024;
/// No service means it when it asks for more than a day.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// The one HTTP client of a process; a clone shares its connections. It follows no redirect: an API
/// that redirects is an API that has been misconfigured, and credentials stay where they were sent.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    pool: Arc<Semaphore>,
    deadline: Option<Instant>,
    read_timeout: Duration,
}

/// One request. Ready when made; the setters add to it.
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
    /// A request that must be answered completely within `timeout`, by a body of at most `limit`
    /// bytes.
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

    /// Says that sending it twice is the same as sending it once, although the method does not
    /// (RFC 9110, section 9.2.2).
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// A secret as a header that no log shows.
///
/// # Errors
/// [`Error::Internal`] if it cannot be a header: it has been configured wrongly.
pub fn secret_header(secret: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(secret.expose_secret())
        .map_err(|_| Error::internal("a configured secret is not a valid header value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What was answered, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body; of an error only the first 64 KiB.
    pub body: Bytes,
}

impl Answer {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The pause that `Retry-After` asks for, at most a day: seconds, or a date, which is taken
    /// relative to the answer's own `Date` so that our clock does not matter (RFC 9110, section
    /// 10.2.3). Where there is none, the one until `X-RateLimit-Reset`, epoch seconds, if
    /// `X-RateLimit-Remaining` says that nothing is left
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
                    OffsetDateTime::from_unix_timestamp(reset).ok()?,
                )
            }
        };
        Some(pause.min(MAX_PAUSE))
    }

    fn date(&self) -> Option<OffsetDateTime> {
        date(self.header(DATE.as_str())?)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`Error::UpstreamMalformed`] if it is not, or not of this shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self, service: Service) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::UpstreamMalformed {
            service,
            source: Box::new(error),
        })
    }
}

/// A date of HTTP.
fn date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc2822).ok()
}

fn since(earlier: OffsetDateTime, later: OffsetDateTime) -> Duration {
    Duration::try_from(later - earlier).unwrap_or_default()
}

impl HttpClient {
    /// Builds the client. Does no I/O: the roots are compiled in, since reading the system's takes
    /// tens of milliseconds of every cold start.
    ///
    /// # Errors
    /// [`Error::Internal`] if rustls and reqwest do not fit together.
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

    /// The same client, none of whose requests goes on beyond `deadline`: that of the function
    /// less what is needed to write down what came of it.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self.clone()
        }
    }

    /// Requests under way at this moment; without HTTP/2, as many connections are in use.
    #[must_use]
    pub fn active_connections(&self) -> usize {
        POOL - self.pool.available_permits()
    }

    /// Sends a request and reads the answer. At most 16 are under way at a time; waiting for one
    /// of them to end does not take from the request's own time. An idempotent request whose connection died before
    /// anything was answered is sent once more, at once and within the same time: most likely a
    /// pooled connection was closed by the other side (hyper issue 2136).
    ///
    /// # Errors
    /// [`Error::Unreachable`] if no connection can be made; [`Error::Unavailable`] if there is no
    /// complete answer in time; [`Error::UpstreamMalformed`]
    /// if a successful one is larger than the request's limit. An answer with an error status is an
    /// answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let service = request.service;
        let _place = self.place(service).await?;
        let started = Instant::now();
        let answer = self.exchange(request).await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        #[expect(clippy::cast_precision_loss, reason = "as many as the pool has")]
        let active = self.active_connections() as f64;
        let of_call = Group {
            by: &[service.name(), outcome(status)],
            values: &[
                (Metric::ApiCallDuration, started.elapsed().as_secs_f64()),
                (Metric::ActiveConnections, active),
            ],
        };
        let status = status.map_or(Field::None, |status| Field::Count(status.as_u16().into()));
        telemetry::write(&[of_call], &[("http.status", status)], Timestamp::now());
        answer
    }

    /// A place among those that may be under way.
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
                    // The status says enough.
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
                        return Err(Error::UpstreamMalformed {
                            service,
                            source: source.into(),
                        });
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
                // The status says enough.
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

/// What came of a call, in few words.
fn outcome(status: Option<StatusCode>) -> &'static str {
    match status {
        None => "unanswered",
        Some(StatusCode::TOO_MANY_REQUESTS) => "limited",
        Some(status) if status.is_client_error() => "refused",
        Some(status) if status.is_server_error() => "failed",
        Some(_) => "answered",
    }
}

/// Whether sending failed on the connection, not on the clock: refused, reset, or closed before the
/// answer began.
fn connection_died(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_timeout()
}

/// The host of a URL, with the port where it is not the usual one.
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

/// URLs may be capabilities (an upload session's is one), so the log does not get them.
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
