//! CPU affinity of threads, the only part of the benchmarks that needs Linux at build time.

#[cfg(target_os = "linux")]
mod linux {
    use rustix::{
        io::Errno,
        thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity},
    };

    /// The cores that this process may run on, ascending.
    pub(crate) fn allowed() -> anyhow::Result<Vec<usize>> {
        let set = sched_getaffinity(None)?;
        Ok((0..CpuSet::MAX_CPU)
            .filter(|core| set.is_set(*core))
            .collect())
    }

    /// Pins a thread to these cores. Ignores a thread that has ended.
    pub(crate) fn keep(thread: u32, cores: &[usize]) -> anyhow::Result<()> {
        let mut set = CpuSet::new();
        cores.iter().for_each(|core| set.set(*core));
        let thread = i32::try_from(thread).ok().and_then(Pid::from_raw);
        match sched_setaffinity(thread, &set) {
            Err(Errno::SRCH) => Ok(()),
            set => Ok(set?),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use anyhow::bail;

    pub(crate) fn allowed() -> anyhow::Result<Vec<usize>> {
        bail!("cores can be told apart on Linux only")
    }

    pub(crate) fn keep(_thread: u32, _cores: &[usize]) -> anyhow::Result<()> {
        bail!("cores can be told apart on Linux only")
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{allowed, keep};
#[cfg(not(target_os = "linux"))]
pub(crate) use others::{allowed, keep};
