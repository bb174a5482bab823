//! `/v1/admin/dead-letters`.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{Answer, cursor::Cursors, fields::Fields, json, links::Links, paging};
use eventrelay_core::{error::Error, ids::JobId};
use eventrelay_store::{
    Due,
    dead_letters::{DeadLetter, DeadLetterId, Reason, Source},
};
use eventrelay_workflow::{
    context::Context,
    dead_letters::redrive::{self, Redriven},
};

/// Dead letters in one redrive: each takes up to some ten calls, of which the slowest is a
/// transaction.
const MAX_REDRIVEN: usize = 25;

/// Scope of the cursors of both requests.
const SCOPE: &str = "dead-letters";

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeadLetterList")
)]
pub(super) struct Listing {
    dead_letters: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeadLetter")
)]
struct View {
    id: DeadLetterId,
    queue: Source,
    reason: Reason,
    body: String,
    body_bytes: usize,
    receive_count: u32,
    died_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    links: ViewLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct ViewLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
}

impl View {
    fn new(letter: DeadLetter, links: &Links) -> Self {
        Self {
            id: letter.id,
            queue: letter.queue,
            reason: letter.reason,
            body: letter.body,
            body_bytes: letter.body_bytes,
            receive_count: letter.receive_count,
            died_at: letter.died_at.rfc3339(),
            links: ViewLinks {
                job: letter.job_id.as_ref().map(|job| links.job(job)),
            },
            job_id: letter.job_id,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "RedriveResults")
)]
pub(super) struct Results {
    results: Vec<Outcome>,
    /// Cursor for the next redrive of all messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "RedriveResult")
)]
struct Outcome {
    id: DeadLetterId,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["requeued", "gone", "refused"])))]
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Selection of the messages to redrive.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    These(Vec<DeadLetterId>),
    /// All, from this cursor on.
    All(Option<String>),
}

/// `GET`: the dead letters that were not redriven since, the latest first.
///
/// `?limit=` sets the size of a page and `?cursor=` its start.
///
/// # Errors
/// [`Error::InvalidInput`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let query = request.query_string_parameters();
    let limit = paging::limit(query.first("limit"))?;
    paging::only(&query, &["limit", "cursor"])?;
    let cursors = Cursors::new(context, SCOPE);
    let after: Option<Due> = cursors.position(query.first("cursor")).await?;
    let page = context.dead_letters.list(limit, after.as_ref()).await?;
    let links = Links::new(request);
    let next = cursors.text(page.next).await?;
    let view = Listing {
        dead_letters: page
            .items
            .into_iter()
            .map(|letter| View::new(letter, &links))
            .collect(),
        links: paging::NextLinks::new(request, next.as_deref()),
        cursor: next,
    };
    json(StatusCode::OK, &view)
}

/// `POST …/redrive`: redrives dead letters, and responds with the outcome of each.
///
/// The body selects `{ids}` or, with `{all: true}`, the latest ones from `cursor` on. A failure of one
/// does not stop the others.
///
/// # Errors
/// [`Error::InvalidInput`], or [`Error::Storage`] if the dead letters cannot be listed.
pub async fn redrive(context: &Context, request: &Request) -> Answer {
    let now = (context.clock)();
    let cursors = Cursors::new(context, SCOPE);
    let (ids, next) = match read(request)? {
        Asked::These(ids) => (ids, None),
        Asked::All(after) => {
            let after: Option<Due> = cursors.position(after.as_deref()).await?;
            let limit = MAX_REDRIVEN as u16;
            let page = context.dead_letters.list(limit, after.as_ref()).await?;
            let ids = page.items.into_iter().map(|letter| letter.id);
            (ids.collect(), page.next)
        }
    };
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        let (outcome, reason) = match redrive::redrive(context, &id, now).await {
            Ok(Redriven::Requeued) => ("requeued", None),
            Ok(Redriven::Gone) => ("gone", None),
            Ok(Redriven::Refused(reason)) => ("refused", Some(reason.into_owned())),
            Err(error) => {
                tracing::error!(dead_letter.id = %id, error = error.report(), "Could not redrive a dead letter");
                ("refused", Some(error.detail().into_owned()))
            }
        };
        results.push(Outcome {
            id,
            outcome,
            reason,
        });
    }
    let cursor = cursors.text(next).await?;
    json(StatusCode::OK, &Results { results, cursor })
}

/// Reads the selection of a redrive from the body.
pub(crate) fn read(request: &Request) -> Result<Asked, Error> {
    asked(Fields::new(request)?)
}

fn asked(mut fields: Fields) -> Result<Asked, Error> {
    let ids = fields.list("ids", MAX_REDRIVEN)?;
    let all = fields.flag("all")?;
    let cursor = fields.string("cursor", 1024)?;
    fields.end()?;
    match (ids, all) {
        (None, true) => Ok(Asked::All(cursor)),
        (None, false) => Err(Error::invalid("ids", "is missing, and so is all")),
        (Some(_), true) => Err(Error::invalid("all", "cannot be given together with ids")),
        (Some(_), false) if cursor.is_some() => Err(Error::invalid(
            "cursor",
            "cannot be given together with ids",
        )),
        (Some(ids), false) => {
            let mut parsed: Vec<DeadLetterId> = Vec::with_capacity(ids.len());
            for (at, id) in ids.iter().enumerate() {
                let id = id.as_str().and_then(|id| id.parse().ok()).ok_or_else(|| {
                    Error::invalid(format!("ids[{at}]"), "is not the id of a dead letter")
                })?;
                if !parsed.contains(&id) {
                    parsed.push(id);
                }
            }
            Ok(Asked::These(parsed))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(body: Value) -> Result<Asked, Error> {
        match body {
            Value::Object(fields) => super::asked(fields.into()),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn redrive_requires_either_ids_or_all() {
        let id: DeadLetterId = "dead_a-1".parse().unwrap();
        assert_eq!(
            asked(json!({"ids": ["dead_a-1", "dead_a-1"]})).unwrap(),
            Asked::These(vec![id])
        );
        assert_eq!(asked(json!({"all": true})).unwrap(), Asked::All(None));
        let many = vec!["dead_a"; MAX_REDRIVEN + 1];
        for (wrong, named) in [
            (json!({}), "ids"),
            (json!({"all": false}), "ids"),
            (json!({"ids": []}), "ids"),
            (json!({"ids": many}), "ids"),
            (json!({"ids": "dead_a"}), "ids"),
            (json!({"ids": ["dead_a", "job_a"]}), "ids[1]"),
            (json!({"ids": [7]}), "ids[0]"),
            (json!({"ids": ["dead_a"], "all": true}), "all"),
            (json!({"ids": ["dead_a"], "cursor": "c"}), "cursor"),
            (json!({"all": 1}), "all"),
            (json!({"all": true, "most": 1}), "most"),
        ] {
            match asked(wrong.clone()) {
                Err(Error::InvalidInput { field, .. }) => assert_eq!(field, named, "{wrong}"),
                other => panic!("{wrong}: {other:?}"),
            }
        }
    }
}
