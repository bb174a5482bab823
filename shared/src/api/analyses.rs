//! `GET /v1/videos/{video_id}/analyses`.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{Answer, json, links::Links, path_parameter};
use eventrelay_core::{answer_class::AnswerClass, error::Error, video::VideoKey};
use eventrelay_store::StoredAnalysis;
use eventrelay_workflow::context::Context;

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AnalysisList")
)]
pub(super) struct Variants {
    video_id: String,
    analyses: Vec<VariantView>,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AnalysisVariant")
)]
struct VariantView {
    variant: String,
    pipeline_version: String,
    answered_by: AnswerClass,
    etag: String,
    size_bytes: u64,
    title: String,
    finished_at: String,
    expires_at: String,
    links: VariantLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct VariantLinks {
    video: String,
}

/// `GET`: every analysis that there is of a video, newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let missing = || Error::NotFound { what: "analysis" };
    let parameters = request.path_parameters();
    let video: VideoKey = path_parameter(&parameters, "video_id")
        .parse()
        .map_err(|_| missing())?;
    let links = Links::new(request);
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
        answered_by: analysis.answered_by,
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
