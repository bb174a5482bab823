//! The HTTP API in front of the functions: API Gateway's HTTP API with payload format 2.0.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

mod authorizers;
mod cors;
mod event;
mod response;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use tokio::{net::TcpListener, sync::watch};
use uuid::Uuid;

use self::{
    authorizers::{Authorizers, Decision},
    event::Call,
};
use crate::{
    lambda::{Answer, Lambda, WhenBusy},
    listen::{self, ended},
    sync,
    template::model::{Api, Cors, RouteAuthorizer},
};

/// Limits of an HTTP API
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
const MAX_HEADER_BYTES: usize = 10_240;
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Gateway {
    declared: RwLock<Arc<Declared>>,
    lambda: Arc<Lambda>,
    port: u16,
    integration_timeout: Duration,
}

/// Configuration from the template.
struct Declared {
    api: Api,
    authorizers: Authorizers,
}

/// Serves the API on the listener until `shutdown` is true.
pub(crate) async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new().fallback(handle).with_state(gateway);
    listen::serve(listener, router, ended(shutdown)).await
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let request_id = Uuid::now_v7().to_string();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let declared = gateway.declared();
    let mut response = match declared.rules_of_preflight(&request) {
        Some(rules) => cors::preflight(rules, origin.as_ref()),
        None => {
            let answer = gateway
                .answer(&declared, source, request, &request_id)
                .await;
            let mut response = answer.unwrap_or_else(Refusal::into_response);
            if let Some(rules) = &declared.api.cors {
                cors::tell(rules, origin.as_ref(), response.headers_mut());
            }
            response
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

/// Errors of the API itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    Unauthorized,
    Forbidden,
    NotFound,
    TooLarge,
    HeadersTooLarge,
    Internal,
    Unavailable,
}

impl Refusal {
    fn into_response(self) -> Response<Body> {
        let (status, message) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let mut response = Response::new(Body::from(format!(r#"{{"message":"{message}"}}"#)));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }
}

impl Declared {
    fn new(api: Api, lambda: &Arc<Lambda>) -> Self {
        let authorizers = Authorizers::new(&api, lambda.clone());
        Self { api, authorizers }
    }

    /// Returns the CORS rules for a preflight request, unless a route with an authorizer takes
    /// precedence.
    fn rules_of_preflight(&self, request: &Request) -> Option<&Cors> {
        let rules = self.api.cors.as_ref()?;
        let (method, path) = (request.method(), request.uri().path());
        if !cors::is_preflight(method, request.headers()) {
            return None;
        }
        let is_guarded = routes::select(&self.api.routes, method.as_str(), path)
            .is_some_and(|(route, _)| matches!(route.authorizer, RouteAuthorizer::Named(_)));
        (!is_guarded).then_some(rules)
    }
}

impl Gateway {
    pub(crate) fn new(api: Api, lambda: Arc<Lambda>, port: u16) -> Self {
        Self::with(api, lambda, port, INTEGRATION_TIMEOUT)
    }

    fn with(api: Api, lambda: Arc<Lambda>, port: u16, integration_timeout: Duration) -> Self {
        let declared = Declared::new(api, &lambda);
        Self {
            declared: RwLock::new(Arc::new(declared)),
            lambda,
            port,
            integration_timeout,
        }
    }

    /// Serves this API from the next request on, with an empty cache of decisions.
    pub(crate) fn replace(&self, api: Api) {
        let declared = Arc::new(Declared::new(api, &self.lambda));
        *sync::write(&self.declared) = declared;
    }

    fn declared(&self) -> Arc<Declared> {
        let declared = sync::read(&self.declared);
        declared.clone()
    }

    async fn answer(
        &self,
        Declared { api, authorizers }: &Declared,
        source: SocketAddr,
        request: Request,
        request_id: &str,
    ) -> Result<Response<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        let line = parts.method.as_str().len() + parts.uri.to_string().len();
        let headers: usize = parts
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if line + headers > MAX_HEADER_BYTES {
            return Err(Refusal::HeadersTooLarge);
        }
        let (route, parameters) =
            routes::select(&api.routes, parts.method.as_str(), parts.uri.path())
                .ok_or(Refusal::NotFound)?;
        let call = Call::new(
            api, route, parameters, &parts, source, self.port, request_id,
        );
        let context = match &route.authorizer {
            RouteAuthorizer::Named(name) => match authorizers.decide(name, &call).await {
                Decision::Allowed(context) => Some(context),
                Decision::Unidentified => return Err(Refusal::Unauthorized),
                Decision::Denied => return Err(Refusal::Forbidden),
                Decision::Failed => return Err(Refusal::Internal),
            },
            RouteAuthorizer::None | RouteAuthorizer::Default => None,
        };
        let body = to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|_| Refusal::TooLarge)?;
        let event: Bytes = call.event(context, &body).to_string().into();
        let invocation =
            self.lambda
                .invoke_for(call.trace, &route.function, event, WhenBusy::Throttle);
        match tokio::time::timeout(self.integration_timeout, invocation).await {
            Ok(Answer::Payload(payload)) => {
                response::from_payload(&payload).ok_or(Refusal::Internal)
            }
            Ok(Answer::FunctionError(_)) => Err(Refusal::Internal),
            Ok(Answer::TooLarge) => Err(Refusal::TooLarge),
            Ok(Answer::Throttled) | Err(_) => Err(Refusal::Unavailable),
        }
    }
}
