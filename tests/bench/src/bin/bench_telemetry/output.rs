//! Redirection of the standard output.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::fd::OwnedFd,
    thread::{self, JoinHandle},
};

use anyhow::Context as _;
use rustix::stdio::dup2_stdout;

/// As much as is read at a time.
const READ_BYTES: usize = 64 * 1024;

/// The standard output leads elsewhere as long as this lives.
pub(crate) struct Elsewhere {
    before: OwnedFd,
    reader: Option<JoinHandle<()>>,
}

impl Elsewhere {
    pub(crate) fn nowhere() -> anyhow::Result<Self> {
        let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
        Self::to(nowhere.into(), None)
    }

    /// Into a pipe that a thread reads, as Lambda reads the output of a function.
    pub(crate) fn pipe() -> anyhow::Result<Self> {
        let (from, to) = rustix::pipe::pipe()?;
        let reader = thread::spawn(move || {
            let (mut file, mut buffer) = (File::from(from), vec![0; READ_BYTES]);
            while file.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {}
        });
        Self::to(to, Some(reader))
    }

    fn to(place: OwnedFd, reader: Option<JoinHandle<()>>) -> anyhow::Result<Self> {
        io::stdout().flush()?;
        let before = rustix::io::dup(io::stdout()).context("there is no standard output")?;
        dup2_stdout(&place)?;
        Ok(Self { before, reader })
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // With the last end to write to, the reader ends.
        let _ = io::stdout().flush();
        let _ = dup2_stdout(&self.before);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
