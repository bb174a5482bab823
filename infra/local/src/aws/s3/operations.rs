//! The operations of S3 on the [`Index`].

use std::{io::SeekFrom, pin::pin};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt as _, stream::try_unfold};
use http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::{
        Bucket, Checksum, ChecksumMode, CommonPrefix, CreateBucketInput, CreateBucketOutput,
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListObjectsV2Input, ListObjectsV2Output, Object as ListedObject, PutObjectInput,
        PutObjectOutput, Range, StreamingBlob, Timestamp, TimestampFormat,
    },
    s3_error,
};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufWriter};

use super::{
    super::Clock,
    index::{Conditions, Draft, Index, Object, Properties},
};

/// Largest body of one PUT (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MAX_BODY_BYTES: u64 = 5 << 30;

/// Longest key in bytes of UTF-8 (same page).
const MAX_KEY_BYTES: usize = 1024;

/// Most keys on one page of a listing.
const MAX_LISTED: usize = 1000;

/// What S3 says of an object that came without a type.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// How much of a body is in memory at once, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// The S3 implementation that `s3s` serves.
pub(super) struct Objects {
    pub(super) index: Index,
    pub(super) clock: Clock,
}

#[async_trait::async_trait]
impl S3 for Objects {
    /// Succeeds where the bucket is there already, as S3 does in us-east-1.
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.index
            .create_bucket(request.input.bucket, self.clock.now_ms())
            .await?;
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.index.check_bucket(request.input.bucket).await?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self
            .index
            .buckets()
            .await?
            .into_iter()
            .map(|(name, created_ms)| Bucket {
                name: Some(name),
                creation_date: Some(timestamp(created_ms)),
                ..Bucket::default()
            });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        }))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (mut input, trailers) = (request.input, request.trailing_headers);
        if input.key.len() > MAX_KEY_BYTES {
            return Err(s3_error!(KeyTooLongError));
        }
        let conditions = Conditions {
            if_match: input.if_match.take(),
            if_none_match: input.if_none_match.take(),
        };
        let body = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let stored = self.store(body, &mut input, trailers).await?;
        let (etag, checksum) = (stored.draft.etag.clone(), stored.checksum);
        let now_ms = self.clock.now_ms();
        self.index
            .put(input.bucket, input.key, stored.draft, conditions, now_ms)
            .await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.index.head(input.bucket, input.key).await?;
        check_read(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        let wants_checksum = wants_checksum(input.checksum_mode.as_ref());
        let p = object.properties;
        let checksum = |value: Option<String>| value.filter(|_| wants_checksum);
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(object.size).ok(),
            last_modified: Some(timestamp(object.modified_ms)),
            e_tag: Some(ETag::Strong(object.etag)),
            content_type: p
                .content_type
                .or_else(|| Some(DEFAULT_CONTENT_TYPE.to_owned())),
            content_encoding: p.content_encoding,
            content_disposition: p.content_disposition,
            content_language: p.content_language,
            cache_control: p.cache_control,
            metadata: p.metadata,
            checksum_crc32: checksum(p.checksum_crc32),
            checksum_crc32c: checksum(p.checksum_crc32c),
            checksum_crc64nvme: checksum(p.checksum_crc64nvme),
            checksum_sha1: checksum(p.checksum_sha1),
            checksum_sha256: checksum(p.checksum_sha256),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let (object, file) = self.index.get(input.bucket, input.key).await?;
        check_read(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        let part = match &input.range {
            Some(range) => range.check(object.size)?,
            None => 0..object.size,
        };
        let content_range = input.range.map(|_: Range| {
            format!(
                "bytes {}-{}/{}",
                part.start,
                part.end.saturating_sub(1),
                object.size
            )
        });
        // A checksum is that of the whole object.
        let whole = part.end - part.start == object.size;
        let wants_checksum = whole && wants_checksum(input.checksum_mode.as_ref());
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(part.start))
            .await
            .map_err(S3Error::internal_error)?;
        let length = part.end - part.start;
        let p = object.properties;
        let checksum = |value: Option<String>| value.filter(|_| wants_checksum);
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::wrap(read(file, length))),
            content_length: i64::try_from(length).ok(),
            content_range,
            last_modified: Some(timestamp(object.modified_ms)),
            e_tag: Some(ETag::Strong(object.etag)),
            content_type: p
                .content_type
                .or_else(|| Some(DEFAULT_CONTENT_TYPE.to_owned())),
            content_encoding: p.content_encoding,
            content_disposition: p.content_disposition,
            content_language: p.content_language,
            cache_control: p.cache_control,
            metadata: p.metadata,
            checksum_crc32: checksum(p.checksum_crc32),
            checksum_crc32c: checksum(p.checksum_crc32c),
            checksum_crc64nvme: checksum(p.checksum_crc64nvme),
            checksum_sha1: checksum(p.checksum_sha1),
            checksum_sha256: checksum(p.checksum_sha256),
            ..GetObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.index
            .delete(request.input.bucket, request.input.key)
            .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        let mut deleted = Vec::with_capacity(input.delete.objects.len());
        for object in input.delete.objects {
            self.index
                .delete(input.bucket.clone(), object.key.clone())
                .await?;
            deleted.push(DeletedObject {
                key: Some(object.key),
                ..DeletedObject::default()
            });
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted).filter(|_| !quiet),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        let most = input
            .max_keys
            .map_or(MAX_LISTED, |most| usize::try_from(most).unwrap_or(0));
        let after = input
            .continuation_token
            .as_ref()
            .or(input.start_after.as_ref());
        let page = Page {
            prefix: prefix.clone(),
            delimiter: input
                .delimiter
                .clone()
                .filter(|delimiter| !delimiter.is_empty()),
            after: after.cloned().unwrap_or_default(),
            most: most.min(MAX_LISTED),
            ..Page::default()
        };
        let after = page.after.clone();
        let page = self
            .index
            .list(input.bucket.clone(), prefix, after, page, Page::add)
            .await?;
        let count = page.objects.len() + page.prefixes.len();
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(count).ok(),
            max_keys: i32::try_from(page.most).ok(),
            is_truncated: Some(page.truncated),
            next_continuation_token: Some(page.last).filter(|_| page.truncated),
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            continuation_token: input.continuation_token,
            delimiter: input.delimiter,
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            ..ListObjectsV2Output::default()
        }))
    }
}

struct Stored {
    draft: Draft,
    checksum: Checksum,
}

impl Objects {
    /// Streams the body into a new file and compares it with every checksum that was sent.
    async fn store(
        &self,
        body: StreamingBlob,
        input: &mut PutObjectInput,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Stored> {
        let mut checksums = hasher(input);
        let (mut md5, mut size) = (Md5::new(), 0_u64);
        let file = self
            .index
            .new_body()
            .await
            .map_err(S3Error::internal_error)?;
        let writer = file.reopen().map_err(S3Error::internal_error)?;
        let mut writer = BufWriter::with_capacity(CHUNK_BYTES, tokio::fs::File::from_std(writer));
        let mut body = pin!(body);
        // What fails here is what the client sent: it broke off, or it does not match the hash or
        // the chunk signatures in its own signature.
        while let Some(chunk) = body
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
                .write_all(&chunk)
                .await
                .map_err(S3Error::internal_error)?;
        }
        writer.flush().await.map_err(S3Error::internal_error)?;
        let md5 = md5.finalize();
        if input
            .content_md5
            .as_deref()
            .is_some_and(|sent| sent != base64(&md5))
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
        Ok(Stored {
            draft: Draft {
                file,
                size,
                etag: hex::encode(md5),
                properties,
            },
            checksum,
        })
    }
}

/// The encoding to keep: `aws-chunked` is one of the transfer that S3 takes off.
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

/// Hashes with every algorithm of which a checksum was sent or is announced in a trailer.
fn hasher(input: &PutObjectInput) -> ChecksumHasher {
    let announced = input
        .checksum_algorithm
        .as_ref()
        .map(|algorithm| algorithm.as_str());
    let uses = |value: &Option<String>, name: &str| value.is_some() || announced == Some(name);
    ChecksumHasher {
        crc32: uses(&input.checksum_crc32, "CRC32").then(Default::default),
        crc32c: uses(&input.checksum_crc32c, "CRC32C").then(Default::default),
        crc64nvme: uses(&input.checksum_crc64nvme, "CRC64NVME").then(Default::default),
        sha1: uses(&input.checksum_sha1, "SHA1").then(Default::default),
        sha256: uses(&input.checksum_sha256, "SHA256").then(Default::default),
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

fn wants_checksum(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

/// Decides a conditional read
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html>).
///
/// # Errors
/// `PreconditionFailed`, or `NotModified` with the headers that RFC 9110 section 15.4.5 asks for.
fn check_read(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let etag = ETag::Strong(object.etag.clone());
    let differs = |condition: &ETagCondition| {
        condition
            .as_etag()
            .is_some_and(|expected| !etag.strong_cmp(expected))
    };
    if if_match.is_some_and(differs) {
        return Err(s3_error!(PreconditionFailed));
    }
    let same =
        |condition: &ETagCondition| condition.as_etag().is_none_or(|known| etag.weak_cmp(known));
    if !if_none_match.is_some_and(same) {
        return Ok(());
    }
    let mut headers = HeaderMap::new();
    let mut modified = Vec::new();
    timestamp(object.modified_ms)
        .format(TimestampFormat::HttpDate, &mut modified)
        .map_err(S3Error::internal_error)?;
    for (name, value) in [
        (header::ETAG, format!("\"{}\"", object.etag).into_bytes()),
        (header::LAST_MODIFIED, modified),
    ] {
        headers.insert(
            name,
            HeaderValue::try_from(value).map_err(S3Error::internal_error)?,
        );
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    Err(error)
}

fn timestamp(milliseconds: i64) -> Timestamp {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .into()
}

/// The next `length` bytes of `file`.
fn read(
    file: tokio::fs::File,
    length: u64,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static {
    try_unfold(file.take(length), |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}

/// One page of a listing.
#[derive(Default)]
struct Page {
    prefix: String,
    delimiter: Option<String>,
    after: String,
    most: usize,
    objects: Vec<ListedObject>,
    prefixes: Vec<CommonPrefix>,
    /// The last key or common prefix on the page.
    last: String,
    truncated: bool,
}

impl Page {
    /// Takes the next object in order, alone or as part of a common prefix, and returns false when
    /// the page is full.
    fn add(&mut self, object: Object) -> bool {
        let rest = &object.key[self.prefix.len()..];
        let group = self.delimiter.as_ref().and_then(|delimiter| {
            let end = rest.find(delimiter.as_str())? + delimiter.len();
            Some(object.key[..self.prefix.len() + end].to_owned())
        });
        if let Some(group) = &group
            && (*group == self.last || *group == self.after)
        {
            return true;
        }
        if self.objects.len() + self.prefixes.len() >= self.most {
            self.truncated = self.most > 0;
            return false;
        }
        if let Some(group) = group {
            self.last.clone_from(&group);
            self.prefixes.push(CommonPrefix {
                prefix: Some(group),
            });
        } else {
            self.last.clone_from(&object.key);
            self.objects.push(ListedObject {
                key: Some(object.key),
                size: i64::try_from(object.size).ok(),
                e_tag: Some(ETag::Strong(object.etag)),
                last_modified: Some(timestamp(object.modified_ms)),
                ..ListedObject::default()
            });
        }
        true
    }
}
