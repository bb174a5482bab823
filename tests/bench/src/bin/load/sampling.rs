//! Resources of the system under load, sampled each second: memory, open files and instances.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use eventrelay_tests::{
    Stack,
    process::{Watched, open_files},
};

use crate::plot::Series;

const RHYTHM: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// Seconds since the first.
    pub(crate) at: f64,
    /// The local runtime, with its gateway, database, bucket, queues and stand-ins.
    pub(crate) runtime: Held,
    /// The processes of functions.
    pub(crate) functions: BTreeMap<u32, Held>,
    pub(crate) busy: usize,
    /// Ids of the instances that have been started since the last sample.
    pub(crate) started: usize,
}

/// Resources of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Held {
    pub(crate) mib: f64,
    pub(crate) files: usize,
}

impl Held {
    fn read(process: u32) -> anyhow::Result<Self> {
        Ok(Self {
            mib: Watched::Alone(process).memory()?.now as f64 / 1024.0,
            files: open_files(process)?,
        })
    }
}

/// All that were taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

/// Does some work and samples the stack meanwhile.
pub(crate) async fn sampled<T>(
    stack: &Stack,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Samples)> {
    let taken = RefCell::new(Samples::default());
    let watch = async {
        let (started, mut known) = (Instant::now(), BTreeSet::new());
        let mut ticks = tokio::time::interval(RHYTHM);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let mut sample = take(stack, &mut known).await?;
            sample.at = started.elapsed().as_secs_f64();
            taken.borrow_mut().0.push(sample);
        }
    };
    let done = tokio::select! {
        done = work => done?,
        failed = watch => return failed,
    };
    Ok((done, taken.into_inner()))
}

async fn take(stack: &Stack, known: &mut BTreeSet<String>) -> anyhow::Result<Sample> {
    let instances = stack.instances().await?;
    let mut sample = Sample {
        runtime: Held::read(stack.process().context("the stack has ended")?)?,
        ..Sample::default()
    };
    for instance in &instances {
        sample.busy += usize::from(instance["state"] == "busy");
        let id = instance["instance"].as_str().unwrap_or_default();
        sample.started += usize::from(known.insert(id.to_owned()));
        let process = instance["pid"]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok());
        // One may end between the list and the look.
        if let Some((process, held)) = process.and_then(|id| Some((id, Held::read(id).ok()?))) {
            sample.functions.insert(process, held);
        }
    }
    Ok(sample)
}

impl Samples {
    /// Those of the second half, in which nothing should grow any more.
    fn second_half(&self) -> &[Sample] {
        &self.0[self.0.len() / 2..]
    }

    /// The processes of functions that are there in all of the second half: as many each time, so
    /// that what they hold together says something.
    fn lasting(&self) -> BTreeSet<u32> {
        let mut samples = self.second_half().iter();
        let first = samples.next().map(|sample| sample.functions.keys());
        let mut lasting: BTreeSet<u32> = first.into_iter().flatten().copied().collect();
        for sample in samples {
            lasting.retain(|process| sample.functions.contains_key(process));
        }
        lasting
    }

    /// Growth of a figure over the second half, as a share of the figure.
    fn growth(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        let points: Vec<(f64, f64)> = self
            .second_half()
            .iter()
            .map(|sample| (sample.at, figure(sample)))
            .collect();
        let count = points.len() as f64;
        let mean = points.iter().map(|point| point.1).sum::<f64>() / count.max(1.0);
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return 0.0;
        };
        if mean > 0.0 {
            slope(&points) * (last.0 - first.0) / mean
        } else {
            0.0
        }
    }

    /// Growth of memory and files of the runtime and of the functions that stay.
    pub(crate) fn growths(&self) -> [(&'static str, f64); 4] {
        let lasting = self.lasting();
        let sum = |sample: &Sample, figure: fn(&Held) -> f64| -> f64 {
            let held = lasting.iter().filter_map(|id| sample.functions.get(id));
            held.map(figure).sum()
        };
        [
            (
                "memory of the local runtime",
                self.growth(|one| one.runtime.mib),
            ),
            (
                "open files of the local runtime",
                self.growth(|one| one.runtime.files as f64),
            ),
            (
                "memory of the functions",
                self.growth(|one| sum(one, |held| held.mib)),
            ),
            (
                "open files of the functions",
                self.growth(|one| sum(one, |held| held.files as f64)),
            ),
        ]
    }

    /// A line of a plot.
    pub(crate) fn series(&self, name: &str, figure: impl Fn(&Sample) -> f64) -> Series {
        Series {
            name: name.to_owned(),
            points: self.0.iter().map(|one| (one.at, figure(one))).collect(),
        }
    }

    /// The largest that a figure was.
    pub(crate) fn most(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        self.0.iter().map(figure).fold(0.0, f64::max)
    }
}

impl Sample {
    /// Memory of all functions, in MiB.
    pub(crate) fn functions_mib(&self) -> f64 {
        self.functions.values().map(|held| held.mib).sum()
    }

    /// Open files of all functions.
    pub(crate) fn functions_files(&self) -> f64 {
        self.functions.values().map(|held| held.files as f64).sum()
    }

    /// The most memory of one function, in MiB.
    pub(crate) fn largest_mib(&self) -> f64 {
        self.functions
            .values()
            .map(|held| held.mib)
            .fold(0.0, f64::max)
    }
}

/// Slope of the least-squares line, or 0 for fewer than two points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut above, mut below) = (0.0, 0.0);
    for point in points {
        above += (point.0 - x) * (point.1 - y);
        below += (point.0 - x).powi(2);
    }
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: f64, mib: f64, functions: &[(u32, f64)]) -> Sample {
        let held = |mib| Held { mib, files: 10 };
        Sample {
            at,
            runtime: held(mib),
            functions: functions
                .iter()
                .map(|(id, mib)| (*id, held(*mib)))
                .collect(),
            ..Sample::default()
        }
    }

    #[test]
    fn growth_is_that_of_the_second_half() {
        // It settles, then grows by a MiB a second; a function comes and another one goes.
        let samples: Vec<Sample> = (0..20)
            .map(|at| match at {
                0..10 => sample(f64::from(at), 1000.0, &[(1, 900.0)]),
                10 => sample(10.0, 100.0, &[(1, 10.0), (2, 5.0)]),
                _ => sample(f64::from(at), 90.0 + f64::from(at), &[(1, 10.0), (3, 70.0)]),
            })
            .collect();
        let [runtime, files, functions, _] = Samples(samples).growths();
        assert!((runtime.1 - 9.0 / 104.5).abs() < 1e-9, "{runtime:?}");
        assert!(
            files.1.abs() < 1e-9 && functions.1.abs() < 1e-9,
            "{functions:?}"
        );
        assert!(
            Samples::default()
                .growths()
                .iter()
                .all(|(_, growth)| *growth == 0.0)
        );
    }

    #[test]
    fn a_slope_is_that_of_the_nearest_line() {
        assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 2.0).abs() < 1e-12);
        assert_eq!(slope(&[(1.0, 1.0)]), 0.0);
        assert_eq!(slope(&[]), 0.0);
    }
}
