//! Upload of the body of an object.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue};
use s3s::{
    S3Error, S3ErrorCode, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::{Checksum, PutObjectInput},
    s3_error,
};

use super::{
    body::Writer,
    index::{Draft, Properties},
};

/// Maximum body of one PUT (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MAX_BODY_BYTES: u64 = 5 << 30;

/// Streams the body into `writer` and verifies all checksums of the request.
///
/// # Errors
/// `IncompleteBody`, `EntityTooLarge` or `BadDigest`.
pub(super) async fn store(
    mut writer: Writer<'_>,
    input: &mut PutObjectInput,
    headers: &HeaderMap,
    trailers: Option<TrailingHeaders>,
) -> S3Result<Draft> {
    let sent = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
    let mut checksums = hasher(input, headers);
    let (mut md5, mut size) = (Md5::new(), 0_u64);
    let mut sent = pin!(sent);
    // An error here is the client's: the body is incomplete, or does not match its hash or chunk
    // signatures.
    while let Some(chunk) = sent
        .try_next()
        .await
        .map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?
    {
        size += chunk.len() as u64;
        if size > MAX_BODY_BYTES {
            return Err(s3_error!(EntityTooLarge));
        }
        md5.update(&chunk);
        checksums.update(&chunk);
        writer
            .write(&chunk)
            .await
            .map_err(S3Error::internal_error)?;
    }
    let body = writer.finish().await.map_err(S3Error::internal_error)?;
    let md5 = md5.finalize();
    if input
        .content_md5
        .as_deref()
        .is_some_and(|sent| sent != base64(md5))
    {
        return Err(s3_error!(
            BadDigest,
            "the Content-MD5 does not match the body"
        ));
    }
    let checksum = checksums.finalize();
    check_checksums(
        input,
        trailers.as_ref().and_then(TrailingHeaders::take),
        &checksum,
    )?;
    let properties = Properties {
        content_type: input.content_type.take().map(|kind| kind.to_string()),
        content_encoding: input.content_encoding.take().and_then(stored_encoding),
        content_disposition: input.content_disposition.take(),
        content_language: input.content_language.take(),
        cache_control: input.cache_control.take(),
        metadata: input.metadata.take(),
        checksum_crc32: checksum.checksum_crc32.clone(),
        checksum_crc32c: checksum.checksum_crc32c.clone(),
        checksum_crc64nvme: checksum.checksum_crc64nvme.clone(),
        checksum_sha1: checksum.checksum_sha1.clone(),
        checksum_sha256: checksum.checksum_sha256.clone(),
    };
    Ok(Draft {
        body,
        size,
        etag: hex::encode(md5),
        properties,
    })
}

/// Returns the encoding to store, without `aws-chunked`, which only applies to the transfer.
fn stored_encoding(sent: String) -> Option<String> {
    let kept: Vec<_> = sent
        .split(',')
        .map(str::trim)
        .filter(|coding| *coding != "aws-chunked")
        .collect();
    Some(kept.join(",")).filter(|kept| !kept.is_empty())
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

/// Returns a hasher for every checksum that the request contains or announces as a trailer.
fn hasher(input: &PutObjectInput, headers: &HeaderMap) -> ChecksumHasher {
    let announced = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|name| name.trim().strip_prefix("x-amz-checksum-"));
    let uses = |value: &Option<String>, name: &str| value.is_some() || announced == Some(name);
    ChecksumHasher {
        crc32: uses(&input.checksum_crc32, "crc32").then(Default::default),
        crc32c: uses(&input.checksum_crc32c, "crc32c").then(Default::default),
        crc64nvme: uses(&input.checksum_crc64nvme, "crc64nvme").then(Default::default),
        sha1: uses(&input.checksum_sha1, "sha1").then(Default::default),
        sha256: uses(&input.checksum_sha256, "sha256").then(Default::default),
    }
}

fn check_checksums(
    input: &PutObjectInput,
    trailers: Option<HeaderMap>,
    computed: &Checksum,
) -> S3Result<()> {
    let pairs = [
        ("crc32", &input.checksum_crc32, &computed.checksum_crc32),
        ("crc32c", &input.checksum_crc32c, &computed.checksum_crc32c),
        (
            "crc64nvme",
            &input.checksum_crc64nvme,
            &computed.checksum_crc64nvme,
        ),
        ("sha1", &input.checksum_sha1, &computed.checksum_sha1),
        ("sha256", &input.checksum_sha256, &computed.checksum_sha256),
    ];
    for (name, header, computed) in pairs {
        let trailer = trailers
            .as_ref()
            .and_then(|all| all.get(format!("x-amz-checksum-{name}")));
        let trailer = trailer.map(HeaderValue::as_bytes);
        for sent in [header.as_ref().map(String::as_bytes), trailer]
            .into_iter()
            .flatten()
        {
            if computed.as_ref().map(String::as_bytes) != Some(sent) {
                return Err(s3_error!(
                    BadDigest,
                    "the {} checksum does not match the body",
                    name
                ));
            }
        }
    }
    Ok(())
}
