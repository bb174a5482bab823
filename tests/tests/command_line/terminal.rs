//! A pseudo-terminal with a command in it, and the screen that a person would see.

use std::{
    num::NonZero,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use eventrelay_tests::{PATIENCE, local, repository};
use pty_process::{Pty, Size};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
    time::timeout,
};

/// Maximum duration of one read.
const PAUSE: Duration = Duration::from_millis(200);

/// Rows of the terminal: more than any command fills, so that nothing scrolls away.
const ROWS: u16 = 400;

/// Variables of the services whose place stand-ins take.
const KEYS: [&str; 6] = [
    "GEMINI_API_KEY",
    "YOUTUBE_API_KEY",
    "GITHUB_TOKEN",
    "VERCEL_TOKEN",
    "NETLIFY_AUTH_TOKEN",
    "EVENTRELAY_API_KEY",
];

/// Parameters of a command in a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    columns: u16,
    environment: Vec<(String, String)>,
    stdout_is_piped: bool,
}

impl Setup {
    /// A terminal with this many columns.
    pub(crate) fn with_columns(columns: u16) -> Self {
        Self {
            columns,
            environment: vec![("TERM".to_owned(), "xterm-256color".to_owned())],
            stdout_is_piped: false,
        }
    }

    /// Adds a variable to the environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves only stderr and stdin in the terminal.
    pub(crate) fn with_piped_stdout(mut self) -> Self {
        self.stdout_is_piped = true;
        self
    }

    /// Starts `cargo local` with these arguments, in the repository.
    pub(crate) fn start(&self, arguments: &[&str]) -> Terminal {
        self.start_program(local().unwrap(), arguments)
    }

    pub(crate) fn start_program(&self, program: &Path, arguments: &[&str]) -> Terminal {
        let (pty, pts) = pty_process::open().unwrap();
        pty.resize(Size::new(ROWS, self.columns)).unwrap();
        let mut command = pty_process::Command::new(program)
            .args(arguments)
            .current_dir(repository(""))
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true);
        for name in KEYS {
            if !self.environment.iter().any(|(set, _)| set == name) {
                command = command.env_remove(name);
            }
        }
        if self.stdout_is_piped {
            command = command.stdout(Stdio::piped());
        }
        let child = command.spawn(pts).unwrap();
        Terminal {
            child,
            pty,
            screen: vt100::Parser::new(size(ROWS), size(self.columns), 0),
            written: Vec::new(),
            percents: Vec::new(),
            stages: Vec::new(),
        }
    }

    /// Runs `cargo local` with these arguments to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end().await
    }
}

/// A command that runs in a terminal.
pub(crate) struct Terminal {
    child: Child,
    pty: Pty,
    screen: vt100::Parser,
    written: Vec<u8>,
    percents: Vec<u64>,
    stages: Vec<String>,
}

/// A command that has ended, and what it left on the screen.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The rows of the screen, without trailing space.
    pub(crate) screen: String,
    /// Everything that was written to the terminal.
    pub(crate) written: String,
    /// Output of a piped stdout.
    pub(crate) stdout: String,
    /// Every percentage that the progress bar has shown, in order.
    pub(crate) percents: Vec<u64>,
    /// Every stage that it has shown, in order.
    pub(crate) stages: Vec<String>,
    /// Rows that were too long for the terminal.
    pub(crate) wrapped: Vec<String>,
}

impl Ended {
    /// Exit code, or -1 after a signal.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Returns whether the output contains an escape sequence.
    pub(crate) fn has_escapes(&self) -> bool {
        self.written.contains('\u{1b}')
    }

    /// Returns whether an escape sequence sets a color: SGR with 30 to 49 or 90 to 107.
    pub(crate) fn has_colours(&self) -> bool {
        let sequences = self.written.split("\u{1b}[").skip(1);
        let mut parameters = sequences.filter_map(|sequence| {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic())?;
            sequence[end..].starts_with('m').then_some(&sequence[..end])
        });
        parameters.any(|parameters| {
            let mut numbers = parameters.split(';').filter_map(|part| part.parse().ok());
            numbers.any(|number: u16| matches!(number, 30..=49 | 90..=107))
        })
    }
}

impl Terminal {
    /// Process id of the command.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().expect("the command runs")
    }

    /// Current content of the screen.
    pub(crate) fn screen(&self) -> String {
        self.screen.screen().contents()
    }

    /// Types into the terminal.
    pub(crate) async fn type_in(&mut self, keys: &[u8]) {
        self.pty.write_all(keys).await.unwrap();
    }

    /// Reads until the screen is as `wanted`.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let reading = async {
            while !wanted(&self.screen()) {
                assert!(self.read().await, "ended before {what}:\n{}", self.screen());
            }
        };
        if timeout(PATIENCE, reading).await.is_err() {
            panic!("no {what} within {PATIENCE:?}:\n{}", self.screen());
        }
    }

    /// Reads until a file exists that says that the command has begun to run.
    pub(crate) async fn until_exists(&mut self, path: &Path) {
        let reading = async {
            loop {
                let exists = path.exists();
                // Gives it the chance to fail after that.
                if timeout(PAUSE, self.read()).await == Ok(false) {
                    panic!("ended instead of running:\n{}", self.screen());
                }
                if exists {
                    return;
                }
            }
        };
        let has_begun = timeout(PATIENCE, reading).await.is_ok();
        assert!(has_begun, "not running in time:\n{}", self.screen());
    }

    /// Reads to the end of the command.
    pub(crate) async fn end(mut self) -> Ended {
        self.end_within(PATIENCE).await
    }

    /// Reads to the end of the command, which must come within this time.
    pub(crate) async fn end_within(&mut self, patience: Duration) -> Ended {
        let stdout = self.child.stdout.take();
        let piped = async {
            let mut text = String::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_string(&mut text).await.unwrap();
            }
            text
        };
        let ended = async {
            let reading = async { while self.read().await {} };
            let ((), stdout) = tokio::join!(reading, piped);
            stdout
        };
        let Ok(stdout) = timeout(patience, ended).await else {
            panic!("no end within {patience:?}:\n{}", self.screen());
        };
        let status = timeout(patience, self.child.wait()).await.unwrap().unwrap();
        let screen = self.screen.screen();
        let columns = screen.size().1.get();
        let rows: Vec<String> = screen.rows(0, columns).collect();
        let is_wrapped = |row: &usize| screen.row_wrapped(u16::try_from(*row).unwrap());
        Ended {
            status,
            wrapped: (0..rows.len())
                .filter(is_wrapped)
                .map(|row| rows[row].clone())
                .collect(),
            screen: screen.contents(),
            written: String::from_utf8_lossy(&self.written).into_owned(),
            stdout,
            percents: self.percents.clone(),
            stages: self.stages.clone(),
        }
    }

    fn observe(&mut self) {
        let Some((percent, stage)) = progress(&self.screen()) else {
            return;
        };
        if self.percents.last() != Some(&percent) {
            self.percents.push(percent);
        }
        // A frame may be half drawn: a stage counts once the line ends behind it.
        if !stage.is_empty() && self.stages.last() != Some(&stage) {
            self.stages.push(stage);
        }
    }

    /// Reads once. Returns whether the terminal is still open.
    async fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        // Linux reports EIO once no process has the terminal open.
        let count = self.pty.read(&mut buffer).await.unwrap_or(0);
        self.written.extend_from_slice(&buffer[..count]);
        // Each percentage is seen on a screen of its own, and so is what is redrawn over it.
        for piece in buffer[..count].split_inclusive(|byte| matches!(byte, b'\r' | b'\n' | 0x1b)) {
            self.observe();
            self.screen.process(piece);
        }
        self.observe();
        count > 0
    }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).expect("a terminal has cells")
}

/// Percentage and stage of the last line of progress on the screen.
fn progress(screen: &str) -> Option<(u64, String)> {
    let line = screen.lines().rev().find(|line| line.contains(" % "))?;
    let (before, stage) = line.split_once(" % ")?;
    let digits = before
        .trim_end()
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()?;
    Some((digits.parse().ok()?, stage.trim_end().to_owned()))
}
