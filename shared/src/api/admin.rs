//! Admin endpoints that work on all videos. Each starts a task.

use lambda_http::{Request, RequestExt};

use super::{Answer, jobs::start_task, paging};
use eventrelay_core::error::Error;
use eventrelay_store::counters::Counts;
use eventrelay_workflow::{
    context::Context,
    task::{RecountAt, Work},
};

/// `DELETE /v1/videos?confirm=all`: 202 with the job that deletes every video there is.
///
/// # Errors
/// [`Error::InvalidInput`] without the confirmation, [`Error::Storage`].
pub async fn delete_videos(context: &Context, request: &Request) -> Answer {
    let query = request.query_string_parameters();
    paging::only(&query, &["confirm"])?;
    if query.first("confirm") != Some("all") {
        return Err(Error::invalid(
            "confirm",
            "must be all: every video is deleted",
        ));
    }
    start_task(context, request, Work::DeleteVideos { deleted: 0 }).await
}

/// `POST /v1/admin/recount`: 202 with the job that recounts the totals of the statistics.
///
/// A video that changes during the recount may leave a total off by one until the next recount.
///
/// # Errors
/// [`Error::Storage`].
pub async fn recount(context: &Context, request: &Request) -> Answer {
    let work = Work::Recount {
        counts: Counts::default(),
        at: RecountAt::Videos(None),
    };
    start_task(context, request, work).await
}
