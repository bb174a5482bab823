//! Ways to wait for a file, and how often each looks.

use std::time::Duration;

use anyhow::Context as _;
use eventrelay::{
    clock::Timestamp,
    engine::{self, NextStep},
    job::{
        Job, Media, Request,
        machine::{self, EffectOutcome, FileSeen, FileState, Limits},
        model::GeminiFile,
    },
    video::VideoKey,
};

use super::usage::Usage;

/// Between two looks of a queue that is read at a fixed rhythm.
const RHYTHM_S: f64 = 2.0;

/// Transitions of a loop that waits, looks and chooses.
const TRANSITIONS: f64 = 3.0;

/// Upload, analysis, storing, settling.
const STEPS: f64 = 4.0;

/// Ways to wait for a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Delayed,
    /// A message every two seconds.
    Rhythm,
    /// A state machine that looks as often as EventRelay, and hands over from step to step.
    StepFunctions,
    /// A function of so many MB that sleeps.
    Sleeping(u32),
}

impl Way {
    pub(super) fn title(self) -> String {
        match self {
            Self::Delayed => "EventRelay".to_owned(),
            Self::Rhythm => "a message every 2 s".to_owned(),
            Self::StepFunctions => "Step Functions".to_owned(),
            Self::Sleeping(mb) => format!("a function that sleeps, {mb} MB"),
        }
    }

    /// Returns the usage of the steps of a job that are no polls.
    pub(super) fn steps(self) -> Usage {
        Usage {
            transitions: if self == Self::StepFunctions {
                STEPS
            } else {
                0.0
            },
            ..Usage::default()
        }
    }

    /// Returns the usage of waiting for this time, given the usage of one poll.
    pub(super) fn wait(self, seconds: f64, look: Usage) -> anyhow::Result<Usage> {
        Ok(match self {
            Self::Delayed => look * looks(seconds)?,
            Self::Rhythm => look * (seconds / RHYTHM_S).ceil(),
            // No message and no row says where the job stands.
            Self::StepFunctions => {
                let alone = Usage {
                    queue_calls: 0.0,
                    written: 0.0,
                    read: 0.0,
                    transitions: TRANSITIONS,
                    ..look
                };
                alone * looks(seconds)?
            }
            Self::Sleeping(mb) => Usage {
                gb_s: seconds * f64::from(mb) / 1024.0,
                ..Usage::default()
            },
        })
    }
}

/// Returns the number of polls of a file that is ready after this time, by the workflow itself.
///
/// The first poll is part of the upload's invocation.
pub(super) fn looks(seconds: f64) -> anyhow::Result<f64> {
    let start = Timestamp(0);
    let ready = start + Duration::from_secs_f64(seconds);
    let limits = Limits {
        processing_timeout: Duration::from_secs(3600),
        models: 1,
        expected: None,
        answer_class: Default::default(),
    };
    let seen = |state| {
        Ok(EffectOutcome::File(FileSeen {
            name: "files/a".to_owned(),
            file: GeminiFile {
                uri: String::new(),
                mime_type: String::new(),
            },
            state,
            duration_s: None,
        }))
    };
    let video: VideoKey = format!("up:{}", "0".repeat(64)).parse()?;
    let media = Media::Upload {
        size_bytes: 1,
        content_type: "video/mp4".to_owned(),
        file_name: "a.mp4".to_owned(),
    };
    let job = Job::new(
        video,
        Request::default(),
        media,
        start + Duration::from_secs(7200),
        start,
    );
    let step = |job: &Job, now| engine::step(job, seen(FileState::Processing), limits, now, 0.0);
    let mut next = step(&machine::begin(job, start), start);
    let (mut now, mut looks) = (start, 0.0);
    while now < ready {
        let NextStep::After(wait) = next.next else {
            return None.context("the machine does not wait");
        };
        now = now + wait;
        looks += 1.0;
        next = step(&next.record, now);
    }
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_polls_matches_the_workflow() {
        // After 1, 3, 7, 15, 31 and 61 seconds, then every 30.
        for (seconds, expected) in [(0.5, 1.0), (6.0, 3.0), (60.0, 6.0), (300.0, 14.0)] {
            assert_eq!(looks(seconds).unwrap(), expected, "{seconds}");
        }
    }

    #[test]
    fn cost_of_waiting_follows_its_usage() {
        let look = Usage {
            gb_s: 0.001,
            invocations: 1.0,
            queue_calls: 3.0,
            written: 1.0,
            ..Usage::default()
        };
        let wait = |way: Way| way.wait(6.0, look).unwrap();
        assert_eq!(wait(Way::Delayed), look * 3.0);
        assert_eq!(wait(Way::Rhythm), look * 3.0);
        let steps = wait(Way::StepFunctions);
        assert_eq!((steps.transitions, steps.queue_calls), (9.0, 0.0));
        assert_eq!(wait(Way::Sleeping(512)).gb_s, 3.0);
    }
}
