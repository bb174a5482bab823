//! Tables and plots of the measurements.

use eventrelay_tests::figures::{short, thousands};

use super::{
    Measured, TRANSFER, WAITS, measure,
    usage::{MILLION, SERVICES, Usage},
    waiting::Way,
};
use crate::{
    plot::{Axis, Plot, Scale, Series},
    report::Table,
};

/// Videos and lookups in a month, once.
const MONTHLY_VIDEOS: f64 = 1_000.0;
const MONTHLY_LOOKUPS: f64 = 20_000.0;

/// Tokens for a second of video at the default resolution, and the price of a million in US
/// dollars. <https://ai.google.dev/gemini-api/docs/video-understanding>
const TOKENS_A_SECOND: f64 = 300.0;
const TOKENS_USD: f64 = 0.30;

/// Table of the measured and counted usage.
pub(super) fn used(rows: &[(&str, Usage)]) -> Table {
    let mut table = Table::new([
        "one",
        "Lambda GB-ms",
        "invocations",
        "requests to the API",
        "calls of SQS",
        "write units",
        "read units",
        "S3 writes",
        "S3 reads",
        "bytes of logs",
    ]);
    for (name, usage) in rows {
        let figures = [
            1000.0 * usage.gb_s,
            usage.invocations,
            usage.requests,
            usage.queue_calls,
            usage.written,
            usage.read,
            usage.puts,
            usage.gets,
            usage.logged,
        ];
        let mut row = vec![(*name).to_owned()];
        row.extend(figures.map(short));
        table.row(row);
    }
    table
}

/// US dollars for a thousand fresh videos by each way, and for a million lookups.
pub(super) fn by_service(ways: &[(Way, Usage)], measured: &Measured) -> Table {
    let mut table = Table::new(
        ["US dollars"]
            .into_iter()
            .chain(SERVICES)
            .chain(["all", "against EventRelay"]),
    );
    let mut row = |name: String, usage: Usage, against: String| {
        let mut cells = vec![name];
        cells.extend(usage.usd().map(|usd| format!("{usd:.3}")));
        cells.extend([format!("{:.3}", usage.total()), against]);
        table.row(cells);
    };
    let ours = ways.first().map_or(1.0, |(_, usage)| usage.total());
    for (way, usage) in ways {
        let against = format!("{:.2}", usage.total() / ours);
        row(
            format!("1,000 fresh videos, {}", way.title()),
            *usage * 1000.0,
            against,
        );
    }
    let shared = measured.together.total() / ours;
    row(
        "1,000 fresh videos, EventRelay, at once".to_owned(),
        measured.together * 1000.0,
        format!("{shared:.2}"),
    );
    row(
        "1 million cached lookups".to_owned(),
        measured.lookup * MILLION,
        String::new(),
    );
    table
}

/// US dollars for a million waits.
pub(super) fn by_wait(ways: &[Way], look: Usage) -> anyhow::Result<Table> {
    let mut table = Table::new(
        ["a million waits, US dollars".to_owned()]
            .into_iter()
            .chain(WAITS.map(|wait| format!("{wait} s"))),
    );
    for way in ways {
        let mut row = vec![way.title()];
        for wait in WAITS {
            row.push(short(way.wait(wait, look)?.total() * MILLION));
        }
        table.row(row);
    }
    Ok(table)
}

/// US dollars a month, at so many times the videos and lookups.
pub(super) fn growth(fresh: Usage, measured: &Measured, fixed: f64) -> Table {
    let mut table = Table::new([
        "a month",
        "AWS, what is done, US dollars",
        "AWS, whatever is done",
        "transfer",
        "Gemini, what it reads",
        "AWS for a video with its lookups, thousandths of a US dollar",
    ]);
    for times in [0.0, 1.0, 10.0, 100.0] {
        let (videos, lookups) = (times * MONTHLY_VIDEOS, times * MONTHLY_LOOKUPS);
        let done = (fresh * videos + measured.lookup * lookups).total();
        let tokens = videos * f64::from(measure::VIDEO_S) * TOKENS_A_SECOND;
        let transfer = lookups * measured.bytes * TRANSFER;
        table.row([
            format!(
                "{} videos, {} lookups",
                thousands(videos),
                thousands(lookups)
            ),
            format!("{done:.2}"),
            format!("{fixed:.2}"),
            format!("{transfer:.2}"),
            format!("{:.2}", tokens / MILLION * TOKENS_USD),
            if videos > 0.0 {
                short(1000.0 * (done + fixed + transfer) / videos)
            } else {
                String::new()
            },
        ]);
    }
    table
}

pub(super) fn plots(ways: &[Way], look: Usage) -> anyhow::Result<Vec<Plot>> {
    let axis = |name, scale| Axis { name, scale };
    let mut series = Vec::new();
    for way in ways {
        let points = (1..=90).map(|step| {
            let wait = 10.0 * f64::from(step);
            Ok((wait, way.wait(wait, look)?.total() * MILLION))
        });
        series.push(Series {
            name: way.title(),
            points: points.collect::<anyhow::Result<_>>()?,
        });
    }
    Ok(vec![Plot {
        title: "A million waits".to_owned(),
        x: axis("s", Scale::Linear),
        y: axis("US dollars", Scale::Logarithmic),
        series,
    }])
}
