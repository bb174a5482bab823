use proptest::prelude::*;

use super::*;
use crate::{
    build::{
        deployment::{DeploymentWork, Stage as DeploymentStage},
        project::{ProjectWork, Stage as ProjectStage},
    },
    engine::{MessageDisposition, NextStep, receive, step},
};
use eventrelay_core::{error::Service, ids::JobId};
use eventrelay_project::{
    Change, DeploymentId, DeploymentRequest, DeploymentResult, ProjectId,
    deploy::{Address, MAX_NAMES, ObjectId, Target},
};
use eventrelay_store::{jobs::WorkflowRecord, queue::Message};

const START: Timestamp = Timestamp(1_790_000_000_000);
const MODELS: usize = 2;

fn build(work: Work) -> Build {
    let deadline = START + Duration::from_secs(7200);
    Build::new(JobId::random(), work, deadline, START)
}

fn project(plan_only: bool) -> Build {
    build(Work::Project(ProjectWork::new(
        ProjectId::random(),
        plan_only,
    )))
}

fn deployment(target: Target) -> Build {
    build(Work::Deployment(DeploymentWork {
        deployment: DeploymentId::random(),
        project: ProjectId::random(),
        manifest: "m".to_owned(),
        request: DeploymentRequest {
            target,
            repository: None,
            owner: None,
            private: true,
            description: None,
            delete_on_failure: false,
        },
        result: DeploymentResult::default(),
        blobs: 0,
        stage: DeploymentStage::first(target, None),
    }))
}

fn at() -> Address {
    Address {
        owner: "octo".parse().unwrap(),
        name: "app".parse().unwrap(),
    }
}

fn object(digit: char) -> ObjectId {
    digit.to_string().repeat(40).parse().unwrap()
}

fn ok(build: &Build, observation: EffectOutcome) -> Transition<Build> {
    step(build, Ok(observation), MODELS, START, 0.5)
}

fn err(build: &Build, error: &Error) -> Transition<Build> {
    step(build, Err(error), MODELS, START, 0.5)
}

/// Returns the stage, or the end before it is reported.
fn stage(build: &Build) -> &'static str {
    match &build.end {
        None => build.stage(),
        Some(End::Done) => "done",
        Some(End::Skipped { .. }) => "skipped",
        Some(End::Failed { .. }) => "failed",
        Some(End::Cancelled) => "cancelled",
    }
}

/// Returns the stages of a build with these outcomes.
fn walk(
    mut build: Build,
    seen: impl IntoIterator<Item = EffectOutcome>,
) -> (Build, Vec<&'static str>) {
    let mut stages = vec![stage(&build)];
    for observation in seen {
        build = ok(&build, observation).record;
        stages.push(stage(&build));
    }
    (build, stages)
}

fn planned(files: u32) -> EffectOutcome {
    EffectOutcome::Project(project::Seen::Planned {
        plan: "p".to_owned(),
        files,
    })
}

fn checked(failing: &[u32]) -> EffectOutcome {
    EffectOutcome::Project(project::Seen::Checked {
        report: "r".to_owned(),
        failing: failing.to_vec(),
    })
}

fn written(repairs: &[u32]) -> EffectOutcome {
    EffectOutcome::Project(project::Seen::Written {
        repairs: repairs.to_vec(),
    })
}

#[test]
fn a_project_is_planned_written_checked_and_packed() {
    let seen = [
        planned(2),
        EffectOutcome::Project(project::Seen::Opened),
        written(&[0, 1]),
        checked(&[]),
        EffectOutcome::Project(project::Seen::Packaged),
        EffectOutcome::Finalized,
    ];
    let (build, stages) = walk(project(false), seen);
    let expected = [
        "planning",
        "writing",
        "writing",
        "checking",
        "packaging",
        "done",
        "done",
    ];
    assert_eq!(stages, expected);
    assert!(build.header.finalized && effect(&build).is_none());
    assert_eq!(build.progress(), 100);
}

#[test]
fn a_plan_alone_ends_with_the_plan() {
    let (build, stages) = walk(project(true), [planned(2)]);
    assert_eq!(stages, ["planning", "done"]);
    let Work::Project(work) = &build.work else {
        panic!("{build:?}")
    };
    assert_eq!(work.plan.as_deref(), Some("p"));
}

#[test]
fn files_that_do_not_fit_are_mended_together_in_another_round() {
    let seen = [
        planned(3),
        EffectOutcome::Project(project::Seen::Opened),
        written(&[0, 1, 2]),
        checked(&[1]),
    ];
    let (build, _) = walk(project(false), seen);
    let Work::Project(work) = &build.work else {
        panic!("{build:?}")
    };
    let opening = ProjectStage::Opening {
        round: 1,
        files: vec![1],
        report: Some("r".to_owned()),
    };
    assert_eq!(work.stage, opening);
    assert_eq!(work.beyond_repair(&[0, 1]), None);
    assert_eq!(work.beyond_repair(&[1, 2]), Some(2));
    let again = [EffectOutcome::Project(project::Seen::Opened), written(&[2])];
    let (build, _) = walk(build, again);
    let Work::Project(work) = &build.work else {
        panic!("{build:?}")
    };
    let rounds: Vec<_> = work
        .drafts
        .iter()
        .map(|one| (one.round, one.repairs))
        .collect();
    assert_eq!(rounds, [(0, 0), (1, 2), (0, 2)]);
}

#[test]
fn whoever_waits_for_files_is_woken_before_it_is_due() {
    let (build, _) = walk(
        project(false),
        [
            planned(1),
            EffectOutcome::Project(project::Seen::Opened),
            EffectOutcome::Project(project::Seen::Waiting),
        ],
    );
    assert!(build.header.due_at > START && build.is_woken());
    let step = Message::WHICHEVER;
    assert_eq!(receive(&build, 5, step, 1, START), MessageDisposition::Run);
    let deployment = deployment(Target::Vercel);
    let held = err(
        &deployment,
        &Error::RateLimited {
            service: Service::Vercel,
            retry_after: Some(Duration::from_secs(30)),
        },
    );
    assert!(matches!(
        receive(&held.record, 5, step, 1, START),
        MessageDisposition::Wait(_)
    ));
}

fn seen(one: deployment::Seen) -> EffectOutcome {
    EffectOutcome::Deployment(one)
}

fn new_one() -> EffectOutcome {
    seen(deployment::Seen::New {
        at: at(),
        branch: "main".to_owned(),
        url: "https://github.com/octo/app".to_owned(),
    })
}

fn tree(proposed: bool) -> EffectOutcome {
    seen(deployment::Seen::Tree {
        at: at(),
        url: None,
        branch: "main".to_owned(),
        head: object('a'),
        tree: object('b'),
        proposed,
    })
}

#[test]
fn a_new_repository_is_four_steps() {
    let steps = [
        new_one(),
        tree(false),
        seen(deployment::Seen::Commit(object('c'))),
        seen(deployment::Seen::Moved),
    ];
    let (build, stages) = walk(deployment(Target::GitHub), steps);
    let expected = ["creating", "sending", "sending", "sending", "done"];
    assert_eq!(stages, expected);
    let Work::Deployment(work) = &build.work else {
        panic!("{build:?}")
    };
    assert_eq!(work.result.change, Some(Change::Created));
    assert!(work.result.made_repository);
    assert_eq!(work.result.repository.as_deref(), Some("octo/app"));
}

#[test]
fn a_branch_that_somebody_else_has_moved_is_compared_and_proposed_to() {
    let steps = [
        new_one(),
        tree(false),
        seen(deployment::Seen::Commit(object('c'))),
        seen(deployment::Seen::Outrun),
        tree(true),
        seen(deployment::Seen::Commit(object('d'))),
        seen(deployment::Seen::Branch("eventrelay/x".to_owned())),
        seen(deployment::Seen::PullRequest("https://x".to_owned())),
    ];
    let (build, stages) = walk(deployment(Target::GitHub), steps);
    assert_eq!(stages[4..6], ["comparing", "sending"]);
    let Work::Deployment(work) = &build.work else {
        panic!("{build:?}")
    };
    assert_eq!(work.result.change, Some(Change::Proposed));
}

#[test]
fn names_that_are_taken_are_passed_over_until_there_are_no_more() {
    let mut build = deployment(Target::GitHub);
    build = ok(&build, seen(deployment::Seen::NameTaken)).record;
    for _ in 1..MAX_NAMES {
        build = ok(&build, seen(deployment::Seen::Foreign)).record;
        assert_eq!(stage(&build), "creating");
    }
    build = ok(&build, seen(deployment::Seen::Foreign)).record;
    assert_eq!(build.error().unwrap().status, 409);
}

#[test]
fn what_is_not_configured_is_skipped() {
    let missing = Error::NotConfigured {
        what: Target::Netlify.needs(),
    };
    let next = err(&deployment(Target::Netlify), &missing);
    assert_eq!(stage(&next.record), "skipped");
    // A project requires a model.
    assert_eq!(stage(&err(&project(false), &missing).record), "failed");
}

#[test]
fn a_target_that_breaks_keeps_its_words_and_its_log() {
    let broken = seen(deployment::Seen::Broken {
        message: "no build script".to_owned(),
        log: vec!["npm error".to_owned()],
    });
    let build = ok(&deployment(Target::Vercel), broken).record;
    assert!(build.error().unwrap().detail.contains("no build script"));
    let Work::Deployment(work) = &build.work else {
        panic!("{build:?}")
    };
    assert_eq!(work.result.log, ["npm error"]);
}

#[test]
fn the_next_model_is_asked_before_anything_fails() {
    let gone = Error::ModelGone {
        model: "m".to_owned(),
    };
    let next = err(&project(false), &gone);
    assert_eq!(
        (next.record.header.model, next.next),
        (1, NextStep::Immediate)
    );
    assert_eq!(stage(&err(&next.record, &gone).record), "failed");
    let malformed = Error::AnswerMalformed { source: "x".into() };
    let once = err(&project(false), &malformed);
    assert!(matches!(once.next, NextStep::After(_)));
    assert_eq!(stage(&err(&once.record, &malformed).record), "failed");
}

#[test]
fn a_bad_answer_is_asked_for_anew_once_whatever_failed_before() {
    let malformed = Error::AnswerMalformed { source: "x".into() };
    let unavailable = Error::Unavailable {
        service: Service::Gemini,
        retry_after: None,
        source: "x".into(),
    };
    let tried = err(&project(false), &unavailable).record;
    let once = err(&tried, &malformed);
    assert!(matches!(once.next, NextStep::After(_)), "{once:?}");
    let between = err(&once.record, &unavailable).record;
    assert_eq!(stage(&err(&between, &Error::AnswerEmpty).record), "failed");
    // The next answer differs.
    let planned = ok(&once.record, planned(1)).record;
    assert_eq!(
        (planned.header.attempts, planned.header.bad_answers),
        (0, 0)
    );
}

fn any_error(number: u8) -> Error {
    match number % 7 {
        0 => Error::RateLimited {
            service: Service::GitHub,
            retry_after: None,
        },
        1 => Error::AnswerMalformed { source: "x".into() },
        2 => Error::NotReady {
            service: Service::GitHub,
            source: "x".into(),
        },
        3 => Error::Cancelled,
        4 => Error::internal("x"),
        5 => Error::Unavailable {
            service: Service::Vercel,
            retry_after: Some(Duration::from_secs(20)),
            source: "x".into(),
        },
        _ => Error::NotConfigured { what: "a token" },
    }
}

fn any_seen(number: u8) -> deployment::Seen {
    use deployment::Seen;
    match number % 16 {
        0 => Seen::NameTaken,
        1 => Seen::Vanished,
        2 => Seen::Foreign,
        3 => Seen::Ours {
            at: at(),
            url: "https://x".to_owned(),
        },
        4 => Seen::Commit(object('c')),
        5 => Seen::Moved,
        6 => Seen::Outrun,
        7 => Seen::Unchanged {
            at: at(),
            url: None,
            branch: "main".to_owned(),
        },
        8 => Seen::Branch("b".to_owned()),
        9 => Seen::PullRequest("https://x".to_owned()),
        10 => Seen::Enabled,
        11 => Seen::Site("s".to_owned()),
        12 => Seen::Uploaded,
        13 => Seen::Waiting,
        14 => Seen::Ready { url: None },
        _ => Seen::Broken {
            message: "x".to_owned(),
            log: Vec::new(),
        },
    }
}

proptest! {
    /// For all outcomes in any order: an end is final, an ended build is finalized, and no build
    /// waits beyond its deadline.
    #[test]
    fn every_deployment_ends(
        drawn in proptest::collection::vec((any::<bool>(), any::<u8>()), 0..40),
        target in 0usize..4,
    ) {
        let mut build = deployment(Target::ALL[target]);
        let mut now = START;
        let mut drawn = drawn.into_iter();
        for _ in 0..400 {
            let Some(call) = effect(&build) else { break };
            let error;
            let observed = match (call, drawn.next()) {
                (Effect::Finalize, Some((true, number))) => {
                    error = any_error(number);
                    Err(&error)
                }
                (Effect::Finalize, _) => Ok(EffectOutcome::Finalized),
                (Effect::Work, Some((true, number))) => {
                    error = any_error(number);
                    Err(&error)
                }
                (Effect::Work, Some((false, number))) => Ok(seen(any_seen(number))),
                (Effect::Work, None) => Ok(seen(deployment::Seen::Waiting)),
            };
            let ended = build.end.clone();
            let next = step(&build, observed, MODELS, now, 0.5);
            prop_assert!(ended.is_none() || next.record.end == ended, "an end is final");
            prop_assert!(next.record.progress() <= 100);
            if let NextStep::After(wait) = next.next {
                now = now + wait;
            }
            now = now + Duration::from_secs(1);
            let row = serde_json::to_string(&next.record).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Build>(&row).unwrap(), &next.record);
            build = next.record;
        }
        // A waiting build fails at its deadline.
        let late = step(&build, Ok(seen(deployment::Seen::Waiting)), MODELS, build.header.deadline, 0.5);
        prop_assert!(build.header.finalized || late.record.end.is_some());
    }
}
