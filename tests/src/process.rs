//! Processor time, memory, children and CPU affinity of a process, from the kernel.
//! <https://man7.org/linux/man-pages/man5/proc.5.html>

use std::{fs, io, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, ensure};
use rustix::param::clock_ticks_per_second;

use crate::affinity;

/// Assignment of cores to the server and to everything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Cores {
    /// One core for the server that is measured.
    pub server: Vec<usize>,
    /// Remaining cores, for the load generator and the store.
    pub rest: Vec<usize>,
}

/// Processes whose processor time is counted.
#[derive(Clone, Copy, Debug)]
pub enum Watched {
    Alone(u32),
    /// One process with its children.
    WithChildren(u32),
}

/// Resident memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct InstanceCache {
    pub now: u64,
    /// Maximum since its start.
    pub peak: u64,
}

impl Cores {
    /// Assigns the cores that this process may run on.
    pub fn available() -> anyhow::Result<Self> {
        let mut rest = affinity::allowed()?;
        ensure!(
            rest.len() > 1,
            "two cores are needed: one for the server, one for the load"
        );
        Ok(Self {
            server: vec![rest.remove(0)],
            rest,
        })
    }
}

/// Pins all threads of a process to these cores. Later threads inherit the affinity.
fn pin(process: u32, cores: &[usize]) -> anyhow::Result<()> {
    numbers_in(&format!("/proc/{process}/task"))?
        .into_iter()
        .try_for_each(|thread| affinity::keep(thread, cores))
}

impl Watched {
    /// Pins the processes to these cores.
    pub fn pin(self, cores: &[usize]) -> anyhow::Result<()> {
        self.processes()?
            .into_iter()
            .try_for_each(|process| pin(process, cores))
    }

    /// User and kernel time so far, in steps of 10 ms. A parent includes the time of its ended
    /// children.
    pub fn processor_time(self) -> anyhow::Result<Duration> {
        let mut ticks = 0;
        for process in self.processes()? {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))
                .with_context(|| format!("the process {process} has ended"))?;
            let times = times(&stat).context("/proc/…/stat is not as expected")?;
            ticks += times.own;
            if matches!(self, Self::WithChildren(_)) {
                ticks += times.ended_children;
            }
        }
        Ok(Duration::from_secs_f64(
            ticks as f64 / clock_ticks_per_second() as f64,
        ))
    }

    /// Total memory of the processes.
    pub fn memory(self) -> anyhow::Result<InstanceCache> {
        let mut sum = InstanceCache::default();
        for process in self.processes()? {
            let status = fs::read_to_string(format!("/proc/{process}/status"))?;
            sum.now += kib(&status, "VmRSS:").context("no VmRSS")?;
            sum.peak += kib(&status, "VmHWM:").context("no VmHWM")?;
        }
        Ok(sum)
    }

    fn processes(self) -> io::Result<Vec<u32>> {
        match self {
            Self::Alone(process) => Ok(vec![process]),
            Self::WithChildren(process) => {
                let mut all = vec![process];
                all.extend(children(process)?);
                Ok(all)
            }
        }
    }
}

/// The children of a process.
pub fn children(of: u32) -> io::Result<Vec<u32>> {
    let parent = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Some(times(&stat)?.parent)
    };
    let mut processes = numbers_in("/proc")?;
    processes.retain(|process| parent(process) == Some(of));
    Ok(processes)
}

/// Number of open files, sockets and pipes of a process.
pub fn open_files(of: u32) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{of}/fd"))?.count())
}

/// Returns whether a process runs. A zombie does not. Works on every Unix: without `/proc`, it calls
/// `ps`.
pub fn is_running(process: u32) -> bool {
    if Path::new("/proc/self").exists() {
        let command = fs::read(format!("/proc/{process}/cmdline"));
        return command.is_ok_and(|command| !command.is_empty());
    }
    let state = ps(process, "stat=");
    !state.trim_ascii().is_empty() && !state.starts_with(b"Z")
}

/// Environment of a process as bytes; empty if it has ended. Works on every Unix.
pub fn raw_environment(process: u32) -> Vec<u8> {
    if Path::new("/proc/self").exists() {
        return fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    }
    ps(process, "command=")
}

/// Prints a column of a process with its environment.
fn ps(process: u32, column: &str) -> Vec<u8> {
    let printed = Command::new("ps")
        .args(["-E", "-ww", "-o", column, "-p", &process.to_string()])
        .output();
    printed.map(|output| output.stdout).unwrap_or_default()
}

/// The environment a process was started with, if its program is named so.
pub fn environment_of(process: u32, program: &str) -> Option<Vec<(String, String)>> {
    let folder = Path::new("/proc").join(process.to_string());
    let link = fs::read_link(folder.join("exe")).ok()?;
    // Linux marks the program as deleted if it was rebuilt.
    let name = link.file_name()?.to_str()?.split(' ').next()?;
    let variables = fs::read_to_string(folder.join("environ")).ok()?;
    (name == program).then(|| {
        variables
            .split('\0')
            .filter_map(|variable| variable.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    })
}

fn numbers_in(folder: &str) -> io::Result<Vec<u32>> {
    let names =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

/// Fields of `/proc/<pid>/stat`, times in ticks.
#[derive(Debug, PartialEq)]
struct Times {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn times(stat: &str) -> Option<Times> {
    // The second field is the program's name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |position: usize| fields.get(position - 3)?.parse::<u64>().ok();
    Some(Times {
        parent: number(4)?.try_into().ok()?,
        own: number(14)? + number(15)?,
        ended_children: number(16)? + number(17)?,
    })
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_status_of_the_kernel_is_parsed() {
        let stat = "71 (a) b) S 12 71 71 0 -1 4194560 900 0 0 0 31 12 5 2 20 0 1 0 8 9 10";
        let expected = Times {
            parent: 12,
            own: 43,
            ended_children: 7,
        };
        assert_eq!(times(stat), Some(expected));
        assert_eq!(times("71 (a"), None);
        let status = "VmPeak:\t  9000 kB\nVmHWM:\t  5120 kB\nVmRSS:\t  4096 kB\n";
        assert_eq!(kib(status, "VmRSS:"), Some(4096));
        assert_eq!(kib(status, "VmSwap:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn own_process_has_memory_time_and_files() {
        let own = Watched::Alone(std::process::id());
        assert!(own.memory().unwrap().now > 0);
        assert!(own.processor_time().is_ok());
        // Standard input, output and errors.
        assert!(open_files(std::process::id()).unwrap() >= 3);
    }
}
