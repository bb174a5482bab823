//! Progress on stderr: a bar in a terminal, and a line per stage elsewhere.

use std::{
    io::IsTerminal as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::sync;

/// Interval of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// Bar with its stage. It fits 80 columns; a longer stage is cut.
const BAR: &str = "{spinner} {bar:30} {percent:>3} % {wide_msg}";

/// Bar with a notice in a line below it.
const BAR_WITH_NOTICE: &str = "{spinner} {bar:30} {percent:>3} % {prefix}\n  {wide_msg}";

/// Current step of a job.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step<'a> {
    /// Percentage of the phase, 0 to 100.
    pub(super) percent: u64,
    /// Stage as the API names it.
    pub(super) stage: &'a str,
    /// Further detail, which changes more often than the stage.
    pub(super) detail: Option<&'a str>,
    /// Reason that the job waits, in a sentence.
    pub(super) notice: Option<&'a str>,
}

/// Last lines that were written.
#[derive(Debug, Default)]
struct Written {
    stage: String,
    /// Reason that the job waits, without the time until the next attempt, which changes every
    /// second.
    reason: Option<String>,
}

/// Progress of a command, which never moves back.
pub(super) struct Progress<'a> {
    bar: ProgressBar,
    /// Start and end of the phase, in percent of the command.
    phase: Mutex<(u64, u64)>,
    /// Highest percentage shown so far.
    reached: &'a AtomicU64,
    /// Last lines; `None` if a bar is drawn.
    line: Option<Mutex<Written>>,
}

impl<'a> Progress<'a> {
    /// Starts at the percentage that the command has reached.
    pub(super) fn new(reached: &'a AtomicU64) -> Self {
        let bar = if draws_bar() {
            let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
            // After a change to another system, the bar continues where it was.
            bar.set_position(reached.load(Ordering::Relaxed));
            bar.enable_steady_tick(TICK);
            bar
        } else {
            ProgressBar::hidden()
        };
        let line = bar.is_hidden().then(Mutex::default);
        let progress = Self {
            bar,
            phase: Mutex::new((0, 100)),
            reached,
            line,
        };
        progress.style(BAR);
        progress
    }

    /// Starts a phase, whose steps count from `from` to `to` percent of the command.
    pub(super) fn begin_phase(&self, from: u64, to: u64) {
        *sync::lock(&self.phase) = (from, to);
    }

    pub(super) fn show(&self, step: Step<'_>) {
        let (from, to) = *sync::lock(&self.phase);
        let percent = from + (to - from) * step.percent.min(100) / 100;
        // A retry may set a job back, but not the bar.
        let percent = percent.max(self.reached.fetch_max(percent, Ordering::Relaxed));
        let stage = words(step.stage);
        let message = match step.detail {
            Some(detail) => format!("{stage}, {detail}"),
            None => stage.clone(),
        };
        self.bar.set_position(percent);
        match step.notice {
            None => {
                self.style(BAR);
                self.bar.set_message(message);
            }
            Some(notice) => {
                self.style(BAR_WITH_NOTICE);
                self.bar.set_prefix(message);
                self.bar.set_message(notice.to_owned());
            }
        }
        let Some(last) = &self.line else { return };
        let mut last = sync::lock(last);
        for line in lines(&mut last, percent, stage, step.notice) {
            eprintln!("{line}");
        }
    }

    /// Shows a stage of this program instead of a job.
    pub(super) fn show_stage(&self, percent: u64, stage: &str) {
        self.show(Step {
            percent,
            stage,
            ..Step::default()
        });
    }

    /// Removes the bar, so that only the result remains.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Returns lines for what has changed: the stage, and below it the reason that the job waits.
fn lines(written: &mut Written, percent: u64, stage: String, notice: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if written.stage != stage {
        lines.push(format!("{percent:>3} % {stage}"));
        written.stage = stage;
    }
    let reason = notice.map(|notice| notice.split(". ").next().unwrap_or(notice).to_owned());
    if written.reason != reason {
        lines.extend(notice.map(|notice| format!("      {notice}")));
        written.reason = reason;
    }
    lines
}

/// Returns whether stderr is a terminal that can move its cursor.
fn draws_bar() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|name| name == "dumb");
    std::io::stderr().is_terminal() && !is_dumb
}

/// Converts a stage to words: `fetching_metadata` becomes "Fetching metadata".
fn words(stage: &str) -> String {
    let stage = stage.replace('_', " ");
    let mut letters = stage.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => stage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_is_told_in_words() {
        assert_eq!(words("fetching_metadata"), "Fetching metadata");
        assert_eq!(words("analysing"), "Analysing");
        assert_eq!(words(""), "");
    }

    #[test]
    fn bar_never_moves_back() {
        let reached = AtomicU64::new(0);
        let progress = Progress::new(&reached);
        let mut shown = Vec::new();
        let mut show = |percent| {
            progress.show_stage(percent, "analysing");
            shown.push(progress.bar.position());
        };
        [0, 50, 20, 100].into_iter().for_each(&mut show);
        progress.begin_phase(30, 90);
        [0, 50, 100].into_iter().for_each(&mut show);
        progress.begin_phase(90, 100);
        [0, 200].into_iter().for_each(&mut show);
        assert_eq!(shown, [0, 50, 50, 100, 100, 100, 100, 100, 100]);

        let reached = AtomicU64::new(0);
        let phased = Progress::new(&reached);
        phased.begin_phase(0, 30);
        phased.show_stage(100, "done");
        assert_eq!(phased.bar.position(), 30);
        phased.begin_phase(30, 90);
        phased.show_stage(50, "writing");
        assert_eq!(phased.bar.position(), 60);
        let resumed = Progress::new(&reached);
        resumed.show_stage(10, "submitted");
        assert_eq!(resumed.bar.position(), 60);
    }

    #[test]
    fn lines_have_each_stage_and_each_reason_once() {
        let mut written = Written::default();
        let mut at = |stage: &str, notice| lines(&mut written, 88, stage.to_owned(), notice);
        assert_eq!(at("Sending", None), [" 88 % Sending"]);
        assert_eq!(
            at("Sending", Some("Cannot reach a.test. Next try in 20 s.")),
            ["      Cannot reach a.test. Next try in 20 s."]
        );
        let later = at("Sending", Some("Cannot reach a.test. Next try in 19 s."));
        assert!(later.is_empty(), "{later:?}");
        let other = at("Waiting", Some("GitHub is unavailable. Trying again."));
        assert_eq!(
            other,
            [
                " 88 % Waiting",
                "      GitHub is unavailable. Trying again."
            ]
        );
    }

    #[test]
    fn templates_of_the_bar_are_valid() {
        for template in [BAR, BAR_WITH_NOTICE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
