//! `GET /v1/videos/{video_id}`, its forms and its parts.
//!
//! A lookup goes through memory, one read of the index, and the bucket where the body is large.
//! What is stored is what is sent: the body is not parsed, and compressed only if the caller does
//! not take gzip.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header, response::Builder};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;

use super::{Answer, header_value, jobs::accepted, json, links::Links, negotiate, path_parameter};
use crate::{
    analysis::Analysis,
    clock::Timestamp,
    context::Context,
    error::Error,
    job::revival,
    store::{
        StoredAnalysis,
        blobs::{self, Form},
        packed,
        videos::{Found, Selector},
    },
    video::VideoKey,
};

/// A response must stay below Lambda's limit of 6 MB, in base64 if it is compressed.
const LARGEST_PLAIN: u64 = 5_500_000;
const LARGEST_GZIP: u64 = 4_000_000;

/// The largest document that is unpacked to be taken apart.
const LARGEST_DOCUMENT: u64 = 64_000_000;

/// How long a caller has for following a redirect to the bucket.
const REDIRECT_VALID: Duration = Duration::from_secs(300);

/// Members that `?fields=` can choose; `schema_version` and `video` are always there.
pub const FIELDS: [&str; 17] = [
    "language",
    "summary",
    "key_concepts",
    "chapters",
    "transcript",
    "events",
    "actions",
    "technologies",
    "difficulty",
    "prerequisites",
    "learning_path",
    "related_topics",
    "build_plan",
    "visual_elements",
    "sources",
    "refused",
    "provenance",
];

/// What of an analysis is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// The whole, in a form.
    Whole(Form),
    /// Some members of the document, in its order.
    Fields(Vec<&'static str>),
}

/// A request that was read.
struct Asked {
    video: VideoKey,
    selector: Selector,
    shape: Shape,
}

impl Asked {
    fn of(request: &Request) -> Result<Self, Error> {
        let parameters = request.path_parameters();
        let missing = || Error::NotFound { what: "analysis" };
        let video = path_parameter(&parameters, "video_id").parse();
        let query = request.query_string_parameters();
        let form = negotiate::form(query.first("format"), request.headers());
        let fields = query.first("fields").map(fields).transpose()?;
        let shape = match (part(request.uri().path()), fields) {
            (None, None) => Shape::Whole(form?),
            (None, Some(fields)) => match form? {
                Form::Json => Shape::Fields(fields),
                _ => return Err(Error::invalid("fields", "can only be chosen of JSON")),
            },
            (Some(_), Some(_)) => {
                return Err(Error::invalid("fields", "cannot be chosen of one part"));
            }
            (Some("transcript"), None) => match form? {
                Form::Json => Shape::Fields(vec!["transcript"]),
                form @ (Form::Vtt | Form::Srt) => Shape::Whole(form),
                Form::Markdown => return Err(Error::NotAcceptable),
            },
            (Some(part), None) => match form? {
                Form::Json => Shape::Fields(vec![part]),
                _ => return Err(Error::NotAcceptable),
            },
        };
        Ok(Self {
            video: video.map_err(|_| missing())?,
            selector: selector(query.first("variant"), query.first("version"))?,
            shape,
        })
    }
}

/// The part that a path is of: `/v1/videos/{video_id}/{part}`.
fn part(path: &str) -> Option<&'static str> {
    let last = path.strip_prefix("/v1/videos/")?.split('/').nth(1)?;
    FIELDS.into_iter().find(|field| *field == last)
}

/// The names of a list, in the order of the document.
fn fields(list: &str) -> Result<Vec<&'static str>, Error> {
    let named: Vec<&str> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let is_known =
        |name: &&str| FIELDS.contains(name) || ["schema_version", "video"].contains(name);
    if named.is_empty() || list.len() > 400 || !named.iter().all(is_known) {
        let known = FIELDS.join(", ");
        return Err(Error::invalid(
            "fields",
            format!("must be a list of {known}"),
        ));
    }
    Ok(FIELDS
        .into_iter()
        .filter(|field| named.contains(field))
        .collect())
}

fn selector(variant: Option<&str>, version: Option<&str>) -> Result<Selector, Error> {
    let is_name = |name: &str| {
        (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match (variant, version) {
        (None, None) => Ok(Selector::Newest),
        (Some(_), Some(_)) => Err(Error::invalid(
            "version",
            "must not come together with variant",
        )),
        (Some(name), None) if is_name(name) => Ok(Selector::Variant(name.to_owned())),
        (Some(_), None) => Err(Error::invalid("variant", "is no name of a variant")),
        (None, Some(name)) if is_name(name) && !name.contains('-') => {
            Ok(Selector::Version(name.to_owned()))
        }
        (None, Some(_)) => Err(Error::invalid("version", "is no version of the pipeline")),
    }
}

/// `GET`: the newest analysis, or that of `?variant=` or `?version=`, in the form of `?format=` or
/// `Accept`, or the members that `?fields=` or the path names.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAcceptable`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let asked = Asked::of(request)?;
    let now = (context.clock)();
    let report = async {
        if let Some(counts) = context.tally.due(now) {
            context.counters.count(&counts).await;
        }
    };
    let (answer, ()) =
        futures_util::future::join(answer(context, request, &asked, now), report).await;
    match &answer {
        Ok(response) => context
            .tally
            .note(response.status() != StatusCode::ACCEPTED),
        Err(Error::NotFound { .. }) => context.tally.note(false),
        Err(_) => {}
    }
    answer
}

async fn answer(context: &Context, request: &Request, asked: &Asked, now: Timestamp) -> Answer {
    let Some(found) = row(context, asked, now).await? else {
        return missing(context, request, asked, now).await;
    };
    let etag = etag(&found.analysis, &asked.shape);
    let validated = |status: u16| {
        with_validators(
            Response::builder().status(status),
            &etag,
            &found.analysis,
            now,
        )
    };
    if negotiate::has(request.headers(), &etag) {
        return validated(304).body(Body::Empty).map_err(Error::internal);
    }
    let takes_gzip = negotiate::takes_gzip(request.headers());
    if is_too_large(&found, &asked.shape, takes_gzip) {
        return redirect(context, asked, &found).await;
    }
    let Some(gzip) = gzip(context, asked, &found, now).await? else {
        // A row whose blob is gone is as good as no row.
        tracing::warn!(video.id = %asked.video, "Healed a row whose blob is gone");
        context.videos.heal(&asked.video, &found.analysis).await?;
        context.memory.forget_row(&asked.video, &asked.selector);
        return missing(context, request, asked, now).await;
    };
    let content_type = match asked.shape {
        Shape::Whole(form) => form.content_type(),
        Shape::Fields(_) => Form::Json.content_type(),
    };
    let response = validated(200).header(header::CONTENT_TYPE, content_type);
    if takes_gzip && gzip.len() as u64 <= LARGEST_GZIP {
        return response
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Body::Binary(gzip.to_vec()))
            .map_err(Error::internal);
    }
    match blobs::gunzip(&gzip, LARGEST_PLAIN) {
        Ok(plain) => {
            let text = String::from_utf8(plain).map_err(Error::internal)?;
            response.body(Body::Text(text)).map_err(Error::internal)
        }
        Err(Error::TooLarge { .. }) => redirect(context, asked, &found).await,
        Err(error) => Err(error),
    }
}

async fn row(
    context: &Context,
    asked: &Asked,
    now: Timestamp,
) -> Result<Option<Arc<Found>>, Error> {
    if let Some(found) = context.memory.row(&asked.video, &asked.selector, now) {
        return Ok(Some(found));
    }
    let found = context
        .videos
        .find(&asked.video, &asked.selector, false)
        .await?;
    // What is there for a moment only is not seen by every read.
    let found = match found {
        Some(found) => Some(found),
        None => {
            context
                .videos
                .find(&asked.video, &asked.selector, true)
                .await?
        }
    };
    Ok(found.map(|found| {
        let found = Arc::new(found);
        context
            .memory
            .keep_row(&asked.video, &asked.selector, &found, now);
        found
    }))
}

/// There is no such analysis: the job that makes one, if somebody is at it.
async fn missing(context: &Context, request: &Request, asked: &Asked, now: Timestamp) -> Answer {
    let at_work = context.videos.job_at_work(&asked.video, now).await?;
    let row = match &at_work {
        Some(id) => context.jobs.get(id).await?,
        None => None,
    };
    let Some(row) = row.filter(|row| !row.job.state.is_terminal()) else {
        return Err(Error::NotFound { what: "analysis" });
    };
    revival::revive_if_lost(&context.jobs, &context.queue, &row, now).await;
    accepted(&row.job, &Links::of(request), now)
}

/// What is wanted, in gzip; none where the blob is gone.
async fn gzip(
    context: &Context,
    asked: &Asked,
    found: &Found,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    let names = match &asked.shape {
        Shape::Whole(Form::Json) => return whole(context, asked, found, now).await,
        Shape::Whole(form) => return rendered(context, asked, found, *form, now).await,
        Shape::Fields(names) => names,
    };
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, Form::Json);
    let at_hand = found
        .body
        .clone()
        .or_else(|| context.memory.blob(&key, now));
    let is_known = found.parts != packed::Directory::default();
    match at_hand {
        Some(body) if is_known => found.parts.cut(names, &body).map(Some),
        None if is_known => {
            let pieces = context
                .blobs
                .get_ranges(&key, &found.parts.ranges(names))
                .await?;
            pieces
                .map(|pieces| found.parts.assemble(names, &pieces))
                .transpose()
        }
        // Stored before parts were: taken apart here.
        _ => {
            let Some(body) = whole(context, asked, found, now).await? else {
                return Ok(None);
            };
            let text = String::from_utf8(blobs::gunzip(&body, LARGEST_DOCUMENT)?);
            let packed = packed::pack(&text.map_err(Error::internal)?)?;
            packed.parts.cut(names, &packed.gzip).map(Some)
        }
    }
}

async fn whole(
    context: &Context,
    asked: &Asked,
    found: &Found,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    match &found.body {
        Some(body) => Ok(Some(body.clone())),
        None => {
            let key = blobs::analysis_key(&asked.video, &found.analysis.etag, Form::Json);
            blob(context, &key, now).await
        }
    }
}

async fn blob(context: &Context, key: &str, now: Timestamp) -> Result<Option<Bytes>, Error> {
    if let Some(blob) = context.memory.blob(key, now) {
        return Ok(Some(blob));
    }
    let blob = context.blobs.get(key).await?;
    if let Some(blob) = &blob {
        context.memory.keep_blob(key, blob, now);
    }
    Ok(blob)
}

/// Another form than the document itself; made from that where it has gone.
async fn rendered(
    context: &Context,
    asked: &Asked,
    found: &Found,
    form: Form,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, form);
    if let Some(stored) = blob(context, &key, now).await? {
        return Ok(Some(stored));
    }
    let Some(document) = whole(context, asked, found, now).await? else {
        return Ok(None);
    };
    let document = blobs::gunzip(&document, LARGEST_DOCUMENT)?;
    let analysis: Analysis = serde_json::from_slice(&document).map_err(Error::internal)?;
    let gzip = blobs::gzip(form.render(&analysis).as_bytes());
    context
        .blobs
        .put_gzip(&key, form.content_type(), gzip.clone())
        .await?;
    Ok(Some(gzip))
}

/// Whether it is known without a look at the body that it does not fit into a response.
fn is_too_large(found: &Found, shape: &Shape, takes_gzip: bool) -> bool {
    let analysis = &found.analysis;
    *shape == Shape::Whole(Form::Json)
        && analysis.size_bytes > LARGEST_PLAIN
        && (!takes_gzip || analysis.gzip_bytes > LARGEST_GZIP)
}

/// What is larger than a response can be is fetched from the bucket, compressed as it is stored.
async fn redirect(context: &Context, asked: &Asked, found: &Found) -> Answer {
    let Shape::Whole(form) = asked.shape else {
        return Err(Error::TooLarge { what: "selection" });
    };
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, form);
    let location = context.blobs.grant_download(&key, REDIRECT_VALID).await?;
    Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, header_value(&location)?)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::VARY, "accept, accept-encoding")
        .body(Body::Empty)
        .map_err(Error::internal)
}

/// Each form and each selection is a representation of its own, and has a strong tag of its own.
fn etag(analysis: &StoredAnalysis, shape: &Shape) -> String {
    let tag = &analysis.etag;
    match shape {
        Shape::Whole(Form::Json) => format!("\"{tag}\""),
        Shape::Whole(form) => format!("\"{tag}-{}\"", form.extension()),
        Shape::Fields(names) => format!("\"{tag}-{}\"", names.join("+")),
    }
}

/// Caches may keep what is fresh for a minute, and show it for a day while they ask again.
fn with_validators(
    response: Builder,
    etag: &str,
    analysis: &StoredAnalysis,
    now: Timestamp,
) -> Builder {
    let fresh = now.until(analysis.expires_at).as_secs().min(60);
    let cache_control = format!("private, max-age={fresh}, stale-while-revalidate=86400");
    response
        .header(header::ETAG, etag)
        .header(header::LAST_MODIFIED, http_date(analysis.finished_at))
        .header(header::CACHE_CONTROL, cache_control)
        .header(header::VARY, "accept, accept-encoding")
}

#[derive(Serialize)]
struct Variants {
    video_id: String,
    analyses: Vec<VariantView>,
}

#[derive(Serialize)]
struct VariantView {
    variant: String,
    pipeline_version: String,
    etag: String,
    size_bytes: u64,
    title: String,
    finished_at: String,
    expires_at: String,
    links: VariantLinks,
}

#[derive(Serialize)]
struct VariantLinks {
    video: String,
}

/// `GET /v1/videos/{video_id}/analyses`: every analysis that there is of a video, newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn list_analyses(context: &Context, request: &Request) -> Answer {
    let missing = || Error::NotFound { what: "analysis" };
    let parameters = request.path_parameters();
    let video: VideoKey = path_parameter(&parameters, "video_id")
        .parse()
        .map_err(|_| missing())?;
    let links = Links::of(request);
    let variants = context.videos.variants(&video).await?.into_iter();
    let mut found: Vec<StoredAnalysis> = variants
        .filter_map(|(_, variant)| variant.analysis)
        .collect();
    if found.is_empty() {
        return Err(missing());
    }
    found.sort_by_key(|analysis| std::cmp::Reverse(analysis.finished_at));
    let analyses = found.into_iter().map(|analysis| VariantView {
        pipeline_version: analysis.version().to_owned(),
        links: VariantLinks {
            video: links.video(&video, Some(&analysis.variant)),
        },
        variant: analysis.variant,
        etag: analysis.etag,
        size_bytes: analysis.size_bytes,
        title: analysis.title,
        finished_at: analysis.finished_at.rfc3339(),
        expires_at: analysis.expires_at.rfc3339(),
    });
    json(
        StatusCode::OK,
        &Variants {
            video_id: video.to_string(),
            analyses: analyses.collect(),
        },
    )
}

/// `Tue, 24 Nov 2026 03:40:00 GMT` (RFC 9110, section 5.6.7).
fn http_date(at: Timestamp) -> String {
    let date = at.date_time();
    let (weekday, month) = (date.weekday().to_string(), date.month().to_string());
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        date.day(),
        &month[..3],
        date.year(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_date_as_http_has_it() {
        assert_eq!(
            http_date(Timestamp(784_111_777_000)),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
    }

    #[test]
    fn fields_are_those_of_the_document() {
        // As the snapshot of a whole document has it.
        let snapshot = include_str!(
            "../analysis/assemble/snapshots/eventrelay__analysis__assemble__tests__a_whole_answer_becomes_an_analysis.snap"
        );
        let document = snapshot.splitn(3, "---\n").nth(2).unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let members: Vec<_> = document.as_object().unwrap().keys().collect();
        assert!(members.len() > 15);
        for member in &members {
            let known = FIELDS.contains(&member.as_str());
            assert!(
                known || ["schema_version", "video"].contains(&member.as_str()),
                "{member}"
            );
        }
        assert_eq!(fields("events, summary,,").unwrap(), ["summary", "events"]);
        assert_eq!(fields("video").unwrap(), [] as [&str; 0]);
        for wrong in ["", ",", "colour", &"events,".repeat(100)] {
            assert!(fields(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_is_the_last_of_its_path() {
        assert_eq!(part("/v1/videos/yt:x/chapters"), Some("chapters"));
        assert_eq!(part("/v1/videos/yt:x"), None);
        assert_eq!(part("/v1/videos/yt:x/other"), None);
    }

    #[test]
    fn an_analysis_is_selected_by_one_name() {
        assert_eq!(selector(None, None).unwrap(), Selector::Newest);
        assert_eq!(
            selector(None, Some("2")).unwrap(),
            Selector::Version("2".to_owned())
        );
        assert!(selector(Some("1-ab"), None).is_ok());
        for (variant, version) in [
            (Some("1"), Some("1")),
            (Some("a#b"), None),
            (None, Some("1-a")),
            (None, Some("")),
        ] {
            assert!(
                selector(variant, version).is_err(),
                "{variant:?} {version:?}"
            );
        }
    }
}
