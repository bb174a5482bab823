//! `DELETE /v1/videos/{video_id}`.

use lambda_http::{Request, RequestExt};

use super::{Answer, no_content, path_parameter};
use eventrelay_core::error::Error;
use eventrelay_workflow::{context::Context, removal};

/// `DELETE`: ends the jobs of a video and removes its rows, then its blobs. Copies in the memory
/// of other functions end with their time.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn delete(context: &Context, request: &Request) -> Answer {
    let parameters = request.path_parameters();
    let missing = || Error::NotFound { what: "video" };
    let video = path_parameter(&parameters, "video_id")
        .parse()
        .map_err(|_| missing())?;
    if !removal::remove(context, &video, (context.clock)()).await? {
        return Err(missing());
    }
    no_content()
}
