use crate::engine;
use proptest::prelude::*;

use super::*;
use crate::{
    engine::{MessageDisposition, NextStep, cancelled, receive, step},
    job::{Request, Status},
};
use eventrelay_core::{error::Service, retry::MAX_ATTEMPTS, video::VideoKey};

const LIMITS: Limits = Limits {
    processing_timeout: Duration::from_secs(600),
    models: 3,
    expected: None,
    answer_class: AnswerClass::Model,
};
const START: Timestamp = Timestamp(1_790_000_000_000);

fn job(media: Media) -> Job {
    let video = match media {
        Media::YouTube => "yt:dQw4w9WgXcQ".to_owned(),
        Media::Upload { .. } => format!("up:{}", "ab".repeat(32)),
    };
    let video = video.parse::<VideoKey>().unwrap();
    let deadline = START + Duration::from_secs(7200);
    Job::new(video, Request::default(), media, deadline, START)
}

fn upload(size_bytes: u64) -> Job {
    let content_type = "video/mp4".to_owned();
    begin(
        job(Media::Upload {
            size_bytes,
            content_type,
            file_name: "a.mp4".to_owned(),
        }),
        START,
    )
}

fn file(state: FileState) -> EffectOutcome {
    let file = GeminiFile {
        uri: "u".to_owned(),
        mime_type: "video/mp4".to_owned(),
    };
    EffectOutcome::File(FileSeen {
        name: "files/a".to_owned(),
        file,
        state,
        duration_s: None,
    })
}

fn analysed() -> EffectOutcome {
    let analysis = StoredAnalysis {
        variant: "1".to_owned(),
        base_variant: "1".to_owned(),
        etag: "e".to_owned(),
        size_bytes: 1,
        gzip_bytes: 1,
        title: "t".to_owned(),
        category: "other".to_owned(),
        duration_s: None,
        usage: Default::default(),
        answered_by: Default::default(),
        finished_at: START,
        expires_at: START,
    };
    EffectOutcome::Analysed {
        analysis: Box::new(analysis),
        parts: Default::default(),
    }
}

fn ok(job: &Job, observation: EffectOutcome, now: Timestamp) -> Transition<Job> {
    step(job, Ok(observation), LIMITS, now, 0.5)
}

fn err(job: &Job, error: &Error) -> Transition<Job> {
    step(job, Err(error), LIMITS, START, 0.5)
}

fn slug(next: &Transition<Job>) -> String {
    match &next.record.state {
        State::Failed { error, .. } => error.kind.rsplit(':').next().unwrap().to_owned(),
        other => panic!("not failed: {other:?}"),
    }
}

#[test]
fn a_youtube_video_is_looked_up_and_analysed() {
    let job = begin(job(Media::YouTube), START);
    assert_eq!(effect(&job), Some(Effect::FetchMetadata));
    let facts = VideoFacts {
        title: Some("t".to_owned()),
        ..Default::default()
    };
    let next = ok(&job, EffectOutcome::Metadata(facts.clone()), START);
    assert_eq!(
        (next.next, &next.record.facts),
        (NextStep::Immediate, &facts)
    );
    assert_eq!(effect(&next.record), Some(Effect::Analyse { file: None }));
    let next = ok(&next.record, analysed(), START);
    assert!(matches!(effect(&next.record), Some(Effect::Index { .. })));
    let next = ok(&next.record, EffectOutcome::Indexed, START);
    assert_eq!(
        (next.record.state.status(), next.record.progress()),
        (Status::Done, 100)
    );
    assert_eq!(effect(&next.record), Some(Effect::Finalize));
    let next = ok(&next.record, EffectOutcome::Finalized, START);
    assert_eq!(
        (next.next, effect(&next.record)),
        (NextStep::Finished, None)
    );
}

#[test]
fn looks_come_at_an_estimate_and_then_ever_later() {
    let started = ok(
        &upload(4_000_000),
        EffectOutcome::UploadStarted {
            session: "s".into(),
        },
        START,
    );
    let mut next = ok(&started.record, file(FileState::Processing), START);
    let (mut now, mut waits) = (START, Vec::new());
    for _ in 0..7 {
        let NextStep::After(wait) = next.next else {
            panic!("{next:?}")
        };
        assert_eq!(next.record.header.due_at, now + wait);
        waits.push(wait.as_secs());
        now = now + wait;
        next = ok(&next.record, file(FileState::Processing), now);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    let next = ok(&next.record, file(FileState::Active), now);
    assert!(matches!(
        effect(&next.record),
        Some(Effect::Analyse { file: Some(_) })
    ));
    assert_eq!(next.record.gemini_file.as_deref(), Some("files/a"));
}

#[test]
fn the_first_look_at_a_large_file_is_later() {
    assert_eq!(estimate(1, None).as_secs(), 1);
    assert_eq!(estimate(200_000_000, None).as_secs(), 10);
    assert_eq!(estimate(1, Some(1200.0)).as_secs(), 10);
    assert_eq!(estimate(2_000_000_000, Some(f64::NAN)), MAX_LOOK);
}

#[test]
fn the_first_look_is_when_files_like_it_were_ready() {
    let uploaded = |expected_ms| {
        let limits = Limits {
            expected: Some(Duration::from_millis(expected_ms)),
            ..LIMITS
        };
        step(
            &upload(4_000_000),
            Ok(file(FileState::Processing)),
            limits,
            START,
            0.0,
        )
    };
    for (expected_ms, wait) in [(0, 1), (6_040, 6), (6_600, 7), (400_000, 30)] {
        assert_eq!(
            uploaded(expected_ms).next,
            NextStep::After(Duration::from_secs(wait))
        );
    }
    // What takes longer this time is looked at as ever.
    let next = ok(
        &uploaded(6_000).record,
        file(FileState::Processing),
        START + Duration::from_secs(6),
    );
    assert_eq!(next.next, NextStep::After(Duration::from_secs(2)));
}

#[test]
fn processing_ends_in_time() {
    let processing = ok(&upload(1), file(FileState::Processing), START).record;
    let failed = ok(&processing, file(FileState::Failed), START);
    assert_eq!(slug(&failed), "processing-failed");
    let late = START + LIMITS.processing_timeout;
    assert_eq!(
        slug(&ok(&processing, file(FileState::Processing), late)),
        "processing-timeout"
    );
    let NextStep::After(last) = ok(
        &processing,
        file(FileState::Processing),
        START + Duration::from_secs(599),
    )
    .next
    else {
        panic!("did not wait")
    };
    assert_eq!(last.as_secs(), 1, "the last look is at the time-out");
}

#[test]
fn another_model_is_asked_when_one_is_spent_or_gone() {
    let analysing = ok(
        &begin(job(Media::YouTube), START),
        EffectOutcome::Metadata(Default::default()),
        START,
    )
    .record;
    let spent = Error::DailyQuotaSpent {
        service: Service::Gemini,
        retry_after: None,
    };
    // Whose turn it was with one model stands behind those that wait for the other.
    let mut has_reservation = analysing;
    has_reservation.header.has_reservation = true;
    let second = err(&has_reservation, &spent);
    assert_eq!(
        (second.next, second.record.header.model),
        (NextStep::Immediate, 1)
    );
    assert!(!second.record.header.has_reservation);
    let third = err(
        &second.record,
        &Error::ModelGone {
            model: "m".to_owned(),
        },
    );
    assert_eq!(
        (third.next, third.record.header.model),
        (NextStep::Immediate, 2)
    );
    assert_eq!(slug(&err(&third.record, &spent)), "daily-quota-spent");
}

#[test]
fn a_limit_is_waited_for_unless_the_deadline_comes_first() {
    let analysing = ok(
        &begin(job(Media::YouTube), START),
        EffectOutcome::Metadata(Default::default()),
        START,
    )
    .record;
    let limited = |seconds| Error::RateLimited {
        service: Service::Gemini,
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let next = err(&analysing, &limited(34));
    assert_eq!(next.record.header.attempts, 1);
    assert!(matches!(next.next, NextStep::After(wait) if wait.as_secs() >= 34));
    assert_eq!(slug(&err(&analysing, &limited(10_000))), "rate-limited");
}

#[test]
fn a_bad_answer_is_paid_for_twice_and_not_more() {
    let analysing = ok(
        &begin(job(Media::YouTube), START),
        EffectOutcome::Metadata(Default::default()),
        START,
    )
    .record;
    let again = err(&analysing, &Error::AnswerEmpty);
    assert!(matches!(again.next, NextStep::After(_)));
    assert_eq!(
        slug(&err(&again.record, &Error::AnswerEmpty)),
        "answer-empty"
    );
    // What failed otherwise before was no answer.
    let tried = err(
        &analysing,
        &Error::UpstreamMalformed {
            service: Service::Gemini,
            source: "x".into(),
        },
    )
    .record;
    let once = err(&tried, &Error::AnswerEmpty);
    assert!(matches!(once.next, NextStep::After(_)));
    assert_eq!(
        slug(&err(&analysing, &Error::AnswerTruncated)),
        "answer-truncated"
    );
}

#[test]
fn a_file_that_gemini_has_lost_is_uploaded_again() {
    let mut job = upload(1);
    for _ in 0..MAX_UPLOADS {
        assert_eq!(effect(&job), Some(Effect::StartUpload));
        assert_eq!(job.gemini_file, None);
        let started = ok(
            &job,
            EffectOutcome::UploadStarted {
                session: "s".into(),
            },
            START,
        )
        .record;
        let analysing = ok(&started, file(FileState::Active), START).record;
        assert!(analysing.gemini_file.is_some());
        job = err(&analysing, &Error::FileGone).record;
    }
    assert!(matches!(job.state, State::Failed { .. }), "{job:?}");
}

#[test]
fn what_is_left_behind_does_not_change_the_end() {
    let done = ok(
        &ok(&upload(1), analysed(), START).record,
        EffectOutcome::Indexed,
        START,
    )
    .record;
    let next = err(&done, &Error::VideoPrivate);
    assert_eq!(next.record.state, State::Done);
    assert!(matches!(next.next, NextStep::After(_)));
    let mut tired = done;
    tired.header.attempts = MAX_ATTEMPTS;
    assert!(err(&tired, &Error::VideoPrivate).record.header.finalized);
}

fn storage_fails() -> Error {
    Error::Storage {
        transient: true,
        source: "x".into(),
    }
}

#[test]
fn clean_up_is_retried_for_as_long_as_the_storage_fails() {
    let stored = ok(&upload(1), analysed(), START).record;
    let done = ok(&stored, EffectOutcome::Indexed, START).record;
    let cancelled = cancelled(upload(1), START).unwrap();
    for mut job in [done, cancelled] {
        let (state, mut now) = (job.state.clone(), START);
        for _ in 0..10_000 {
            let next = step(&job, Err(&storage_fails()), LIMITS, now, 1.0);
            let NextStep::After(delay) = next.next else {
                panic!("{:?}", next.next)
            };
            assert!(delay <= Duration::from_secs(60) && !next.record.header.finalized);
            (job, now) = (next.record, now + delay);
        }
        assert!(now > job.header.deadline, "the deadline does not end it");
        assert_eq!((&job.state, effect(&job)), (&state, Some(Effect::Finalize)));
        let finalized = step(&job, Ok(EffectOutcome::Finalized), LIMITS, now, 0.5);
        assert_eq!(
            (finalized.next, finalized.record.header.finalized),
            (NextStep::Finished, true)
        );
    }
}

#[test]
fn paid_answer_is_indexed_for_as_long_as_the_storage_fails() {
    let mut storing = ok(&upload(1), analysed(), START).record;
    for _ in 0..5 * MAX_ATTEMPTS {
        let next = err(&storing, &storage_fails());
        assert!(matches!(next.next, NextStep::After(_)), "{:?}", next.record);
        storing = next.record;
    }
    assert!(matches!(effect(&storing), Some(Effect::Index { .. })));
}

fn unreachable_host() -> Error {
    Error::Unreachable {
        service: Service::Gemini,
        host: "generativelanguage.googleapis.com".to_owned(),
        source: "x".into(),
    }
}

#[test]
fn unreachable_host_is_named_and_tried_until_the_deadline() {
    let fetching = begin(job(Media::YouTube), START);
    let mut analysing = ok(
        &fetching,
        EffectOutcome::Metadata(Default::default()),
        START,
    )
    .record;
    let mut now = START;
    loop {
        let next = step(&analysing, Err(&unreachable_host()), LIMITS, now, 0.5);
        let NextStep::After(delay) = next.next else {
            break;
        };
        let notice = next.record.header.notice.as_ref().unwrap();
        let told = notice.sentence(next.record.header.due_at, now);
        let seconds = delay.as_millis().div_ceil(1000);
        assert_eq!(
            told,
            format!("Cannot reach generativelanguage.googleapis.com. Next try in {seconds} s.")
        );
        assert_eq!(next.record.header.attempts, 0, "it used up no try");
        (analysing, now) = (next.record, now + delay);
    }
    assert!(now.until(analysing.header.deadline) <= Duration::from_secs(31));
    let back = ok(&analysing, analysed(), START).record;
    assert_eq!((back.header.notice, back.header.unreached), (None, 0));
}

#[test]
fn metadata_that_cannot_be_reached_is_left_out() {
    let mut fetching = begin(job(Media::YouTube), START);
    for _ in 0..2 {
        fetching = err(&fetching, &unreachable_host()).record;
        assert_eq!(effect(&fetching), Some(Effect::FetchMetadata));
        assert!(fetching.header.notice.is_some());
    }
    let analysing = err(&fetching, &unreachable_host()).record;
    assert_eq!(effect(&analysing), Some(Effect::Analyse { file: None }));
}

#[test]
fn failure_names_who_was_asked() {
    let limits = Limits {
        answer_class: AnswerClass::StandIn,
        ..LIMITS
    };
    let failed = step(&upload(1), Err(&Error::VideoPrivate), limits, START, 0.5).record;
    assert!(matches!(
        failed.state,
        State::Failed {
            answered_by: AnswerClass::StandIn,
            ..
        }
    ));
    let before = r#"{"stage":"failed","error":{"type":"k","title":"t","detail":"d"}}"#;
    assert!(matches!(
        serde_json::from_str(before).unwrap(),
        State::Failed {
            answered_by: AnswerClass::Model,
            ..
        }
    ));
}

#[test]
fn refused_key_ends_the_job_at_once_and_is_not_remembered() {
    let refused = Error::AccessRefused {
        service: Service::Gemini,
        fault: eventrelay_core::error::AccessFault::Key,
        reason: Some("API_KEY_INVALID"),
        key: eventrelay_core::error::KeySource::Variable("GEMINI_API_KEY"),
        source: "x".into(),
    };
    let next = err(&upload(1), &refused);
    assert_eq!(
        (slug(&next).as_str(), next.next),
        ("access-refused", NextStep::Immediate)
    );
    let State::Failed { until, error, .. } = next.record.state else {
        panic!("{:?}", next.record.state)
    };
    assert_eq!(until, START);
    assert!(
        error
            .detail
            .ends_with("(API_KEY_INVALID). Set GEMINI_API_KEY.")
    );
}

#[test]
fn a_deadline_ends_everything_but_the_settling() {
    let job = upload(1);
    let late = job.header.deadline;
    assert_eq!(
        slug(&ok(&job, file(FileState::Active), late)),
        "deadline-exceeded"
    );
    let cancelled = cancelled(job, START).unwrap();
    assert_eq!(
        ok(&cancelled, EffectOutcome::Finalized, late).next,
        NextStep::Finished
    );
    assert_eq!(engine::cancelled(cancelled, START), None);
}

#[test]
fn messages_are_run_waited_for_or_dropped() {
    let job = upload(1);
    assert_eq!(receive(&job, 3, 3, 1, START), MessageDisposition::Run);
    assert_eq!(
        receive(&job, 3, 2, 1, START),
        MessageDisposition::Drop,
        "a duplicate"
    );
    assert_eq!(
        receive(&job, 3, 2, 2, START),
        MessageDisposition::Run,
        "its worker died"
    );
    assert_eq!(
        receive(
            &job,
            3,
            eventrelay_store::queue::Message::WHICHEVER,
            1,
            START
        ),
        MessageDisposition::Run,
        "the one that it waited for may have died"
    );
    let mut waiting = job.clone();
    waiting.header.due_at = START + Duration::from_secs(7);
    assert_eq!(
        receive(&waiting, 3, 3, 1, START),
        MessageDisposition::Wait(Duration::from_secs(7))
    );
    let mut finalized = job;
    finalized.header.finalized = true;
    assert_eq!(
        receive(&finalized, 3, 3, 5, START),
        MessageDisposition::Drop
    );
}

fn any_observation() -> impl Strategy<Value = Result<EffectOutcome, u8>> {
    prop_oneof![
        Just(Ok(EffectOutcome::Metadata(VideoFacts::default()))),
        Just(Ok(EffectOutcome::UploadStarted {
            session: "s".to_owned()
        })),
        (0u64..2_000_000).prop_map(|offset| Ok(EffectOutcome::UploadPaused { offset })),
        Just(Ok(file(FileState::Processing))),
        Just(Ok(file(FileState::Active))),
        Just(Ok(file(FileState::Failed))),
        Just(Ok(analysed())),
        (0u8..8).prop_map(Err),
    ]
}

fn error(number: u8) -> Error {
    match number {
        0 => Error::RateLimited {
            service: Service::Gemini,
            retry_after: None,
        },
        1 => Error::DailyQuotaSpent {
            service: Service::Gemini,
            retry_after: None,
        },
        2 => Error::AnswerTruncated,
        3 => Error::AnswerEmpty,
        4 => Error::FileGone,
        5 => Error::VideoPrivate,
        6 => Error::Storage {
            transient: true,
            source: "s".into(),
        },
        _ => Error::internal("i"),
    }
}

/// An observation that can come of this call, whatever was drawn.
fn fitting(call: &Effect, drawn: Result<EffectOutcome, u8>) -> Result<EffectOutcome, u8> {
    match (call, drawn) {
        (_, Err(error)) => Err(error),
        (Effect::FetchMetadata, _) => Ok(EffectOutcome::Metadata(VideoFacts::default())),
        (Effect::StartUpload, _) => Ok(EffectOutcome::UploadStarted {
            session: "s".to_owned(),
        }),
        (
            Effect::Upload { .. },
            Ok(seen @ (EffectOutcome::UploadPaused { .. } | EffectOutcome::File(_))),
        ) => Ok(seen),
        (Effect::LookAtFile { .. }, Ok(seen @ EffectOutcome::File(_))) => Ok(seen),
        (Effect::Upload { .. } | Effect::LookAtFile { .. }, _) => Ok(file(FileState::Processing)),
        (Effect::Analyse { .. }, _) => Ok(analysed()),
        (Effect::Index { .. }, _) => Ok(EffectOutcome::Indexed),
        (Effect::Finalize, _) => Ok(EffectOutcome::Finalized),
    }
}

/// Failures after which storage answers again. Finalizing goes on for as long as it is down.
const MAX_FAILED_CLEANUPS: u32 = 200;

proptest! {
    /// Whatever the services answer, a job ends by its deadline. It leaves nothing behind once the
    /// services answer again.
    #[test]
    fn every_job_ends_and_settles(
        is_upload: bool,
        drawn in proptest::collection::vec(any_observation(), 1..40),
        jitter in 0.0f64..1.0,
    ) {
        let start = if is_upload { upload(1_000_000) } else { begin(job(Media::YouTube), START) };
        let (mut job, mut now, mut made_file) = (start, START, false);
        let mut world = drawn.into_iter().cycle();
        let (mut steps, mut failed_cleanups) = (0, 0);
        while let Some(call) = effect(&job) {
            steps += 1;
            // A step takes a second here, and the deadline is two hours away.
            prop_assert!(steps < 7300, "never ends: {job:?}");
            let drawn = match world.next().expect("endless") {
                Err(_) if failed_cleanups == MAX_FAILED_CLEANUPS => Ok(EffectOutcome::Finalized),
                drawn => drawn,
            };
            let observed = fitting(&call, drawn);
            failed_cleanups += u32::from(job.state.is_terminal() && observed.is_err());
            let error = observed.as_ref().err().map(|number| error(*number));
            let ended_before = job.state.is_terminal();
            let next = step(&job, observed.clone().map_err(|_| error.as_ref().expect("set")), LIMITS, now, jitter);
            made_file |= next.record.gemini_file.is_some();
            prop_assert!(!ended_before || next.record.state == job.state, "an end is final");
            prop_assert!(next.record.state == State::Done || next.record.progress() < 100);
            prop_assert!(next.record.state.is_terminal() || next.record.header.due_at < next.record.header.deadline + MAX_LOOK);
            match next.next {
                NextStep::Immediate => {}
                NextStep::After(wait) => now = now + wait,
                NextStep::Finished => prop_assert!(next.record.header.finalized),
            }
            // Time passes in a call, too.
            now = now + Duration::from_secs(1);
            job = next.record;
        }
        prop_assert!(job.header.finalized && job.state.is_terminal());
        prop_assert!(job.gemini_file.is_none(), "made {made_file}");
    }

    /// A job reads back from its row as it was.
    #[test]
    fn a_job_survives_its_row(drawn in proptest::collection::vec(any_observation(), 0..6)) {
        let mut job = upload(1_000_000);
        for observed in drawn {
            let Some(call) = effect(&job) else { break };
            if let Ok(observation) = fitting(&call, observed) {
                job = ok(&job, observation, START).record;
            }
        }
        let row = serde_json::to_string(&job).unwrap();
        prop_assert_eq!(serde_json::from_str::<Job>(&row).unwrap(), job);
    }
}

#[test]
fn the_file_of_an_upload_has_a_name_that_gemini_takes() {
    let mut job = upload(1);
    assert_eq!(job.upload_name(), None);
    let next = job.next_upload_name();
    job.uploads += 1;
    assert_eq!(job.upload_name().as_ref(), Some(&next));
    assert_ne!(job.next_upload_name(), next);
    let id = next.strip_prefix("files/").unwrap();
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(id.len() <= 40 && id.chars().all(is_taken), "{id}");

    // All that may be there is known, whatever Gemini has called it.
    job.gemini_file = Some(next.clone());
    assert_eq!(job.file_names(), std::slice::from_ref(&next));
    job.gemini_file = Some("files/a".to_owned());
    assert_eq!(job.file_names(), [next, "files/a".to_owned()]);
}
