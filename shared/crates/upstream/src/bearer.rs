//! Client of a JSON API with a bearer token (RFC 6750), behind the upstream guard.

use std::time::{Duration, Instant};

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use super::client::{Answer, HttpClient, Request, secret_header};
use super::gate::{Admission, Target, UpstreamGuard};
use super::key::with_key;
use eventrelay_core::error::{Error, Service, Source};
use eventrelay_core::limit::Cost;
use eventrelay_store::secrets::Secret;

/// Maximum length of foreign text in the log.
const LOGGED: usize = 500;

/// Cost of a call that uses no quota. It is still throttled during a pause that the service asked
/// for and while the circuit breaker is open.
pub(super) const FREE: Cost = Cost {
    requests: 0,
    ..Cost::CALL
};

/// Removes our token from a text.
pub(super) type Redact<'a> = &'a dyn Fn(&str) -> String;

/// Maps an error response to an error.
pub(super) type ErrorOf<'a> = &'a (dyn Fn(&Answer, Redact<'_>) -> Error + Sync);

/// One call: its target, its cost, and the meaning of its responses.
pub(super) struct Call<'a> {
    pub(super) target: Target<'a>,
    pub(super) cost: Cost,
    /// Returns whether an error response counts as a success.
    pub(super) accepts: &'a (dyn Fn(&Answer) -> bool + Sync),
    /// Maps every other error response to an error.
    pub(super) error_of: ErrorOf<'a>,
}

/// Client of the API. A clone is cheap and shares the connection pool.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    service: Service,
    http: HttpClient,
    base_url: Url,
    token: Secret,
    gate: UpstreamGuard,
    has_reservation: bool,
    /// Admission of the one call that this client is for.
    admission: Option<Admission>,
}

impl Bearer {
    pub(super) fn new(
        service: Service,
        http: HttpClient,
        base_url: Url,
        token: Secret,
        gate: UpstreamGuard,
    ) -> Self {
        Self {
            service,
            http,
            base_url,
            token,
            gate,
            has_reservation: false,
            admission: None,
        }
    }

    pub(super) fn until(&self, deadline: Instant) -> Self {
        Self {
            http: self.http.until(deadline),
            ..self.clone()
        }
    }

    pub(super) fn with_reservation(&self, has_reservation: bool) -> Self {
        Self {
            has_reservation,
            ..self.clone()
        }
    }

    /// Returns a client for one call of this cost, which is admitted and counted now.
    pub(super) async fn admitted(&self, target: Target<'_>, cost: Cost) -> Result<Self, Error> {
        let admission = self.gate.admit(target, cost, self.has_reservation).await?;
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
    pub(super) fn request(
        &self,
        method: Method,
        url: Url,
        timeout: Duration,
        limit: usize,
    ) -> Request {
        Request::new(self.service, method, url, timeout, limit)
    }

    /// Creates a request with a JSON body.
    pub(super) fn json_request(
        &self,
        method: Method,
        url: Url,
        body: &impl Serialize,
        timeout: Duration,
        limit: usize,
    ) -> Result<Request, Error> {
        self.request(method, url, timeout, limit).json(body)
    }

    /// Sends a request with the token through the upstream guard.
    pub(super) async fn call(&self, call: Call<'_>, request: Request) -> Result<Answer, Error> {
        let sent = with_key(&self.token, async |token| {
            let request = request.clone().header("authorization", header(token)?);
            let answer = self.http.send(request).await?;
            if answer.status.is_success() || (call.accepts)(&answer) {
                return Ok(answer);
            }
            Err((call.error_of)(&answer, &|text| self.token.redact(text)))
        });
        let gate = &self.gate;
        match self.admission {
            Some(admission) => gate.go_through(call.target, admission, sent).await,
            None => {
                gate.pass(call.target, call.cost, self.has_reservation, sent)
                    .await
            }
        }
    }
}

fn header(token: &SecretString) -> Result<http::HeaderValue, Error> {
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
