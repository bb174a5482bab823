//! Exactly which calls a lookup makes: proxies stand before DynamoDB and S3 and count.

use std::{cell::RefCell, fmt, rc::Rc};

use anyhow::Context as _;
use bytes::Bytes;
use eventrelay::store::blobs::Blobs;
use eventrelay_tests::{Response, Stack, read};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use reqwest::Client;
use serde::Serialize;
use tokio::{net::TcpListener, task::spawn_local};

use crate::{
    body, catalog, fill,
    handler::{Environment, InstanceCache, Server},
    http::serve,
};

/// Lookups of which the calls are counted.
const LOOKUPS: u64 = 10;

/// Names of calls and how often each was made, in the order of their first.
#[derive(Clone, Debug, Default)]
struct Counts(Rc<RefCell<Vec<(String, u64)>>>);

/// Calls counted for one kind of lookup.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Counted {
    pub(crate) lookup: String,
    pub(crate) lookups: u64,
    pub(crate) calls: Vec<(String, u64)>,
}

impl Counts {
    fn add(&self, name: String) {
        let mut counts = self.0.borrow_mut();
        match counts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }

    /// Returns the calls counted since it was last called.
    fn take(&self) -> Vec<(String, u64)> {
        self.0.take()
    }
}

impl fmt::Display for Counted {
    /// `1 Query + 1 GetObject`, per lookup.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.calls.is_empty() {
            return formatter.write_str("0");
        }
        for (position, (call, count)) in self.calls.iter().enumerate() {
            if position > 0 {
                formatter.write_str(" + ")?;
            }
            match count % self.lookups {
                0 => write!(formatter, "{} {call}", count / self.lookups)?,
                _ => write!(formatter, "{count} {call} in {}", self.lookups)?,
            }
        }
        Ok(())
    }
}

/// One kind of lookup.
struct Case<'a> {
    name: &'a str,
    /// The request is sent once before it is counted.
    repeated: bool,
    path: String,
    validated: bool,
    status: u16,
}

/// Counts for every kind of lookup.
pub(crate) async fn count(
    stack: &Stack,
    environment: &Environment,
    dynamodb: &aws_sdk_dynamodb::Client,
    blobs: &Blobs,
) -> anyhow::Result<Vec<Counted>> {
    let large = u64::from(u32::MAX);
    fill::place(
        dynamodb,
        blobs,
        environment.get("VIDEOS_TABLE")?,
        &catalog::key(large),
        &body::body(catalog::id(large).as_str(), body::LARGE_LENGTH),
        fill::Place::Bucket,
    )
    .await?;
    let counts = Counts::default();
    // What is written once in a while is no part of a lookup.
    let mut counted = environment.with("COUNT_LOOKUPS_EVERY_S", "86400");
    for variable in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3"] {
        let upstream = environment.get(variable)?.to_owned();
        let proxy = proxy(stack.client().clone(), upstream, counts.clone()).await?;
        counted = counted.with(variable, &proxy);
    }
    let off = counted.start(InstanceCache::Off).await?;
    let on = counted.start(InstanceCache::Entries(1_000)).await?;
    let (small, missing) = (catalog::path(0), catalog::path(u64::MAX - 1));
    let case = |name, path: &str| Case {
        name,
        repeated: false,
        path: path.to_owned(),
        validated: false,
        status: 200,
    };
    let validated = |case| Case {
        validated: true,
        status: 304,
        ..case
    };
    let again = |case| Case {
        repeated: true,
        ..case
    };
    let cases = [
        (&on, again(case("in memory", &small))),
        (&on, again(validated(case("in memory, 304", &small)))),
        (
            &on,
            again(case("in memory, large body", &catalog::path(large))),
        ),
        (&off, case("index, small body", &small)),
        (&off, validated(case("index, 304", &small))),
        (&off, case("index, large body", &catalog::path(large))),
        (
            &off,
            Case {
                status: 404,
                ..case("unknown video", &missing)
            },
        ),
    ];
    let mut all = Vec::new();
    for (server, case) in &cases {
        all.push(count_case(stack.client(), &counts, server, case).await?);
    }
    Ok(all)
}

async fn count_case(
    client: &Client,
    counts: &Counts,
    server: &Server,
    case: &Case<'_>,
) -> anyhow::Result<Counted> {
    let get = async |etag: Option<&str>| -> anyhow::Result<Response> {
        let url = format!("http://{}{}", server.address, case.path);
        let mut request = client.get(url).header("accept-encoding", "gzip");
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        read(request).await
    };
    let mut etag = None;
    if case.repeated || case.validated {
        let first = get(None).await?.expect(200);
        etag = Some(first.header("etag").to_owned()).filter(|_| case.validated);
    }
    let _ = counts.take();
    for _ in 0..LOOKUPS {
        let _ = get(etag.as_deref()).await?.expect(case.status);
    }
    Ok(Counted {
        lookup: case.name.to_owned(),
        lookups: LOOKUPS,
        calls: counts.take(),
    })
}

/// Starts a proxy before `upstream`; its base URL.
async fn proxy(client: Client, upstream: String, counts: Counts) -> anyhow::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    spawn_local(serve(listener, async move |request: Request<Incoming>| {
        counts.add(name(&request));
        forward(&client, &upstream, request)
            .await
            .unwrap_or_else(|error| {
                let mut failed = http::Response::new(Full::from(format!("{error:#}")));
                *failed.status_mut() = StatusCode::BAD_GATEWAY;
                failed
            })
    }));
    Ok(url)
}

/// Headers go as they are, the host too: it is signed.
async fn forward(
    client: &Client,
    upstream: &str,
    request: Request<Incoming>,
) -> anyhow::Result<http::Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().context("no path")?;
    let sent = client
        .request(parts.method, format!("{upstream}{path}"))
        .headers(parts.headers)
        .body(body.collect().await?.to_bytes());
    let answer = read(sent).await?;
    let mut response = http::Response::new(Full::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
        .headers_mut()
        .remove(http::header::TRANSFER_ENCODING);
    Ok(response)
}

/// The operation of DynamoDB that the request names; of S3 the one that method and path mean.
fn name<B>(request: &Request<B>) -> String {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()?.split_once('.'));
    if let Some((_, operation)) = target {
        return operation.to_owned();
    }
    // `/bucket/key`
    let has_key = request.uri().path().trim_matches('/').contains('/');
    match (request.method().as_str(), has_key) {
        ("GET", true) => "GetObject".to_owned(),
        ("HEAD", true) => "HeadObject".to_owned(),
        (method, _) => format!("{method} of S3"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_as_their_service_names_them() {
        let request = |method: &str, path: &str| Request::builder().method(method).uri(path);
        let query = request("POST", "/").header("x-amz-target", "DynamoDB_20120810.Query");
        assert_eq!(name(&query.body(()).unwrap()), "Query");
        let get = request("GET", "/bucket/analyses/yt%3Aa/b.json.gz?x-id=GetObject");
        assert_eq!(name(&get.body(()).unwrap()), "GetObject");
        let head = request("HEAD", "/bucket").body(()).unwrap();
        assert_eq!(name(&head), "HEAD of S3");
    }

    #[test]
    fn calls_are_shown_per_lookup() {
        let counts = Counts::default();
        let shown = |times: &[(&str, u64)]| {
            for (name, count) in times {
                (0..*count).for_each(|_| counts.add((*name).to_owned()));
            }
            let counted = Counted {
                lookup: String::new(),
                lookups: 10,
                calls: counts.take(),
            };
            counted.to_string()
        };
        assert_eq!(shown(&[]), "0");
        assert_eq!(
            shown(&[("Query", 20), ("GetObject", 10)]),
            "2 Query + 1 GetObject"
        );
        assert_eq!(shown(&[("Query", 7)]), "7 Query in 10");
    }
}
