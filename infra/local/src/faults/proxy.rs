//! A proxy in front of one service. It forwards requests unchanged, because their `Host` header is
//! signed.
//!
//! Two exceptions: it replaces the URL of an upload in responses of Gemini by its own, and the
//! module `calls` adds a field to requests while it counts.

use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    os::fd::AsFd as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{
    HeaderValue, Request, Response, Uri,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpStream, sync::watch};

use super::{
    Faults, Verdict, When, calls,
    chaos::Fault,
    target::{Target, is_presigned},
};
use crate::{
    listen::{bind, ended},
    sync::lock,
};

/// Maximum size of a response. A larger one fails.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// Number of pieces of a slow response, and the time between two.
const PIECES: usize = 10;
const BETWEEN_PIECES: Duration = Duration::from_millis(50);

/// A connection that ends without a response.
#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken {
    /// Closes with RST, which discards unsent data, instead of FIN.
    is_reset: bool,
}

struct Proxy {
    faults: Arc<Faults>,
    target: Target,
    service: String,
    own: String,
    client: Client<HttpConnector, Body>,
}

/// Starts a proxy in front of the service at `service` and returns its base URL.
pub(super) async fn start(
    faults: Arc<Faults>,
    target: Target,
    service: &str,
    shutdown: watch::Receiver<bool>,
) -> anyhow::Result<String> {
    let (listener, own) = bind(0).await.context("cannot bind a free port")?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let proxy = Arc::new(Proxy {
        faults,
        target,
        service: service.trim_end_matches('/').to_owned(),
        own: own.clone(),
        client: Client::builder(TokioExecutor::new()).build(connector),
    });
    tokio::spawn(async move {
        let accept = async {
            loop {
                // A connection that has closed before it is accepted is the peer's problem.
                if let Ok((stream, peer)) = listener.accept().await {
                    tokio::spawn(connection(proxy.clone(), stream, peer));
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = ended(shutdown) => {}
        }
    });
    Ok(own)
}

async fn connection(proxy: Arc<Proxy>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let Ok(own) = stream.local_addr() else {
        return;
    };
    let socket = stream.as_fd().try_clone_to_owned();
    let instance = OnceLock::new();
    let service = service_fn(|request| {
        let instance = instance.get_or_init(|| proxy.faults.instance_at(peer, own));
        proxy.pass(instance.as_deref(), request)
    });
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown()
        .await;
    let broken = served.err().and_then(|error| {
        let source = std::error::Error::source(&error)?;
        source
            .downcast_ref::<Broken>()
            .map(|broken| broken.is_reset)
    });
    if let (Some(true), Ok(socket)) = (broken, &socket) {
        let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
    }
}

impl Proxy {
    async fn pass(
        &self,
        instance: Option<&str>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Broken> {
        let (parts, body) = request.into_parts();
        let operation = self.target.operation(&parts);
        let verdict = match instance {
            Some(instance) if !is_presigned(&parts) => {
                let effect = self.target.has_effect(&parts, &operation);
                self.faults.judge(instance, self.target, &operation, effect)
            }
            _ => Verdict::default(),
        };
        let mut request = Request::from_parts(parts, Body::new(body));
        if instance.is_some() && lock(&self.faults.outages).concern(self.target) {
            let (parts, body) = request.into_parts();
            let body = held(body).await?;
            if lock(&self.faults.outages).refuses(self.target, &body) {
                let refusal = self.target.refusal(Fault::Unavailable);
                return refusal.ok_or(Broken { is_reset: true });
            }
            request = Request::from_parts(parts, Body::from(body));
        }
        if self.target.is_aws() && self.faults.calls.is_counting() {
            return self.count(&operation, request).await;
        }
        match (instance, verdict.kill) {
            (Some(instance), Some(when)) => {
                if when == When::After {
                    let answer = self.forward(request).await?;
                    let _ = to_bytes(answer.into_body(), MAX_ANSWER_BYTES).await;
                }
                self.faults.kill(instance);
                Err(Broken { is_reset: false })
            }
            _ => self.break_with(verdict.fault, request).await,
        }
    }

    /// Forwards without a fault and counts the call.
    async fn count(
        &self,
        operation: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, Broken> {
        let mut units = 0.0;
        let answer = match self.target {
            Target::DynamoDb => {
                let (parts, body) = request.into_parts();
                let request = Request::from_parts(parts, held(body).await?);
                let (parts, body) = self.forward(calls::metered(request)).await?.into_parts();
                let answer = Response::from_parts(parts, held(body).await?);
                units = calls::units(&answer);
                answer.map(Body::from)
            }
            _ => self.forward(request).await?,
        };
        let operation = calls::billed_as(self.target, operation);
        self.faults
            .calls
            .add(self.target.into_str(), operation, units);
        Ok(answer)
    }

    async fn break_with(
        &self,
        fault: Option<Fault>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Broken> {
        let Some(fault) = fault else {
            return self.forward(request).await;
        };
        if let Some(refusal) = self.target.refusal(fault) {
            // Read to the end: a caller that is refused while it sends sees a broken connection
            // instead.
            let _ = to_bytes(request.into_body(), MAX_ANSWER_BYTES).await;
            return Ok(refusal);
        }
        if fault == Fault::Reset {
            return Err(Broken { is_reset: true });
        }
        let (mut parts, body) = self.forward(request).await?.into_parts();
        let body = held(body).await?;
        let body = match fault {
            Fault::Held => pending().await,
            Fault::Trickled => trickle(body),
            Fault::Malformed => Body::from(body.slice(..body.len() / 2)),
            _ => return Err(Broken { is_reset: false }),
        };
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(parts, body))
    }

    async fn forward(&self, mut request: Request<Body>) -> Result<Response<Body>, Broken> {
        let broken = Broken { is_reset: false };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let Ok(uri) = format!("{}{path}", self.service).parse::<Uri>() else {
            return Err(broken);
        };
        *request.uri_mut() = uri;
        let answer = self.client.request(request).await.map_err(|error| {
            tracing::warn!(service = self.target.into_str(), %error, "service behind the proxy did not respond");
            broken
        })?;
        let mut answer = answer.map(Body::new);
        if let Some(url) = answer.headers_mut().get_mut("x-goog-upload-url")
            && let Some(rest) = url
                .to_str()
                .ok()
                .and_then(|url| url.strip_prefix(&self.service))
            && let Ok(own) = HeaderValue::from_str(&format!("{}{rest}", self.own))
        {
            *url = own;
        }
        Ok(answer)
    }
}

/// Reads a whole body.
async fn held(body: Body) -> Result<Bytes, Broken> {
    let bytes = to_bytes(body, MAX_ANSWER_BYTES).await;
    bytes.map_err(|_| Broken { is_reset: false })
}

/// Sends the response in pieces with pauses.
fn trickle(body: Bytes) -> Body {
    let length = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = body.chunks(length).map(Bytes::copy_from_slice).collect();
    let ticks = tokio::time::interval(BETWEEN_PIECES);
    let pieces = stream::iter(pieces).zip(stream::unfold(ticks, async |mut ticks| {
        ticks.tick().await;
        Some(((), ticks))
    }));
    Body::from_stream(pieces.map(|(piece, ())| Ok::<_, Infallible>(piece)))
}
