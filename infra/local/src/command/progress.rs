//! The bar on stderr; where that is no terminal, nothing or a line for each stage.

use std::{
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the work is.
pub(super) struct Progress {
    bar: ProgressBar,
    /// The stage that was written last, where lines are.
    line: Option<Mutex<String>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        // indicatif draws nothing where stderr is no terminal.
        let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:30} {percent:>3} % {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, line: None }
    }

    /// One that writes a line for each stage where no bar can be drawn.
    pub(super) fn in_lines() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let mut progress = Self::new();
        progress.line = (!is_terminal).then(Mutex::default);
        progress
    }

    /// `percent` of 100, in the words of the stage.
    pub(super) fn show(&self, percent: u64, stage: &str) {
        self.bar.set_position(percent.min(100));
        self.bar.set_message(stage.to_owned());
        let Some(line) = &self.line else { return };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        if *line != stage {
            eprintln!("{percent:>3} % {stage}");
            stage.clone_into(&mut line);
        }
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
