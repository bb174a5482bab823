//! Conversion of the rows of a video. See [`super::videos`] for their meaning.

use bytes::Bytes;

use super::{
    StoredAnalysis,
    entry::Entry,
    item::{Item, b, get_b, get_n, get_s, n, s},
    packed::{Directory, Packed},
};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Error, Failure},
    ids::JobId,
    video::VideoKey,
};

/// Maximum compressed body that is stored beside its row, in bytes.
///
/// `cargo bench-lookup` measures both places. Beside the row, a lookup saves one request and, up to
/// some 60 kB, processor time. A read of 32 kB costs about as much as a small read and a
/// `GetObject` together ($0.125 per million read units of 4 kB, halved for eventually consistent
/// reads; $0.40 per million). Beyond that size, lower latency costs more money.
pub const INLINE_LIMIT: usize = 32 * 1024;

/// Sort key of a video's entry.
pub(super) const CURRENT: &str = "current";

/// Partition of the index `by_time` that holds all entries.
pub(super) const ALL_VIDEOS: &str = "videos";

/// Maximum bytes of a title or a problem's text in a row, so that rows stay below one write unit of
/// 1 kB. The document has the full text.
const MAX_TEXT_LENGTH: usize = 160;

/// Row of a variant: its claim, its analysis and its last failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// Job that holds the claim, and the expiry of its lease.
    pub claim: Option<(JobId, Timestamp)>,
    pub analysis: Option<StoredAnalysis>,
    pub failure: Option<Failure>,
}

impl Variant {
    pub(super) fn new(item: &Item) -> Self {
        let owner = get_s(item, "owner").and_then(|owner| owner.parse().ok());
        Self {
            claim: owner.zip(get_n(item, "lease_until").map(Timestamp)),
            analysis: document(item, "doc"),
            failure: document(item, "failure"),
        }
    }

    /// Returns the job that holds the claim.
    #[must_use]
    pub fn at_work(&self, now: Timestamp) -> Option<&JobId> {
        let claim = self.claim.as_ref();
        claim
            .filter(|(_, until)| *until >= now)
            .map(|(owner, _)| owner)
    }

    /// Returns the analysis if it is fresh and at least of the configured class.
    #[must_use]
    pub fn fresh(&self, configured: AnswerClass, now: Timestamp) -> Option<&StoredAnalysis> {
        let analysis = self.analysis.as_ref();
        analysis.filter(|analysis| analysis.serves(configured, now))
    }

    /// Returns the failure if it is still remembered and at least of the configured class.
    #[must_use]
    pub fn failed(&self, configured: AnswerClass, now: Timestamp) -> Option<&Failure> {
        let failure = self.failure.as_ref();
        failure.filter(|failure| now < failure.until && failure.answered_by >= configured)
    }
}

/// Sort key of a variant's row.
pub(super) fn variant_key(variant: &str) -> String {
    format!("v#{variant}")
}

/// Sort key of the body beside a row.
pub(super) fn body_key(sk: &str) -> String {
    format!("{sk}#body")
}

/// Key of a row of a video.
pub(super) fn key(video: &VideoKey, sk: &str) -> Item {
    Item::from([
        ("pk".to_owned(), s(video.to_string())),
        ("sk".to_owned(), s(sk)),
    ])
}

fn document<T: serde::de::DeserializeOwned>(item: &Item, name: &str) -> Option<T> {
    serde_json::from_str(get_s(item, name)?).ok()
}

/// Encodes an entry as the row `current`.
pub(super) fn entry_item(video: &VideoKey, entry: &Entry) -> Result<Item, Error> {
    let mut item = key(video, CURRENT);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("listing", s(ALL_VIDEOS));
    set("status", s(entry.status.into_str()));
    set("listed_at", n(entry.listed_at.0));
    set("revision", n(entry.revision));
    if let Some(job) = &entry.job {
        set("job", s(job.as_str()));
    }
    if let Some(error) = &entry.error {
        set(
            "error",
            s(serde_json::to_string(error).map_err(Error::internal)?),
        );
    }
    if let Some(analysis) = &entry.analysis {
        set("category", s(&analysis.category));
        set("etag", s(&analysis.etag));
        set("doc", s(analysis_document(analysis)?));
    }
    Ok(item)
}

/// Decodes the entry of a row `current`.
pub(super) fn entry_of(item: &Item) -> Option<Entry> {
    Some(Entry {
        status: get_s(item, "status")?.parse().ok()?,
        listed_at: get_n(item, "listed_at").map(Timestamp)?,
        job: get_s(item, "job").and_then(|job| job.parse().ok()),
        error: document(item, "error"),
        analysis: document(item, "doc"),
        revision: get_n(item, "revision")?,
    })
}

/// Encodes an analysis for a row, with its title truncated to fit.
pub(super) fn analysis_document(analysis: &StoredAnalysis) -> Result<String, Error> {
    let mut analysis = analysis.clone();
    analysis
        .title
        .truncate(analysis.title.floor_char_boundary(MAX_TEXT_LENGTH));
    serde_json::to_string(&analysis).map_err(Error::internal)
}

/// Encodes the body row: the directory of the parts, and the bytes if they are few.
pub(super) fn body_item(
    video: &VideoKey,
    sk: &str,
    etag: &str,
    body: &Packed,
) -> Result<Item, Error> {
    let mut item = key(video, &body_key(sk));
    item.insert("etag".to_owned(), s(etag));
    let parts = serde_json::to_string(&body.parts).map_err(Error::internal)?;
    item.insert("parts".to_owned(), s(parts));
    if body.gzip.len() <= INLINE_LIMIT {
        item.insert("body".to_owned(), b(&body.gzip));
    }
    Ok(item)
}

/// Decodes the directory and the bytes of a body row, if they belong to the analysis with this tag.
pub(super) fn body_of(item: Item, etag: &str) -> Option<(Directory, Option<Bytes>)> {
    if get_s(&item, "etag") != Some(etag) {
        return None;
    }
    let parts = document(&item, "parts").unwrap_or_default();
    Some((parts, get_b(item, "body")))
}

/// Returns the rows of an analysis that was made elsewhere, for imports and benchmarks.
///
/// # Errors
/// [`Error::Internal`].
pub fn rows_of(
    video: &VideoKey,
    entry: &Entry,
    body: &Packed,
) -> Result<Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>>, Error>
{
    let mut rows = vec![entry_item(video, entry)?];
    if let Some(analysis) = &entry.analysis {
        rows.push(body_item(video, CURRENT, &analysis.etag, body)?);
        let sk = variant_key(&analysis.variant);
        let mut variant = key(video, &sk);
        variant.insert("doc".to_owned(), s(analysis_document(analysis)?));
        variant.insert("etag".to_owned(), s(&analysis.etag));
        variant.insert("expires_at".to_owned(), n(analysis.expires_at.0));
        variant.insert("answer_rank".to_owned(), n(analysis.answered_by.rank()));
        rows.push(variant);
        rows.push(body_item(video, &sk, &analysis.etag, body)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::VideoStatus;
    use eventrelay_core::error::JobError;

    fn largest() -> (VideoKey, Entry) {
        let text = "\u{1f980}".repeat(300);
        let analysis = StoredAnalysis {
            variant: "10-0123456789abcdef".to_owned(),
            base_variant: "10-0123456789abcdef".to_owned(),
            etag: "f".repeat(64),
            size_bytes: 99_999_999,
            gzip_bytes: 9_999_999,
            title: text,
            category: "programming".to_owned(),
            duration_s: Some(12345.678),
            usage: Default::default(),
            answered_by: AnswerClass::StandIn,
            finished_at: Timestamp(1_999_999_999_999),
            expires_at: Timestamp(1_999_999_999_999),
        };
        let entry = Entry {
            status: VideoStatus::Cancelled,
            listed_at: Timestamp(1_999_999_999_999),
            job: Some(JobId::random()),
            error: None,
            analysis: Some(analysis),
            revision: 1_000_000,
        };
        let video = format!("up:{}", "f".repeat(64)).parse().unwrap();
        (video, entry)
    }

    fn bytes(item: &Item) -> usize {
        let value = |value: &aws_sdk_dynamodb::types::AttributeValue| match value {
            aws_sdk_dynamodb::types::AttributeValue::S(text) => text.len(),
            _ => 21,
        };
        item.iter()
            .map(|(name, attribute)| name.len() + value(attribute))
            .sum()
    }

    #[test]
    fn an_entry_is_below_one_write_unit() {
        let (video, entry) = largest();
        let item = entry_item(&video, &entry).unwrap();
        assert!(bytes(&item) < 1024, "{}", bytes(&item));
        let read = entry_of(&item).unwrap();
        assert_eq!(
            (read.status, read.revision, &read.job),
            (entry.status, entry.revision, &entry.job)
        );
        assert_eq!(read.analysis.unwrap().title.chars().count(), 40);
    }

    #[test]
    fn a_failed_entry_survives_its_row() {
        let (video, mut entry) = largest();
        entry.analysis = None;
        entry.error = Some(JobError {
            estimated_cost_usd: None,
            kind: "k".to_owned(),
            title: "t".to_owned(),
            detail: "d".to_owned(),
            status: 422,
        });
        assert_eq!(entry_of(&entry_item(&video, &entry).unwrap()), Some(entry));
    }

    #[test]
    fn a_large_body_stays_out() {
        let (video, _) = largest();
        let mut body = Packed {
            gzip: vec![0; INLINE_LIMIT].into(),
            parts: Directory::default(),
        };
        let small = body_item(&video, CURRENT, "e", &body).unwrap();
        assert_eq!(
            body_of(small.clone(), "e")
                .unwrap()
                .1
                .map(|body| body.len()),
            Some(INLINE_LIMIT)
        );
        assert_eq!(body_of(small, "other"), None);
        body.gzip = vec![0; INLINE_LIMIT + 1].into();
        let large = body_item(&video, CURRENT, "e", &body).unwrap();
        assert_eq!(body_of(large, "e"), Some((Directory::default(), None)));
    }

    #[test]
    fn a_variant_is_held_fresh_and_failed_for_its_time() {
        let job = JobId::random();
        let item = Item::from([
            ("owner".to_owned(), s(job.as_str())),
            ("lease_until".to_owned(), n(10)),
        ]);
        let variant = Variant::new(&item);
        assert_eq!(variant.at_work(Timestamp(10)), Some(&job));
        assert_eq!(variant.at_work(Timestamp(11)), None);
        assert_eq!(variant.fresh(AnswerClass::StandIn, Timestamp(0)), None);
    }

    #[test]
    fn row_without_a_class_is_of_a_model() {
        let doc = r#"{"variant":"1","base_variant":"1","etag":"e","size_bytes":1,"title":"t",
            "category":"ai","duration_s":null,"finished_at":1,"expires_at":10}"#;
        let failure = r#"{"job":"job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","until":10,
            "error":{"type":"k","title":"t","detail":"d"}}"#;
        let item = Item::from([
            ("doc".to_owned(), s(doc)),
            ("failure".to_owned(), s(failure)),
        ]);
        let variant = Variant::new(&item);
        assert!(variant.fresh(AnswerClass::Model, Timestamp(5)).is_some());
        assert!(variant.failed(AnswerClass::Model, Timestamp(5)).is_some());
    }

    #[test]
    fn variant_serves_its_class_and_lower_ones_only() {
        let (_, entry) = largest();
        let mut variant = Variant {
            analysis: entry.analysis,
            ..Variant::default()
        };
        let now = Timestamp(5);
        assert!(variant.fresh(AnswerClass::StandIn, now).is_some());
        assert!(variant.fresh(AnswerClass::Offline, now).is_none());
        assert!(variant.fresh(AnswerClass::Model, now).is_none());
        if let Some(analysis) = &mut variant.analysis {
            analysis.answered_by = AnswerClass::Model;
        }
        assert!(variant.fresh(AnswerClass::StandIn, now).is_some());
    }
}
