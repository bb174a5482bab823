//! Builds by Cargo, and their progress.
//!
//! In a terminal, Cargo shows its own progress. In a pipe, a line per minute replaces the line per
//! crate.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

/// Time between two lines in a pipe.
const INTERVAL: Duration = Duration::from_secs(60);

/// Describes a first build. `functions` is their number.
#[must_use]
pub fn announcement(functions: usize) -> String {
    format!(
        "Building EventRelay: the local runtime and {functions} functions, about 420 crates.\n\
         A first build takes about 5 minutes on 2 cores, later ones take seconds."
    )
}

/// Returns a command that runs Cargo with the environment of a shell.
///
/// The command lacks the variables with which Cargo describes the package of a program that it runs
/// (<https://doc.rust-lang.org/cargo/reference/environment-variables.html>).
///
/// Build scripts may depend on them. The one of `ring` does: with these variables, a build in a
/// program of `cargo run` and a build in a shell would each discard the work of the other.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let is_of_package = name.to_str().is_some_and(|name| {
            name == "OUT_DIR"
                || name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_package {
            command.env_remove(name);
        }
    }
    command
}

/// Makes `cargo` report built crates on stdout, for [`Report::read`], and only errors on stderr.
pub fn report_on_stdout(cargo: &mut Command) {
    cargo.args(["--quiet", "--message-format", "json-render-diagnostics"]);
}

/// Counts built crates and reports the count once a minute.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    lines: u32,
    crates: usize,
}

impl Report {
    /// Starts a report at `now`.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            started: now,
            lines: 0,
            crates: 0,
        }
    }

    /// Reads a line of Cargo's stdout
    /// (<https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>).
    pub fn read(&mut self, line: &str) {
        let is_built =
            line.contains(r#""reason":"compiler-artifact""#) && line.contains(r#""fresh":false"#);
        self.crates += usize::from(is_built);
    }

    /// Returns the time until the next line.
    #[must_use]
    pub fn until_due(&self, now: Instant) -> Duration {
        let due = self.started + INTERVAL * (self.lines + 1);
        due.saturating_duration_since(now)
    }

    /// Returns the line of this minute, if it is due.
    pub fn line(&mut self, now: Instant) -> Option<String> {
        if !self.until_due(now).is_zero() {
            return None;
        }
        let minutes = now.saturating_duration_since(self.started).as_secs() / INTERVAL.as_secs();
        self.lines = u32::try_from(minutes).unwrap_or(u32::MAX);
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        Some(format!(
            "Still building: {} crates after {minutes} {unit}",
            self.crates
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &str = r#"{"reason":"compiler-artifact","package_id":"a","fresh":false}"#;
    const FRESH: &str = r#"{"reason":"compiler-artifact","package_id":"b","fresh":true}"#;
    const SCRIPT: &str = r#"{"reason":"build-script-executed","package_id":"a"}"#;

    #[test]
    fn cargo_runs_without_the_variables_of_a_package() {
        // Cargo sets the variable for this test.
        assert!(env::var_os("CARGO_MANIFEST_DIR").is_some());
        let cargo = cargo();
        let removed: Vec<_> = cargo.get_envs().map(|(name, _)| name).collect();
        assert!(removed.iter().any(|name| *name == "CARGO_MANIFEST_DIR"));
        assert!(removed.iter().any(|name| *name == "CARGO_PKG_NAME"));
        assert!(
            !removed
                .iter()
                .any(|name| *name == "PATH" || *name == "CARGO")
        );
    }

    #[test]
    fn report_has_one_line_a_minute() {
        let start = Instant::now();
        let mut report = Report::new(start);
        for line in [BUILT, FRESH, SCRIPT, BUILT] {
            report.read(line);
        }
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(report.line(at(59)), None);
        assert_eq!(report.until_due(at(59)), Duration::from_secs(1));
        assert_eq!(
            report.line(at(61)).as_deref(),
            Some("Still building: 2 crates after 1 minute")
        );
        assert_eq!(report.line(at(119)), None);
        report.read(BUILT);
        assert_eq!(
            report.line(at(250)).as_deref(),
            Some("Still building: 3 crates after 4 minutes")
        );
        assert_eq!(report.until_due(at(251)), Duration::from_secs(49));
    }
}
