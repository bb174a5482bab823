use super::*;
use eventrelay_core::error::JobError;
use eventrelay_store::rows::Variant;

const NOW: Timestamp = Timestamp(1_000);

/// Where a model is configured.
fn decide(known: &Known, owner: Option<&Job>, request: &Request, now: Timestamp) -> Decision {
    super::decide(known, owner, request, AnswerClass::Model, now)
}

fn of_stand_in(analysis: StoredAnalysis) -> StoredAnalysis {
    StoredAnalysis {
        answered_by: AnswerClass::StandIn,
        ..analysis
    }
}

fn analysis(variant: &str, base: &str, expires_at: u64) -> StoredAnalysis {
    StoredAnalysis {
        variant: variant.to_owned(),
        base_variant: base.to_owned(),
        etag: "e".to_owned(),
        size_bytes: 1,
        gzip_bytes: 1,
        title: "t".to_owned(),
        category: "ai".to_owned(),
        duration_s: None,
        usage: Default::default(),
        answered_by: AnswerClass::Model,
        finished_at: Timestamp(1),
        expires_at: Timestamp(expires_at),
    }
}

fn entry(analysis: StoredAnalysis) -> Option<Entry> {
    Entry::analysed(None, &JobId::random(), &analysis)
}

fn forced() -> Request {
    Request {
        force: true,
        ..Request::default()
    }
}

#[test]
fn a_fresh_analysis_answers_and_a_stale_one_does_not() {
    let plain = Request::default();
    let known = |expires_at| Known {
        variant: Variant {
            analysis: Some(analysis("1", "1", expires_at)),
            ..Variant::default()
        },
        entry: None,
    };
    assert!(matches!(
        decide(&known(1_001), None, &plain, NOW),
        Decision::Cached(_)
    ));
    assert_eq!(decide(&known(1_000), None, &plain, NOW), Decision::Make);
    assert_eq!(decide(&known(1_001), None, &forced(), NOW), Decision::Make);
    assert_eq!(decide(&Known::default(), None, &plain, NOW), Decision::Make);
}

#[test]
fn an_analysis_with_a_transcript_answers_a_request_without() {
    let version = eventrelay_analysis::PIPELINE_VERSION;
    let known = |base: &str| Known {
        variant: Variant::default(),
        entry: entry(analysis("1-ab", base, 5_000)),
    };
    let plain = Request::default();
    assert!(matches!(
        decide(&known(version), None, &plain, NOW),
        Decision::Cached(_)
    ));
    assert_eq!(decide(&known("1-cd"), None, &plain, NOW), Decision::Make);
}

#[test]
fn a_job_at_work_is_joined_even_when_forced_until_it_has_ended() {
    let job = |state| {
        let video = "yt:dQw4w9WgXcQ".parse().unwrap();
        Job {
            state,
            ..Job::new(video, Request::default(), Media::YouTube, NOW, NOW)
        }
    };
    let known = Known::default();
    let running = job(State::Submitted);
    let joined = Decision::Joined(Box::new(running.clone()));
    assert_eq!(decide(&known, Some(&running), &forced(), NOW), joined);
    let failed = job(State::Failed {
        error: JobError::from(&Error::VideoPrivate),
        until: Timestamp(1_001),
        answered_by: AnswerClass::Model,
    });
    let plain = Request::default();
    assert!(matches!(
        decide(&known, Some(&failed), &plain, NOW),
        Decision::Failed(_)
    ));
    assert_eq!(
        decide(&known, Some(&failed), &forced(), NOW),
        Decision::Make
    );
    let cancelled = job(State::Cancelled);
    assert_eq!(
        decide(&known, Some(&cancelled), &plain, NOW),
        Decision::Make
    );
}

#[test]
fn stand_in_answer_serves_stand_ins_and_no_model() {
    let plain = Request::default();
    let variant = Known {
        variant: Variant {
            analysis: Some(of_stand_in(analysis("1", "1", 5_000))),
            ..Variant::default()
        },
        entry: None,
    };
    let base = Known {
        variant: Variant::default(),
        entry: entry(of_stand_in(analysis("1-ab", "1", 5_000))),
    };
    for known in [variant, base] {
        assert_eq!(decide(&known, None, &plain, NOW), Decision::Make);
        let class = AnswerClass::Offline;
        let offline = super::decide(&known, None, &plain, class, NOW);
        assert_eq!(offline, Decision::Make);
        let class = AnswerClass::StandIn;
        let served = super::decide(&known, None, &plain, class, NOW);
        assert!(matches!(served, Decision::Cached(_)));
    }
    let real = Known {
        variant: Variant {
            analysis: Some(analysis("1", "1", 5_000)),
            ..Variant::default()
        },
        entry: None,
    };
    let served = super::decide(&real, None, &plain, AnswerClass::StandIn, NOW);
    assert!(matches!(served, Decision::Cached(_)));
}

#[test]
fn job_that_holds_a_stand_in_answer_is_replaced_where_a_model_is_configured() {
    let video = "yt:dQw4w9WgXcQ".parse().unwrap();
    let mut job = Job::new(video, Request::default(), Media::YouTube, NOW, NOW);
    job.state = State::Storing {
        analysis: of_stand_in(analysis("1", "1", 5_000)),
        parts: Default::default(),
    };
    let (known, plain) = (Known::default(), Request::default());
    assert_eq!(decide(&known, Some(&job), &plain, NOW), Decision::Make);
    let joined = super::decide(&known, Some(&job), &plain, AnswerClass::StandIn, NOW);
    assert!(matches!(joined, Decision::Joined(_)));
}

#[test]
fn failure_of_a_stand_in_is_not_remembered_where_a_model_is_configured() {
    let error = JobError::from(&Error::VideoPrivate);
    let failure = Failure {
        job: JobId::random(),
        error: error.clone(),
        until: Timestamp(5_000),
        answered_by: AnswerClass::StandIn,
    };
    let known = Known {
        variant: Variant {
            failure: Some(failure),
            ..Variant::default()
        },
        entry: None,
    };
    let plain = Request::default();
    assert_eq!(decide(&known, None, &plain, NOW), Decision::Make);
    let video = "yt:dQw4w9WgXcQ".parse().unwrap();
    let mut job = Job::new(video, Request::default(), Media::YouTube, NOW, NOW);
    job.state = State::Failed {
        error,
        until: Timestamp(5_000),
        answered_by: AnswerClass::StandIn,
    };
    let unknown = Known::default();
    assert_eq!(decide(&unknown, Some(&job), &plain, NOW), Decision::Make);
    for (known, owner) in [(&known, None), (&unknown, Some(&job))] {
        let refused = super::decide(known, owner, &plain, AnswerClass::StandIn, NOW);
        assert!(matches!(refused, Decision::Failed(_)));
    }
}

#[test]
fn a_failure_is_remembered_for_its_time() {
    let failure = |until| Failure {
        job: JobId::random(),
        error: JobError::from(&Error::VideoPrivate),
        until: Timestamp(until),
        answered_by: AnswerClass::Model,
    };
    let known = |until| Known {
        variant: Variant {
            failure: Some(failure(until)),
            ..Variant::default()
        },
        entry: None,
    };
    let plain = Request::default();
    assert!(matches!(
        decide(&known(1_001), None, &plain, NOW),
        Decision::Failed(_)
    ));
    assert_eq!(decide(&known(1_000), None, &plain, NOW), Decision::Make);
    assert_eq!(decide(&known(1_001), None, &forced(), NOW), Decision::Make);
}
