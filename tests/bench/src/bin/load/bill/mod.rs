//! The bill: AWS charges for a fresh video and for a cached lookup, beside other ways to wait.
//!
//! They are computed from the billed durations here, the counted calls, and list prices.

mod measure;
mod tables;
mod usage;
mod waiting;

use std::time::Duration;

use anyhow::Context as _;
use eventrelay_tests::{
    Stack,
    catalog::fill::{self, Table as Index},
    figures::thousands,
};
use serde_json::json;

use crate::{
    cli::Bill,
    open_loop::Schedule,
    process::wave::Recordings,
    report::{Found, Wanted},
};
use measure::Jobs;
use usage::{MILLION, Usage};
use waiting::Way;

const VIDEOS: u32 = 20;
const QUICK_VIDEOS: u32 = 3;

/// Looks at each file that are measured, while nothing else is done.
const LOOKS: usize = 3;
const QUICK_LOOKS: usize = 1;

/// Longer than any measurement.
const NEVER_READY: Waited = Waited {
    processing_s: 3_600.0,
    generate_s: 0.0,
};

const QUICK: Waited = Waited {
    processing_s: 8.0,
    generate_s: 1.0,
};
const AT_ONCE: Waited = Waited {
    processing_s: 0.0,
    generate_s: 0.0,
};

const UPLOAD_MS: u64 = 50;
const LOOK_MS: u64 = 20;

/// Analyses that are looked up, and how fast.
const ENTRIES: usize = 1_000;
const RATE: f64 = 50.0;
const SECONDS: u64 = 20;
const QUICK_SECONDS: u64 = 3;

/// Variables of the stack: no cache, no rate limits, and a worker for each step, as with one video.
const VARIABLES: &[(&str, &str)] = &[
    ("ANALYSIS_BATCH", "1"),
    ("MEMORY_TTL_S", "0"),
    ("API_REQUESTS_PER_MINUTE", "100000"),
    ("GEMINI_REQUESTS_PER_MINUTE", "100000"),
];

/// Memory of a worker, and of one in Python with its SDK.
const WORKER_MB: u32 = 256;
const PYTHON_MB: u32 = 512;

/// Waits that the ways are compared by, in seconds.
const WAITS: [f64; 4] = [6.0, 60.0, 300.0, 840.0];

/// Five long polls of 20 s each, all the time.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const IDLE_RECEIVES: f64 = 5.0 * 30.0 * 24.0 * 3600.0 / 20.0;

/// US dollars for a call of SQS.
const QUEUE_CALL: f64 = 0.40 / MILLION;

/// Out to the internet, US dollars for a byte. <https://aws.amazon.com/ec2/pricing/on-demand/>
const TRANSFER: f64 = 0.09e-9;

/// Mean usage of each operation.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// A video that is PROCESSING for as long as was asked for.
    long: Jobs,
    /// The latter where those that come together share a worker.
    together: Usage,
    /// A look at its file.
    look: Usage,
    /// A question after a job.
    poll: Usage,
    lookup: Usage,
    /// Bytes of the answer to a lookup.
    bytes: f64,
}

/// Waiting times of the stand-in of Gemini, in seconds.
#[derive(Clone, Copy, Debug)]
struct Waited {
    processing_s: f64,
    generate_s: f64,
}

impl Waited {
    /// Has the stand-in take so long.
    async fn set(self, stack: &Stack) -> anyhow::Result<()> {
        let ms = |seconds| Duration::from_secs_f64(seconds).as_millis() as u64;
        let settings = json!({
            "processing_ms": ms(self.processing_s), "generate_ms": ms(self.generate_s),
            "upload_ms": UPLOAD_MS, "look_ms": LOOK_MS,
        });
        stack.gemini_settings(settings).await
    }
}

/// Measures videos and lookups on three stacks: for the durations, for the calls, and with shared
/// workers. The second stack calls AWS through a counting proxy.
pub(crate) async fn run(options: &Bill, quick: bool) -> anyhow::Result<Found> {
    let videos = options
        .videos
        .unwrap_or(if quick { QUICK_VIDEOS } else { VIDEOS });
    let waited = if quick {
        QUICK
    } else {
        Waited {
            processing_s: options.processing_s,
            generate_s: options.generate_s,
        }
    };
    eprintln!("building and starting the stack");
    let stack = Stack::wide(VARIABLES).await?;
    let timed = measured(&stack, false, videos, waited, quick).await?;
    drop(stack);
    eprintln!("starting the stack that counts calls");
    let stack = Stack::breakable(VARIABLES).await?;
    let counted = measured(&stack, true, videos, waited, quick).await?;
    drop(stack);
    eprintln!("starting the stack whose workers are shared");
    let stack = Stack::wide(&VARIABLES[1..]).await?;
    let mut recordings = Recordings::read()?;
    let mut shared = Jobs::default();
    // Connections are opened by the first ones.
    for waited in [AT_ONCE, waited] {
        waited.set(&stack).await?;
        shared = measure::jobs(&stack, false, &mut recordings, videos as usize).await?;
    }
    let queues = measure::template()?
        .functions
        .iter()
        .map(|function| function.queue_sources.len())
        .sum();
    let measured = Measured {
        long: Jobs {
            usage: timed.long.usage + counted.long.usage,
            ..timed.long
        },
        together: shared.usage + counted.long.usage,
        look: timed.look + counted.look,
        poll: timed.poll + counted.poll,
        lookup: timed.lookup + counted.lookup,
        bytes: timed.bytes,
    };
    found(videos, waited, queues, &measured)
}

async fn measured(
    stack: &Stack,
    counting: bool,
    videos: u32,
    waited: Waited,
    quick: bool,
) -> anyhow::Result<Measured> {
    let mut recordings = Recordings::read()?;
    let videos = videos as usize;
    // Connections are opened, and rows seen for the first time.
    eprintln!("warming up");
    AT_ONCE.set(stack).await?;
    measure::jobs(stack, counting, &mut recordings, videos).await?;
    eprintln!("the whole of it");
    waited.set(stack).await?;
    let long = measure::jobs(stack, counting, &mut recordings, videos).await?;
    eprintln!("asking after jobs, and looking up");
    let schedule = |rate| Schedule {
        rate,
        length: Duration::from_secs(if quick { QUICK_SECONDS } else { SECONDS }),
    };
    let jobs = stack.rows("JobsTable").await?;
    let job = jobs.first().and_then(|row| row["pk"].as_s().ok());
    let job = job.context("no job")?;
    let path = format!("/v1/jobs/{job}");
    // Who is asked more often counts more requests with one write.
    let as_often = schedule(long.polls_a_second);
    let (poll, _) = measure::requests(stack, counting, &[&path], as_often).await?;
    let table = Index {
        name: stack.name("VideosTable").to_owned(),
        videos: ENTRIES,
    };
    let lookups = fill::fill(&stack.dynamodb(), &[table], 0).await?;
    let paths: Vec<&str> = lookups.iter().map(|lookup| &*lookup.path).collect();
    let (lookup, bytes) = measure::requests(stack, counting, &paths, schedule(RATE)).await?;
    // Last, as instances that have seen such files poll other files less often, and these videos never
    // end.
    eprintln!("looks");
    NEVER_READY.set(stack).await?;
    let looks = if quick { QUICK_LOOKS } else { LOOKS };
    let look = measure::look(stack, counting, &mut recordings, videos, looks).await?;
    Ok(Measured {
        long,
        together: Usage::default(),
        look,
        poll,
        lookup,
        bytes,
    })
}

fn found(videos: u32, waited: Waited, queues: usize, measured: &Measured) -> anyhow::Result<Found> {
    let look = measured.look;
    let fresh = measured.long.usage;
    let all = [
        Way::Delayed,
        Way::Rhythm,
        Way::StepFunctions,
        Way::Sleeping(WORKER_MB),
        Way::Sleeping(PYTHON_MB),
    ];
    let ways: Vec<(Way, Usage)> = all
        .into_iter()
        .map(|way| {
            let elsewhere = way.wait(waited.processing_s, look)? - look * measured.long.looks;
            Ok((way, fresh + elsewhere + way.steps()))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut wanted = Vec::new();
    for wait in WAITS {
        let ours = Way::Delayed.wait(wait, look)?.total();
        let sleeping = Way::Sleeping(WORKER_MB).wait(wait, look)?.total();
        wanted.push(Wanted {
            what: format!("a wait of {wait} s, against a function that sleeps as long"),
            wanted: "less".to_owned(),
            measured: format!("{:.1} times less", sleeping / ours),
            is_met: ours < sleeping,
        });
    }
    let fixed = queues as f64 * IDLE_RECEIVES * QUEUE_CALL;
    Ok(Found {
        what: format!(
            "{videos} recordings of five minutes at once, PROCESSING for {} s, for which the model thinks \
             {} s; {:.1} looks each, and the caller asked {:.1} times, as `Retry-After` said; what a look \
             takes is of as many that only wait. Then questions after a job, as often as they came \
             before, and {} lookups a second among {} analyses, each of which asks the index. \
             Each step had a worker of its own, as where a video comes alone, but where it says that \
             workers were shared. Milliseconds are billed as Lambda does, init included, and what was \
             computed is stretched to the share of a processor that {WORKER_MB} MB have. Calls, and units \
             as the database counts them, are of a second run through a proxy. List prices of us-east-1, \
             x86, November 2026, without what is free.",
            waited.processing_s,
            waited.generate_s,
            measured.long.looks,
            measured.long.polls,
            RATE,
            thousands(ENTRIES as f64),
        ),
        tables: vec![
            tables::used(&[
                ("fresh video, alone", fresh),
                ("fresh video that shares its workers", measured.together),
                ("of it, each look at its file", look),
                ("of it, each question after its job", measured.poll),
                ("cached lookup", measured.lookup),
            ]),
            tables::by_service(&ways, measured),
            tables::by_wait(&all, look)?,
            tables::growth(fresh, measured, fixed),
        ],
        wanted,
        notes: vec![
            format!(
                "The answer to a lookup has {} bytes, whose transfer is {:.2} US dollars a million.",
                thousands(measured.bytes),
                measured.bytes * TRANSFER * MILLION
            ),
            format!(
                "{queues} queues are asked all the time whether there is something, which is {fixed:.2} US \
                 dollars a month. Alarms, the dashboard and custom metrics cost what `infra/README.md` says.",
            ),
            format!(
                "Of what a fresh video alone costs at AWS, {:.0} % is the time in which the model thinks.",
                100.0 * f64::from(WORKER_MB) / 1024.0 * waited.generate_s / fresh.gb_s
                    * (fresh.usd()[0] / fresh.total())
            ),
        ],
        plots: tables::plots(&all, look)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measurements with this number of polls of each file.
    fn seen(looks: f64) -> Measured {
        let usage = |looks: f64, polls: f64, thinking: f64| Usage {
            gb_s: 0.1 + 0.002 * looks + 0.001 * polls + 0.25 * thinking,
            invocations: 3.0 + looks + polls,
            queue_calls: 6.0 + 3.0 * looks,
            written: 60.0 + looks,
            requests: 3.0 + polls,
            ..Usage::default()
        };
        let jobs = |looks, polls, thinking| Jobs {
            usage: usage(looks, polls, thinking),
            looks,
            polls,
            ..Jobs::default()
        };
        let poll = Usage {
            gb_s: 0.001,
            invocations: 1.0,
            requests: 1.0,
            ..Usage::default()
        };
        let long = jobs(looks, 9.0, 45.0);
        Measured {
            long,
            together: usage(looks, 9.0, 15.0),
            look: Usage {
                gb_s: 0.002,
                invocations: 1.0,
                queue_calls: 3.0,
                written: 1.0,
                ..Usage::default()
            },
            poll,
            lookup: Usage {
                requests: 1.0,
                read: 0.5,
                ..Usage::default()
            },
            bytes: 5_000.0,
        }
    }

    const WAITED: Waited = Waited {
        processing_s: 60.0,
        generate_s: 45.0,
    };

    #[test]
    fn tables_are_whole_and_waiting_is_compared() {
        let found = found(20, WAITED, 6, &seen(7.0)).unwrap();
        for table in &found.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
        }
        let ways = &found.tables[1].rows;
        let dollars = |row: usize| ways[row][8].parse::<f64>().unwrap();
        // Sleeping costs more, and so does a rhythm; a larger function most.
        assert!(dollars(0) < dollars(1) && dollars(0) < dollars(3) && dollars(3) < dollars(4));
        assert!(found.wanted.iter().all(|one| one.is_met));
    }
    #[test]
    fn ways_are_independent_of_instance_caches() {
        let ways = |looks| {
            let rows = found(20, WAITED, 6, &seen(looks))
                .unwrap()
                .tables
                .remove(1)
                .rows;
            rows.into_iter().take(5).collect::<Vec<_>>()
        };
        assert_eq!(ways(1.0), ways(7.0));
    }
}
