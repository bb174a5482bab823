//! The operations of S3 on the [`Index`].

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        Bucket, ChecksumMode, CreateBucketInput, CreateBucketOutput, DeleteObjectInput,
        DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
        ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
        HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
        ListObjectsV2Output, PutObjectInput, PutObjectOutput, Range, Timestamp, TimestampFormat,
    },
    s3_error,
};

use super::{
    super::Clock,
    index::{Conditions, Index, Object},
    listing::Page,
    upload,
};

/// Maximum size of a key in bytes of UTF-8
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
const MAX_KEY_BYTES: usize = 1024;

/// Maximum keys on a page of a listing.
const MAX_LISTED: usize = 1000;

/// Content type of an object that was stored without one.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// Builds the output of a read: what it says about an object, and further fields.
macro_rules! output {
    ($output:ident, $object:ident, $wants_checksum:ident, $($field:ident),+ $(,)?) => {{
        let p = $object.properties;
        let checksum = |value: Option<String>| value.filter(|_| $wants_checksum);
        $output {
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(timestamp($object.modified_ms)),
            e_tag: Some(ETag::Strong($object.etag)),
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
            $($field,)+
            ..$output::default()
        }
    }};
}

/// S3 implementation that `s3s` serves.
pub(super) struct Objects {
    pub(super) index: Index,
    pub(super) clock: Clock,
}

#[async_trait::async_trait]
impl S3 for Objects {
    /// Succeeds if the bucket exists, like S3 in us-east-1.
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
        let mut input = request.input;
        if input.key.len() > MAX_KEY_BYTES {
            return Err(s3_error!(KeyTooLongError));
        }
        let conditions = Conditions {
            if_match: input.if_match.take(),
            if_none_match: input.if_none_match.take(),
        };
        let draft = upload::store(
            self.index.new_body(),
            &mut input,
            &request.headers,
            request.trailing_headers,
        )
        .await?;
        let (etag, p) = (draft.etag.clone(), draft.properties.clone());
        let now_ms = self.clock.now_ms();
        self.index
            .put(input.bucket, input.key, draft, conditions, now_ms)
            .await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            checksum_crc32: p.checksum_crc32,
            checksum_crc32c: p.checksum_crc32c,
            checksum_crc64nvme: p.checksum_crc64nvme,
            checksum_sha1: p.checksum_sha1,
            checksum_sha256: p.checksum_sha256,
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
        let content_length = i64::try_from(object.size).ok();
        Ok(S3Response::new(output!(
            HeadObjectOutput,
            object,
            wants_checksum,
            content_length
        )))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let (object, body) = self.index.get(input.bucket, input.key).await?;
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
        // A checksum covers the whole object.
        let whole = part.end - part.start == object.size;
        let wants_checksum = whole && wants_checksum(input.checksum_mode.as_ref());
        let length = part.end - part.start;
        let body = body
            .read(part.start, length)
            .await
            .map_err(S3Error::internal_error)?;
        let (body, content_length) = (Some(body), i64::try_from(length).ok());
        Ok(S3Response::new(output!(
            GetObjectOutput,
            object,
            wants_checksum,
            content_length,
            body,
            content_range,
        )))
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

fn wants_checksum(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

/// Checks the conditions of a read
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html>).
///
/// # Errors
/// `PreconditionFailed`, or `NotModified` with the headers that RFC 9110 section 15.4.5 requires.
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

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let since_epoch = Duration::from_millis(milliseconds.try_into().unwrap_or_default());
    (SystemTime::UNIX_EPOCH + since_epoch).into()
}
