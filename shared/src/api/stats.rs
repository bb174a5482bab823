//! `GET /v1/stats`.

use std::collections::BTreeMap;

use http::StatusCode;
use lambda_http::Request;
use serde::Serialize;

use super::{Answer, json};
use eventrelay_analysis::Category;
use eventrelay_store::{
    counters::{
        Counts, DEAD_LETTERS, DELETED_FILES, DELETED_UPLOADS, LOOKUP_HITS, LOOKUP_MISSES,
        REVIVED_JOBS, REVIVED_TASKS, SAVED_MICRO_USD,
    },
    entry::VideoStatus,
    feedback::FeedbackType,
};
use eventrelay_workflow::context::Context;

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Stats {
    videos: Videos,
    /// Size of the newest analyses before compression, in bytes.
    bytes: i64,
    oldest_analysis_at: Option<String>,
    newest_analysis_at: Option<String>,
    lookups: Lookups,
    today: Today,
    feedback: Feedback,
    upkeep: Upkeep,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "VideoTotals")
)]
struct Videos {
    total: i64,
    by_status: BTreeMap<&'static str, i64>,
    by_category: BTreeMap<&'static str, i64>,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "LookupTotals")
)]
struct Lookups {
    hits: i64,
    misses: i64,
    /// Cost avoided by submissions of videos that were already analysed.
    saved_usd: f64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Today {
    date: String,
    model_calls: i64,
    input_tokens: i64,
    output_tokens: i64,
    thinking_tokens: i64,
    cost_usd: f64,
    /// Model calls without a known price. They are not part of the cost.
    unpriced_calls: i64,
}

/// Repairs of all time.
#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Upkeep {
    dead_letters: i64,
    revived_jobs: i64,
    revived_tasks: i64,
    deleted_files: i64,
    deleted_uploads: i64,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "FeedbackTotals")
)]
struct Feedback {
    total: i64,
    by_type: BTreeMap<&'static str, i64>,
    ratings: i64,
    average_rating: Option<f64>,
}

/// `GET`: what the counters say; nothing is counted out. One read of the counters and two queries
/// of one row.
///
/// # Errors
/// [`eventrelay_core::error::Error::Storage`].
pub async fn get(context: &Context, _: &Request) -> Answer {
    let now = (context.clock)();
    let read = futures_util::future::try_join(context.counters.read(now), context.videos.span());
    let ((totals, today), span) = read.await?;
    let view = Stats {
        videos: videos(&totals),
        bytes: totals.get("bytes"),
        oldest_analysis_at: span.map(|(oldest, _)| oldest.rfc3339()),
        newest_analysis_at: span.map(|(_, newest)| newest.rfc3339()),
        lookups: Lookups {
            hits: totals.get(LOOKUP_HITS),
            misses: totals.get(LOOKUP_MISSES),
            saved_usd: totals.get(SAVED_MICRO_USD) as f64 / 1e6,
        },
        today: Today {
            date: now.day(),
            model_calls: today.get("model_calls"),
            input_tokens: today.get("input_tokens"),
            output_tokens: today.get("output_tokens"),
            thinking_tokens: today.get("thinking_tokens"),
            cost_usd: today.get("cost_micro_usd") as f64 / 1e6,
            unpriced_calls: today.get("unpriced_calls"),
        },
        feedback: feedback(&totals),
        upkeep: Upkeep {
            dead_letters: totals.get(DEAD_LETTERS),
            revived_jobs: totals.get(REVIVED_JOBS),
            revived_tasks: totals.get(REVIVED_TASKS),
            deleted_files: totals.get(DELETED_FILES),
            deleted_uploads: totals.get(DELETED_UPLOADS),
        },
    };
    json(StatusCode::OK, &view)
}

/// Returns the counts of these values.
fn by_name<T: Copy + Into<&'static str>>(
    totals: &Counts,
    prefix: &str,
    values: &[T],
) -> BTreeMap<&'static str, i64> {
    let names = values.iter().map(|value| (*value).into());
    let count = |name| (name, totals.get(&format!("{prefix}_{name}")));
    names.map(count).collect()
}

fn videos(totals: &Counts) -> Videos {
    let by_status = by_name(totals, "status", VideoStatus::ALL);
    let mut by_category = by_name(totals, "category", Category::ALL);
    by_category.retain(|_, count| *count != 0);
    Videos {
        total: by_status.values().sum(),
        by_status,
        by_category,
    }
}

fn feedback(totals: &Counts) -> Feedback {
    let by_type = by_name(totals, "feedback", FeedbackType::ALL);
    let ratings = totals.get("ratings");
    Feedback {
        total: by_type.values().sum(),
        by_type,
        ratings,
        average_rating: (ratings > 0).then(|| totals.get("rating_sum") as f64 / ratings as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_rating_ignores_unrated_feedback() {
        let mut totals = Counts::default();
        assert_eq!(feedback(&totals).average_rating, None);
        totals.add("ratings", 2);
        totals.add("rating_sum", 7);
        totals.add("feedback_general", 3);
        let feedback = feedback(&totals);
        assert_eq!((feedback.total, feedback.average_rating), (3, Some(3.5)));
    }

    #[test]
    fn stats_show_every_status_and_existing_categories() {
        let mut totals = Counts::default();
        totals.add("status_done", 2);
        totals.add("category_ai", 2);
        let videos = videos(&totals);
        assert_eq!((videos.total, videos.by_status.len()), (2, 4));
        assert_eq!(videos.by_category, BTreeMap::from([("ai", 2)]));
    }
}
