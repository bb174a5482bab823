//! `/v1/videos/{video_id}/feedback`.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{
    Answer,
    cursor::Cursors,
    fields::{Fields, one_of, required},
    json, paging, path_parameter,
};
use eventrelay_analysis::text;
use eventrelay_core::{error::Error, video::VideoKey};
use eventrelay_store::feedback::{Feedback, FeedbackType};
use eventrelay_workflow::context::Context;

/// Characters of a comment at most.
const MAX_COMMENT_LENGTH: usize = 1000;

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "Feedback")
)]
pub(super) struct View {
    feedback_id: String,
    #[serde(rename = "type")]
    kind: FeedbackType,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    created_at: String,
}

impl From<Feedback> for View {
    fn from(feedback: Feedback) -> Self {
        Self {
            feedback_id: feedback.id,
            kind: feedback.kind,
            rating: feedback.rating,
            comment: feedback.comment,
            created_at: feedback.created_at.rfc3339(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "FeedbackList")
)]
pub(super) struct Listing {
    video_id: String,
    feedback: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

fn video(request: &Request) -> Result<VideoKey, Error> {
    let parameters = request.path_parameters();
    let missing = |_| Error::NotFound { what: "video" };
    path_parameter(&parameters, "video_id")
        .parse()
        .map_err(missing)
}

/// `POST`: stores feedback on a video: `type`, and a `rating` from 1 to 5 or a `comment`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn create(context: &Context, request: &Request) -> Answer {
    let video = video(request)?;
    let (kind, rating, comment) = read(request)?;
    if context.videos.entry(&video).await?.is_none() {
        return Err(Error::NotFound { what: "video" });
    }
    let feedback = Feedback::new(kind, rating, comment, (context.clock)());
    context.videos.add_feedback(&video, &feedback).await?;
    json(StatusCode::CREATED, &View::from(feedback))
}

/// Reads the type, rating and comment of a feedback.
pub(crate) fn read(request: &Request) -> Result<(FeedbackType, Option<u8>, Option<String>), Error> {
    let mut fields = Fields::new(request)?;
    let kind = required("type", fields.string("type", 32)?)?;
    let kind = one_of("type", FeedbackType::ALL, &kind)?;
    let rating = fields
        .size("rating", 5)?
        .and_then(|rating| u8::try_from(rating).ok());
    let comment = fields.string("comment", MAX_COMMENT_LENGTH)?;
    fields.end()?;
    let comment = comment.map(|comment| text::block(&comment, MAX_COMMENT_LENGTH));
    if comment.as_ref().is_some_and(String::is_empty) {
        return Err(Error::invalid("comment", "has nothing to be seen"));
    }
    if rating.is_none() && comment.is_none() {
        return Err(Error::invalid("rating", "is missing, and so is comment"));
    }
    Ok((kind, rating, comment))
}

/// `GET`: what was said of a video, latest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let video = video(request)?;
    let query = request.query_string_parameters();
    let limit = paging::limit(query.first("limit"))?;
    paging::only(&query, &["limit", "cursor"])?;
    let cursors = Cursors::new(context, format!("feedback {video}"));
    let after: Option<String> = cursors.position(query.first("cursor")).await?;
    let page = context
        .videos
        .feedback(&video, limit, after.as_deref())
        .await?;
    if page.items.is_empty() && context.videos.entry(&video).await?.is_none() {
        return Err(Error::NotFound { what: "video" });
    }
    let next = cursors.text(page.next).await?;
    let view = Listing {
        video_id: video.to_string(),
        feedback: page.items.into_iter().map(View::from).collect(),
        links: paging::NextLinks::new(request, next.as_deref()),
        cursor: next,
    };
    json(StatusCode::OK, &view)
}
