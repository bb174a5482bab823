use super::*;
use crate::job::JobRow;
use crate::job::machine;
use crate::job::{Media, Request, State};
use eventrelay_core::error::JobError;

const NOW: Timestamp = Timestamp(1_000_000);
const STEP: u32 = 3;

fn job() -> Job {
    let video = "yt:dQw4w9WgXcQ".parse().unwrap();
    let deadline = NOW + Duration::from_secs(60);
    let mut job = Job::new(
        video,
        Request::default(),
        Media::YouTube,
        deadline,
        Timestamp(0),
    );
    (job.header.due_at, job.header.attempts) = (Timestamp(900_000), 2);
    job.state = State::Analysing { file: None };
    job.gemini_file = Some("files/a".to_owned());
    job
}

fn row(job: Job) -> JobRow {
    JobRow {
        job,
        version: STEP,
        running_until: None,
    }
}

fn judged(row: &JobRow, step: u32) -> Verdict {
    judge(row, step, Timestamp(950_000), NOW)
}

#[test]
fn the_step_that_a_job_stands_at_fails_it() {
    assert_eq!(judged(&row(job()), STEP), Verdict::Fail);
    let left = JobRow {
        running_until: Some(Timestamp(NOW.0 - 1)),
        ..row(job())
    };
    assert_eq!(judged(&left, STEP), Verdict::Fail);
}

#[test]
fn what_waits_for_others_until_its_deadline_fails_by_the_message_that_they_have_sent() {
    let mut waiting = row(job());
    waiting.job.header.due_at = waiting.job.header.deadline;
    assert_eq!(judged(&waiting, STEP), Verdict::Fail);
}

#[test]
fn a_job_that_goes_on_otherwise_is_left() {
    for step in [0, STEP - 1, STEP + 1, u32::MAX] {
        assert_eq!(judged(&row(job()), step), Verdict::Leave, "{step}");
    }
    let running = JobRow {
        running_until: Some(NOW),
        ..row(job())
    };
    assert_eq!(judged(&running, STEP), Verdict::Leave);
    // Its message was enqueued again after the first one had been received.
    let mut revived = job();
    revived.header.due_at = Timestamp(951_001);
    assert_eq!(judged(&row(revived), STEP), Verdict::Leave);
    let mut skewed = job();
    skewed.header.due_at = Timestamp(951_000);
    assert_eq!(judged(&row(skewed), STEP), Verdict::Fail);
}

#[test]
fn a_job_that_this_dead_letter_has_ended_is_settled_until_it_is() {
    let failed = engine::dead_lettered(job(), NOW).unwrap();
    assert!(engine::is_dead_lettered(&failed));
    assert_eq!((failed.header.due_at, failed.header.attempts), (NOW, 0));
    let mut ended = row(failed);
    ended.version = STEP + 1;
    assert_eq!(judged(&ended, STEP), Verdict::Finalize);
    assert_eq!(
        judged(&ended, STEP + 1),
        Verdict::Leave,
        "its own last message"
    );
    ended.job.header.finalized = true;
    assert_eq!(judged(&ended, STEP), Verdict::Leave);
}

#[test]
fn an_end_of_another_kind_stands() {
    for state in [State::Done, State::Cancelled] {
        let mut ended = row(Job { state, ..job() });
        assert_eq!(judged(&ended, STEP), Verdict::Leave);
        ended.version = STEP + 1;
        assert_eq!(judged(&ended, STEP), Verdict::Leave);
        assert_eq!(engine::dead_lettered(ended.job, NOW), None);
    }
}

#[test]
fn only_what_was_given_up_and_settled_is_resumed() {
    let deadline = NOW + Duration::from_secs(9);
    assert_eq!(machine::resume(job(), deadline, NOW), None);
    let mut failed = engine::dead_lettered(job(), NOW).unwrap();
    assert_eq!(machine::resume(failed.clone(), deadline, NOW), None);
    failed.header.finalized = true;
    let resumed = machine::resume(failed, deadline, NOW).unwrap();
    assert_eq!(
        (
            &resumed.state,
            resumed.header.deadline,
            resumed.header.finalized
        ),
        (&State::Submitted, deadline, false)
    );
    let mut other = job();
    other.state = State::Failed {
        error: JobError::from(&Error::VideoPrivate),
        until: NOW,
        answered_by: Default::default(),
    };
    other.header.finalized = true;
    assert_eq!(machine::resume(other, deadline, NOW), None);
}
