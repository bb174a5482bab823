//! The handler of `GET /v1/videos/{video_id}` behind a plain HTTP server on one thread: what a
//! lookup costs without Lambda's runtime and without a gateway.

use std::{collections::HashMap, io::Write as _};

use anyhow::Context as _;
use bytes::Bytes;
use eventrelay::{
    api,
    context::{Context, Warm},
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use lambda_http::{Body, RequestExt as _};
use tokio::net::TcpListener;

use crate::{body, http::serve};

const PREFIX: &str = "/v1/videos/";

/// Path of a body that needs no lookup: what HTTP alone costs.
pub(crate) const FLOOR: &str = "/floor";

/// Serves on a free port, which it prints. Its environment is that of the function.
pub(crate) async fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let context = Context::from_env(&[Warm::DynamoDb, Warm::S3])
        .await
        .context("the environment is not that of a function")?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let floor = Bytes::from(vec![b'x'; body::LENGTH]);
    serve(listener, async move |request| match request.uri().path() {
        FLOOR => Response::new(Full::new(floor.clone())),
        _ => answer(&context, request).await,
    })
    .await
}

async fn answer(context: &Context, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Some(video) = request.uri().path().strip_prefix(PREFIX) else {
        let mut unknown = Response::new(Full::default());
        *unknown.status_mut() = StatusCode::NOT_FOUND;
        return unknown;
    };
    let path = HashMap::from([("video_id".to_owned(), video.to_owned())]);
    let query: lambda_http::aws_lambda_events::query_map::QueryMap = request
        .uri()
        .query()
        .and_then(|query| query.parse().ok())
        .unwrap_or_default();
    // A lookup has no body.
    let request = request
        .map(|_| Body::Empty)
        .with_path_parameters(path)
        .with_query_string_parameters(query);
    let response = api::respond(context, request, api::videos::get).await;
    response.map(|body| {
        Full::new(match body {
            Body::Text(text) => text.into(),
            Body::Binary(bytes) => bytes.into(),
            _ => Bytes::new(),
        })
    })
}
