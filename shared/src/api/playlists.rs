//! `POST /v1/playlists`.

use lambda_http::Request;

use super::{
    Answer,
    fields::{Fields, required},
    jobs::start_task,
    submissions::{language, resolution},
    throttle::Caller,
};
use eventrelay_core::{
    config::YouTubeConfig,
    error::Error,
    video::{PlaylistId, playlist},
};
use eventrelay_store::counters::Counts;
use eventrelay_workflow::{context::Context, job, task::Work};

/// `POST`: 202 with the job that submits every video of a playlist, page by page.
///
/// The body has `url` and, for every video, `language`, `resolution`, `max_cost_usd` and
/// `force`.
///
/// # Errors
/// [`Error::NotConfigured`] without a key of the YouTube Data API, [`Error::NotAPlaylist`],
/// [`Error::InvalidInput`], [`Error::Storage`].
pub async fn submit(context: &Context, request: &Request, youtube: &YouTubeConfig) -> Answer {
    if youtube.secret.is_none() {
        return Err(Error::NotConfigured {
            what: "key of the YouTube Data API",
        });
    }
    let (playlist, asked) = read(request)?;
    let work = Work::Playlist {
        playlist,
        request: asked,
        submitted_by: Caller::new(request).key_id,
        page_token: None,
        counts: Counts::default(),
    };
    start_task(context, request, work).await
}

/// Reads a playlist, and the options for each of its videos.
pub(crate) fn read(request: &Request) -> Result<(PlaylistId, job::Request), Error> {
    let mut fields = Fields::new(request)?;
    let url = required("url", fields.string("url", playlist::MAX_BYTES)?)?;
    let language = fields.string("language", 35)?.map(language).transpose()?;
    let resolution = fields
        .string("resolution", 10)?
        .map(resolution)
        .transpose()?;
    let max_cost_usd = fields.price("max_cost_usd")?;
    let force = fields.flag("force")?;
    fields.end()?;
    let asked = job::Request {
        language,
        resolution,
        max_cost_usd,
        force,
        ..job::Request::default()
    };
    Ok((playlist::parse(&url)?, asked))
}
