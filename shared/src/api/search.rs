//! `/v1/search`.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{Answer, cursor::Cursors, json, links::Links, paging};
use eventrelay_analysis::search::{Entry, Part, Query};
use eventrelay_core::{error::Error, video::VideoKey};
use eventrelay_store::search::Hit;
use eventrelay_workflow::context::Context;

/// Number of results in a page without `?limit=`.
const LIMIT: usize = 10;
/// Maximum number of results in a page.
const MAX_COUNT: usize = 50;

/// Last offset that paging reaches. It bounds the reads that a cursor can cause.
const LAST_OFFSET: usize = 500;

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SearchResults")
)]
pub(super) struct Results<'a> {
    query: &'a str,
    results: Vec<ResultView>,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SearchResult")
)]
struct ResultView {
    video_id: String,
    title: String,
    #[cfg_attr(feature = "contract", schemars(with = "eventrelay_analysis::Category"))]
    category: String,
    score: f64,
    matches: Vec<MatchView>,
    links: ResultLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct ResultLinks {
    video: String,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SearchMatch")
)]
struct MatchView {
    part: Part,
    text: String,
    at_s: Option<f64>,
    url: Option<String>,
}

/// `GET`: analyses that contain all words of `?q=`, best first, and the seconds at which they do.
///
/// # Errors
/// [`Error::InvalidInput`] of `q`, `limit` or `cursor`, [`Error::Storage`].
pub async fn find(context: &Context, request: &Request) -> Answer {
    let parameters = request.query_string_parameters();
    paging::only(&parameters, &["q", "limit", "cursor"])?;
    let q = parameters.first("q").unwrap_or_default();
    let query = Query::parse(q)?;
    let limit = limit(parameters.first("limit"))?;
    // Queries that are read alike find the same, however they are written.
    let scope = format!("search {query}");
    let cursors = Cursors::new(context, scope);
    let offset: Option<usize> = cursors.position(parameters.first("cursor")).await?;
    let offset = offset.unwrap_or(0);
    let found = context.search.find(&query, offset, limit).await?;
    let links = Links::new(request);
    let results = found.hits.into_iter().map(|hit| view(hit, &links));
    let next = found.next.filter(|next| *next <= LAST_OFFSET);
    let complete = found.complete && next == found.next;
    let next = cursors.text(next).await?;
    json(
        StatusCode::OK,
        &Results {
            query: q,
            results: results.collect(),
            complete,
            links: paging::NextLinks::new(request, next.as_deref()),
            cursor: next,
        },
    )
}

fn limit(limit: Option<&str>) -> Result<usize, Error> {
    let Some(limit) = limit else {
        return Ok(LIMIT);
    };
    let limit = limit.parse().ok();
    limit
        .filter(|limit| (1..=MAX_COUNT).contains(limit))
        .ok_or_else(|| Error::invalid("limit", "must be a whole number from 1 to 50"))
}

fn view(hit: Hit, links: &Links) -> ResultView {
    let matches = hit.matches.into_iter().map(|entry| MatchView {
        url: url(&hit.video, &entry),
        part: entry.part,
        text: entry.text,
        at_s: entry.at_s,
    });
    ResultView {
        matches: matches.collect(),
        video_id: hit.video.to_string(),
        title: hit.analysis.title,
        category: hit.analysis.category,
        score: (hit.score * 1e4).round() / 1e4,
        links: ResultLinks {
            video: links.video(&hit.video, Some(&hit.analysis.variant)),
        },
    }
}

/// Returns the URL that plays the video from the second of an entry.
fn url(video: &VideoKey, entry: &Entry) -> Option<String> {
    let url = video.watch_url()?;
    Some(match entry.at_s {
        Some(at_s) => format!("{url}&t={}s", at_s.max(0.0).floor()),
        None => url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(error: Error) -> String {
        match error {
            Error::InvalidInput { field, .. } => field.into_owned(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn search_limit_outside_its_bounds_is_refused() {
        assert_eq!(limit(None).unwrap(), LIMIT);
        assert_eq!(limit(Some("1")).unwrap(), 1);
        assert_eq!(limit(Some("50")).unwrap(), 50);
        for wrong in ["0", "51", "-1", "", "ten", "1.5", "99999999999999999999"] {
            assert_eq!(field_of(limit(Some(wrong)).unwrap_err()), "limit");
        }
    }

    #[test]
    fn url_starts_at_second_of_entry() {
        let entry = |at_s| Entry {
            part: Part::Events,
            at_s,
            text: String::new(),
        };
        let youtube: VideoKey = "yt:dQw4w9WgXcQ".parse().unwrap();
        let watch = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
        assert_eq!(url(&youtube, &entry(None)).unwrap(), watch);
        for (at_s, t) in [
            (0.0, "0s"),
            (71.9, "71s"),
            (86_400.5, "86400s"),
            (-1.0, "0s"),
        ] {
            let expected = format!("{watch}&t={t}");
            assert_eq!(url(&youtube, &entry(Some(at_s))).unwrap(), expected);
        }
        let upload = "ab".repeat(32).parse().unwrap();
        assert_eq!(url(&upload, &entry(Some(1.0))), None);
    }
}
