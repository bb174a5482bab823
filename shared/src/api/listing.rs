//! `GET /v1/videos`.

use eventrelay_store::Page;
use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{Answer, cursor::Cursors, fields::one_of, json, links::Links, paging};
use eventrelay_analysis::Category;
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Error, JobError},
    video::VideoKey,
};
use eventrelay_store::{
    entry::{Entry, VideoStatus},
    listing::{Filter, Order, PageRequest, Position},
};
use eventrelay_workflow::context::Context;

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "VideoList")
)]
pub(super) struct Listing {
    videos: Vec<VideoView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ListedVideo")
)]
struct VideoView {
    video_id: String,
    status: VideoStatus,
    listed_at: String,
    #[serde(flatten)]
    analysis: Option<AnalysisView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    links: VideoLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct AnalysisView {
    title: String,
    #[cfg_attr(feature = "contract", schemars(with = "eventrelay_analysis::Category"))]
    category: String,
    duration_s: Option<f64>,
    pipeline_version: String,
    answered_by: AnswerClass,
    etag: String,
    size_bytes: u64,
    finished_at: String,
    expires_at: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct VideoLinks {
    video: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
}

impl VideoView {
    fn new(video: &VideoKey, entry: Entry, links: &Links) -> Self {
        Self {
            video_id: video.to_string(),
            status: entry.status,
            listed_at: entry.listed_at.rfc3339(),
            links: VideoLinks {
                video: links.video(
                    video,
                    entry.analysis.as_ref().map(|one| one.variant.as_str()),
                ),
                job: entry.job.as_ref().map(|job| links.job(job)),
            },
            error: entry.error,
            analysis: entry.analysis.map(|analysis| AnalysisView {
                pipeline_version: analysis.version().to_owned(),
                answered_by: analysis.answered_by,
                title: analysis.title,
                category: analysis.category,
                duration_s: analysis.duration_s,
                etag: analysis.etag,
                size_bytes: analysis.size_bytes,
                finished_at: analysis.finished_at.rfc3339(),
                expires_at: analysis.expires_at.rfc3339(),
            }),
        }
    }
}

/// `GET`: videos by the time of their last change, newest first; of `?category=` or `?status=`,
/// changed `?since=`, `?limit=` in a page, from `?cursor=` on. One query of one index.
///
/// # Errors
/// [`Error::InvalidInput`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let query = request.query_string_parameters();
    let category = query
        .first("category")
        .map(|name| one_of("category", Category::ALL, name))
        .transpose()?;
    let status = query
        .first("status")
        .map(|name| one_of("status", VideoStatus::ALL, name))
        .transpose()?;
    let since = query.first("since").map(since).transpose()?;
    let limit = paging::limit(query.first("limit"))?;
    let given = query.first("cursor");
    paging::only(&query, &["category", "status", "since", "limit", "cursor"])?;
    let links = Links::new(request);
    let filter = match (category, status) {
        // Only an analysis has a category.
        (Some(category), None | Some(VideoStatus::Done)) => Some(Filter::Category(category)),
        (Some(_), Some(_)) => None,
        (None, Some(status)) => Some(Filter::Status(status)),
        (None, None) => Some(Filter::All),
    };
    let scope = format!("videos?{category:?}&{status:?}&{since:?}");
    let cursors = Cursors::new(context, scope);
    let after: Option<Position> = cursors.position(given).await?;
    let page = match filter {
        None => Page::empty(),
        Some(filter) => {
            let page = PageRequest {
                filter,
                order: Order::NewestFirst,
                between: (since.unwrap_or_default(), Timestamp(i64::MAX as u64)),
                limit,
                after,
            };
            context.videos.list(&page).await?
        }
    };
    let next = cursors.text(page.next).await?;
    let view = Listing {
        videos: page
            .items
            .into_iter()
            .map(|(video, entry)| VideoView::new(&video, entry, &links))
            .collect(),
        links: paging::NextLinks::new(request, next.as_deref()),
        cursor: next,
    };
    json(StatusCode::OK, &view)
}

fn since(text: &str) -> Result<Timestamp, Error> {
    let wrong = || Error::invalid("since", "must be a time such as 2026-11-24T03:40:00Z");
    Timestamp::parse_rfc3339_or_first(text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_accepts_only_timestamps() {
        assert_eq!(since("1970-01-01T00:00:01Z").unwrap(), Timestamp(1000));
        assert_eq!(since("1970-01-01T01:00:01+01:00").unwrap(), Timestamp(1000));
        // Nothing is older than that.
        assert_eq!(since("0326-02-21T01:23:35.7+02:15").unwrap(), Timestamp(0));
        for wrong in ["", "yesterday", "2026-11-24", "1000"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
