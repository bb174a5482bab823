//! Checks of every call before its operation: authentication, rate limits and faults.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::{
    GitHub,
    control::{Foreign, Own},
    errors::{self, ApiError},
    git::ObjectId,
    limits::Verdict,
    operation::{On, Operation},
};
use crate::{
    request::{is_valid_token, reset_s},
    server::{self, Cut},
};

/// Versions of the API, newest first:
/// <https://docs.github.com/rest/about-the-rest-api/api-versions>.
const VERSIONS: [&str; 2] = ["2026-03-10", "2022-11-28"];

/// Maximum size of a body. A blob may have 100 MB, which Base64 increases by a third.
const MAX_BODY: usize = 150 * 1024 * 1024;

/// Number of the next call of this process.
static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// Middleware: checks a call and completes its response.
pub(super) async fn guard(
    State(state): State<Arc<GitHub>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    mut request: Request,
    next: Next,
) -> Response {
    let settings = state.settings();
    let stood = StoodAt::new(&state, &request);
    request.extensions_mut().insert(stood);
    server::pause(Duration::from_millis(settings.latency_ms)).await;
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let id = format!(
        "{:04X}:{:05X}:57A4D:1:{number:08X}",
        number % 0x10000,
        number
    );
    let version = match version(request.headers()) {
        Ok(version) => version,
        Err(error) => return complete(&state, error.into_response(), "", VERSIONS[1], &id),
    };
    if request.headers().get("user-agent").is_none() {
        return errors::no_user_agent();
    }
    let operation = Operation::from_request(&request);
    let page = operation.map_or("", |operation| &operation.page);
    let admitted = admit(&state, &request, operation)
        .and_then(|()| counted(&state, request.method(), operation, &id));
    let response = match admitted {
        Err(error) => error.into_response(),
        Ok(_counted) => {
            let on = operation.map_or(On::Any, |operation| operation.on);
            let uri = request.uri().clone();
            let own = |fault| happen(&state, fault, &uri, &id);
            let call = (request, next);
            let response = state.faults.run((on, On::Any), MAX_BODY, call, &cut, own);
            response.await.unwrap_or_else(|| {
                let message = "Payload too large";
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).into_response()
            })
        }
    };
    complete(&state, response, page, version, &id)
}

/// Head of the default branch when the call arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoodAt(pub(super) Option<ObjectId>);

impl StoodAt {
    fn new(state: &GitHub, request: &Request) -> Self {
        let (owner, name) = repository_of(request.uri());
        let repository = state.repository(&owner, &name).ok();
        Self(repository.and_then(|one| one.head(&one.default_branch)))
    }
}

fn version(headers: &HeaderMap) -> Result<&'static str, ApiError> {
    let Some(asked) = headers.get("x-github-api-version") else {
        return Ok(VERSIONS[1]);
    };
    let asked = asked.to_str().unwrap_or_default();
    let known = VERSIONS.iter().find(|version| **version == asked);
    known
        .copied()
        .ok_or_else(|| ApiError::no_such_version(asked, &VERSIONS))
}

/// Checks that the caller may see what it asks for.
fn admit(state: &GitHub, request: &Request, operation: Option<&Operation>) -> Result<(), ApiError> {
    if let Some(header) = request.headers().get("authorization") {
        let header = header.to_str().unwrap_or_default();
        let is_valid = header.split_once(' ').is_some_and(|(scheme, token)| {
            let schemes = ["bearer", "token"];
            schemes
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
                && is_valid_token(token, state.settings().token.as_deref())
        });
        return if is_valid {
            Ok(())
        } else {
            Err(ApiError::bad_credentials())
        };
    }
    let Some(operation) = operation else {
        return Ok(());
    };
    match (request.method(), operation.on) {
        (_, On::RateLimit) => Ok(()),
        (&Method::GET, on) if on.is_of_a_repository() => {
            let (owner, name) = repository_of(request.uri());
            if state.repository(&owner, &name)?.private {
                return Err(ApiError::not_found());
            }
            Ok(())
        }
        _ => Err(ApiError::requires_authentication()),
    }
}

/// Returns owner and name of the repository in a path.
fn repository_of(uri: &Uri) -> (String, String) {
    let mut segments = uri.path().split('/').skip(2).map(str::to_owned);
    let mut next = || segments.next().unwrap_or_default();
    (next(), next())
}

/// Counts the call, if the limits allow it.
///
/// # Errors
/// If the call is beyond a limit.
fn counted<'a>(
    state: &'a GitHub,
    method: &Method,
    operation: Option<&Operation>,
    id: &str,
) -> Result<Option<Counted<'a>>, ApiError> {
    // Reading the limit does not count against it.
    if operation.is_some_and(|operation| operation.on == On::RateLimit) {
        return Ok(None);
    }
    let bounds = state.settings().limits;
    let write = method != Method::GET && method != Method::HEAD;
    let verdict = state.state().limits.begin(&bounds, write, Instant::now());
    let status = StatusCode::from_u16(bounds.status).unwrap_or(StatusCode::FORBIDDEN);
    match verdict {
        Verdict::Primary => Err(ApiError::primary_limit(status, state.user().id())),
        Verdict::Secondary(seconds) => {
            let seconds = bounds.retry_after.then_some(seconds);
            Err(ApiError::secondary_limit(status, seconds, id))
        }
        Verdict::Go => Ok(Some(Counted(state))),
    }
}

/// A call in progress, which also ends if its caller disconnects.
struct Counted<'a>(&'a GitHub);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.state().limits.end();
    }
}

fn happen(state: &GitHub, fault: Own, uri: &Uri, id: &str) -> Option<Response> {
    let code = |status: u16| StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    match fault {
        Own::SecondaryLimit {
            retry_after_s,
            status,
        } => Some(ApiError::secondary_limit(code(status), retry_after_s, id).into_response()),
        Own::PrimaryLimit {
            reset_s: seconds,
            status,
        } => {
            let error = ApiError::primary_limit(code(status), state.user().id());
            let mut response = error.into_response();
            let headers = response.headers_mut();
            headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
            headers.insert("x-ratelimit-reset", reset_s(Some(seconds)).into());
            Some(response)
        }
        Own::RefMoved {} => {
            let (owner, name) = repository_of(uri);
            let (_, branch) = uri.path().split_once("/git/refs/heads/").unzip();
            if let Ok(mut repository) = state.repository(&owner, &name) {
                // A branch that does not exist cannot be moved.
                let _ = Foreign::to(branch).push(&mut repository);
            }
            None
        }
    }
}

/// Adds the body of an error, and the headers of every response.
fn complete(
    state: &GitHub,
    response: Response,
    page: &str,
    version: &'static str,
    id: &str,
) -> Response {
    let mut response = errors::document(response, page);
    let bounds = state.settings().limits;
    let standing = state.state().limits.standing(&bounds, Instant::now());
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set("x-ratelimit-limit", standing.limit.into());
    set("x-ratelimit-remaining", standing.remaining().into());
    set("x-ratelimit-used", standing.used.into());
    set("x-ratelimit-reset", standing.reset.into());
    set("x-ratelimit-resource", HeaderValue::from_static("core"));
    set(
        "x-github-api-version-selected",
        HeaderValue::from_static(version),
    );
    let media_type = HeaderValue::from_static("github.v3; format=json");
    set("x-github-media-type", media_type);
    if let Ok(id) = HeaderValue::from_str(id) {
        set("x-github-request-id", id);
    }
    if let Some(value) = headers.get_mut("content-type")
        && value == "application/json"
    {
        *value = HeaderValue::from_static("application/json; charset=utf-8");
    }
    response
}
