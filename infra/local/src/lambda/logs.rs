//! Output of functions, one file per function.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use crate::{metrics::Metrics, private, sync::lock};

/// Maximum size of a line, in bytes. Longer lines are split. CloudWatch takes events up to 1 MiB.
const MAX_LINE_BYTES: u64 = 256 * 1024;

#[derive(Debug)]
pub(super) struct Log {
    function: String,
    file: Mutex<File>,
    metrics: Arc<Metrics>,
    verbose: bool,
}

impl Log {
    pub(super) fn open(
        folder: &Path,
        function: &str,
        verbose: bool,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let path = folder.join(format!("{function}.log"));
        let file = private::options().create(true).append(true).open(path)?;
        Ok(Self {
            function: function.to_owned(),
            file: Mutex::new(file),
            metrics,
            verbose,
        })
    }

    pub(super) fn line(&self, line: &str) {
        self.write(line.as_bytes());
    }

    fn write(&self, line: &[u8]) {
        let mut whole = line.to_vec();
        whole.push(b'\n');
        // A full disk must not stop the functions.
        let _ = lock(&self.file).write_all(&whole);
        if self.verbose {
            eprintln!("{} | {}", self.function, String::from_utf8_lossy(line));
        }
    }

    /// Copies lines until the process closes its end.
    pub(super) async fn copy(self: Arc<Self>, output: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut reader)
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut line)
                .await
            {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    self.metrics.line(&line);
                    self.write(line.strip_suffix(b"\n").unwrap_or(&line));
                }
            }
        }
    }
}
