use std::{path::Path, time::Duration};

use aws_sdk_s3::{
    Client,
    presigning::{PresignedRequest, PresigningConfig},
    primitives::ByteStream,
    types::ChecksumMode,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    super::tests::{Alone, alone, s3_client},
    body::SMALL_BYTES,
};

async fn started(data: &Path) -> (Alone, Client) {
    let service = alone!(s3, data).await;
    let client = s3_client(&service.url);
    client
        .create_bucket()
        .bucket("bucket")
        .send()
        .await
        .unwrap();
    (service, client)
}

async fn put(client: &Client, key: &str, body: impl Into<String>) {
    let body = ByteStream::from(body.into().into_bytes());
    client
        .put_object()
        .bucket("bucket")
        .key(key)
        .body(body)
        .send()
        .await
        .unwrap();
}

async fn get(client: &Client, key: &str) -> String {
    let object = client
        .get_object()
        .bucket("bucket")
        .key(key)
        .send()
        .await
        .unwrap();
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}

fn soon() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

fn base64_sha256(body: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(body))
}

fn bodies(data: &Path) -> usize {
    std::fs::read_dir(data.join("s3/bodies")).unwrap().count()
}

/// Counts the bodies in the index after the service has ended.
fn small_bodies(data: &Path) -> usize {
    let index = rusqlite::Connection::open(data.join("s3/index.sqlite")).unwrap();
    let count = index.query_row("SELECT count(*) FROM small_bodies", (), |row| row.get(0));
    count.unwrap()
}

/// Sends a request as raw bytes and returns the status and the whole response.
async fn raw(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let rest = uri.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("\r\n{body}");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    (response[9..12].parse().unwrap(), response)
}

/// Uses a presigned request with another length and checksum in its signed headers.
async fn upload(presigned: &PresignedRequest, checksum: &str, body: &str) -> u16 {
    let length = body.len().to_string();
    let mut headers: Vec<_> = presigned
        .headers()
        .filter(|(name, _)| !matches!(*name, "host" | "content-length" | "x-amz-checksum-sha256"))
        .collect();
    headers.extend([
        ("content-length", length.as_str()),
        ("x-amz-checksum-sha256", checksum),
    ]);
    raw(presigned.method(), presigned.uri(), &headers, body)
        .await
        .0
}

#[tokio::test]
async fn get_returns_the_properties_of_the_put() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let put = client
        .put_object()
        .bucket("bucket")
        .key("analyses/a b+ü")
        .content_type("application/json")
        .content_encoding("gzip")
        .cache_control("max-age=60")
        .metadata("origin", "test")
        .checksum_sha256(base64_sha256("0123456789"))
        .body(ByteStream::from_static(b"0123456789"))
        .send()
        .await
        .unwrap();
    let get = client.get_object().bucket("bucket").key("analyses/a b+ü");
    let object = get.clone().send().await.unwrap();
    assert_eq!(object.content_type(), Some("application/json"));
    assert_eq!(object.content_encoding(), Some("gzip"));
    assert_eq!(object.cache_control(), Some("max-age=60"));
    assert_eq!(object.metadata().unwrap()["origin"], "test");
    assert_eq!(object.e_tag(), put.e_tag());
    assert_eq!(object.e_tag(), Some("\"781e5e245d69b566979b86e28d23f2c7\""));
    assert_eq!(
        object.body.collect().await.unwrap().into_bytes(),
        "0123456789"
    );

    let head = client.head_object().bucket("bucket").key("analyses/a b+ü");
    let head = head
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(10));
    assert_eq!(head.content_type(), Some("application/json"));
    assert_eq!(head.content_encoding(), Some("gzip"));
    assert_eq!(head.metadata().unwrap()["origin"], "test");
    assert_eq!(
        head.checksum_sha256(),
        Some(base64_sha256("0123456789").as_str())
    );

    let part = get.clone().range("bytes=2-4").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), "234");
    let tail = get.clone().range("bytes=-3").send().await.unwrap();
    assert_eq!(tail.body.collect().await.unwrap().into_bytes(), "789");
    let beyond = get.range("bytes=10-").send().await.unwrap_err();
    assert_eq!(beyond.raw_response().unwrap().status().as_u16(), 416);
    service.stop().await;
}

#[tokio::test]
async fn unchanged_object_gets_304() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    put(&client, "k", "body").await;
    let head = client
        .head_object()
        .bucket("bucket")
        .key("k")
        .send()
        .await
        .unwrap();
    let etag = head.e_tag().unwrap();

    let get = client
        .get_object()
        .bucket("bucket")
        .key("k")
        .if_none_match(etag);
    let unchanged = get.send().await.unwrap_err();
    let response = unchanged.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 304);
    assert_eq!(response.headers().get("etag"), Some(etag));
    assert_eq!(response.body().bytes(), Some(&b""[..]));
    let head = client
        .head_object()
        .bucket("bucket")
        .key("k")
        .if_none_match(etag);
    let unchanged = head.send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);

    let other = client
        .get_object()
        .bucket("bucket")
        .key("k")
        .if_none_match("\"other\"");
    assert!(other.send().await.is_ok());
    let other = client
        .get_object()
        .bucket("bucket")
        .key("k")
        .if_match("\"other\"");
    assert_eq!(
        other
            .send()
            .await
            .unwrap_err()
            .raw_response()
            .unwrap()
            .status()
            .as_u16(),
        412
    );
    service.stop().await;
}

#[tokio::test]
async fn put_with_a_wrong_checksum_keeps_the_old_object() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    for size in [1, SMALL_BYTES] {
        let (old, new) = ("old".repeat(size), "new".repeat(size));
        put(&client, "k", &old).await;
        let wrong = client
            .put_object()
            .bucket("bucket")
            .key("k")
            .checksum_sha256(base64_sha256("other"))
            .body(new.into_bytes().into())
            .send()
            .await
            .unwrap_err();
        assert_eq!(wrong.raw_response().unwrap().status().as_u16(), 400);
        assert_eq!(wrong.into_service_error().meta().code(), Some("BadDigest"));
        assert!(get(&client, "k").await == old);
    }
    assert_eq!(bodies(data.path()), 1);
    service.stop().await;
}

/// For every size, and whatever object existed before.
#[tokio::test]
async fn small_bodies_have_no_file() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let (small, large) = ("s".repeat(SMALL_BYTES), "l".repeat(SMALL_BYTES + 1));
    for (body, files) in [
        (&small, 0),
        (&large, 1),
        (&large, 1),
        (&small, 0),
        (&String::new(), 0),
    ] {
        put(&client, "k", body).await;
        assert!(get(&client, "k").await == *body);
        assert_eq!(bodies(data.path()), files, "of {} bytes", body.len());
    }
    put(&client, "k", large.clone() + "0123456789").await;
    let part = client.get_object().bucket("bucket").key("k");
    let part = part.range("bytes=-8").send().await.unwrap();
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), "23456789");
    service.stop().await;
}

#[tokio::test]
async fn one_of_concurrent_conditional_writes_succeeds() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let writes = ["a", "b", "c", "d"].map(|letter| {
        let body = letter.repeat(SMALL_BYTES + 1);
        let put = client
            .put_object()
            .bucket("bucket")
            .key("k")
            .if_none_match("*");
        put.body(body.into_bytes().into()).send()
    });
    let results = futures_util::future::join_all(writes).await;
    let statuses: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .map(|error| error.raw_response().unwrap().status().as_u16())
        .collect();
    assert_eq!(statuses, [412, 412, 412]);
    assert_eq!(bodies(data.path()), 1);
    service.stop().await;
}

#[tokio::test]
async fn error_names_the_missing_bucket_or_key() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let get = client
        .get_object()
        .bucket("bucket")
        .key("none")
        .send()
        .await
        .unwrap_err();
    assert!(get.into_service_error().is_no_such_key());
    let head = client
        .head_object()
        .bucket("bucket")
        .key("none")
        .send()
        .await
        .unwrap_err();
    assert!(head.into_service_error().is_not_found());
    let get = client
        .get_object()
        .bucket("nowhere")
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(get.into_service_error().meta().code(), Some("NoSuchBucket"));
    let put = client
        .put_object()
        .bucket("nowhere")
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(put.into_service_error().meta().code(), Some("NoSuchBucket"));
    let head = client
        .head_bucket()
        .bucket("nowhere")
        .send()
        .await
        .unwrap_err();
    assert!(head.into_service_error().is_not_found());
    client
        .delete_object()
        .bucket("bucket")
        .key("none")
        .send()
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn presigned_upload_with_other_headers_is_refused() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let checksum = base64_sha256("video");
    let presigned = client
        .put_object()
        .bucket("bucket")
        .key("media/1")
        .content_length(5)
        .checksum_sha256(&checksum)
        .presigned(soon())
        .await
        .unwrap();
    assert!(
        presigned
            .headers()
            .any(|(name, _)| name == "content-length")
    );
    assert!(
        presigned
            .headers()
            .any(|(name, _)| name == "x-amz-checksum-sha256")
    );
    assert_eq!(
        upload(&presigned, &checksum, "longer than signed").await,
        403
    );
    assert_eq!(
        upload(&presigned, &base64_sha256("other"), "other").await,
        403
    );
    assert_eq!(upload(&presigned, &checksum, "other").await, 400);
    let unsigned = presigned.uri().split('?').next().unwrap();
    assert_eq!(
        raw("PUT", unsigned, &[("content-length", "0")], "").await.0,
        403
    );
    assert_eq!(upload(&presigned, &checksum, "video").await, 200);

    let download = client
        .get_object()
        .bucket("bucket")
        .key("media/1")
        .presigned(soon())
        .await
        .unwrap();
    let (status, response) = raw("GET", download.uri(), &[], "").await;
    assert_eq!(status, 200);
    assert!(response.ends_with("\r\n\r\nvideo"), "{response}");
    let tampered = download.uri().replace("/media/1", "/media/2");
    assert_eq!(raw("GET", &tampered, &[], "").await.0, 403);
    service.stop().await;
}

#[tokio::test]
async fn listing_is_ordered_grouped_and_paged() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    // A key may be a prefix of another, which no file system allows.
    for key in ["b/2", "a", "a/x", "b/1", "c", "a/b/y", "B"] {
        put(&client, key, "body").await;
    }
    let keys = client
        .list_objects_v2()
        .bucket("bucket")
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = keys
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    assert_eq!(keys, ["B", "a", "a/b/y", "a/x", "b/1", "b/2", "c"]);

    let mut pages = client
        .list_objects_v2()
        .bucket("bucket")
        .delimiter("/")
        .into_paginator()
        .page_size(2)
        .send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let keys = page.contents().iter().filter_map(|object| object.key());
        let groups = page
            .common_prefixes()
            .iter()
            .filter_map(|group| group.prefix());
        let mut names: Vec<_> = keys.chain(groups).map(str::to_owned).collect();
        names.sort();
        seen.push(names.join(" "));
    }
    assert_eq!(seen, ["B a", "a/ b/", "c"]);
    let under = client
        .list_objects_v2()
        .bucket("bucket")
        .prefix("a/")
        .delimiter("/");
    let under = under.send().await.unwrap();
    assert_eq!(under.contents()[0].key(), Some("a/x"));
    assert_eq!(under.common_prefixes()[0].prefix(), Some("a/b/"));
    service.stop().await;
}

#[tokio::test]
async fn start_deletes_bodies_without_an_object() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let [first, second] = ["1", "2"].map(|digit| digit.repeat(SMALL_BYTES + 1));
    put(&client, "kept", &first).await;
    put(&client, "kept", &second).await;
    put(&client, "small", "small").await;
    for (key, body) in [("deleted", first.as_str()), ("small deleted", "small")] {
        put(&client, key, body).await;
        let delete = client.delete_object().bucket("bucket").key(key);
        delete.send().await.unwrap();
    }
    assert_eq!(bodies(data.path()), 1);
    service.stop().await;
    assert_eq!(small_bodies(data.path()), 1);
    std::fs::write(data.path().join("s3/bodies/unfinished"), "half a bo").unwrap();

    let (service, client) = started(data.path()).await;
    assert_eq!(bodies(data.path()), 1);
    assert!(get(&client, "kept").await == second);
    assert_eq!(get(&client, "small").await, "small");
    service.stop().await;
}
