use super::*;

fn work(target: Target, stage: Stage) -> DeploymentWork {
    DeploymentWork {
        deployment: DeploymentId::random(),
        project: ProjectId::random(),
        manifest: "manifest".to_owned(),
        request: DeploymentRequest {
            target,
            repository: None,
            owner: None,
            private: false,
            description: None,
            delete_on_failure: false,
        },
        result: DeploymentResult::default(),
        blobs: 0,
        stage,
    }
}

fn at() -> Address {
    Address {
        owner: "mona".parse().unwrap(),
        name: "weather-app".parse().unwrap(),
    }
}

#[test]
fn what_is_in_its_repository_already_is_a_site_after_all() {
    let unchanged = || Seen::Unchanged {
        at: at(),
        url: Some("https://github.com/mona/weather-app".to_owned()),
        branch: "main".to_owned(),
    };
    let mut kept = work(Target::GitHub, Stage::Comparing { at: at() });
    assert_eq!(kept.observe(unchanged()).unwrap(), After::Done);
    assert_eq!(kept.result.change, Some(Change::Unchanged));
    assert_eq!(kept.result.repository.as_deref(), Some("mona/weather-app"));
    assert!(kept.result.url.is_some());

    let mut site = work(Target::GitHubPages, Stage::Comparing { at: at() });
    assert_eq!(site.observe(unchanged()).unwrap(), After::Now);
    let branch = "main".to_owned();
    assert_eq!(site.stage, Stage::Enabling { at: at(), branch });
    site.observe(Seen::Enabled).unwrap();
    let url = Some("https://mona.github.io/weather-app/".to_owned());
    let ready = Seen::Ready { url: url.clone() };
    assert_eq!(site.observe(ready).unwrap(), After::Done);
    let expected = (Some(Change::Published), url);
    assert_eq!((site.result.change, site.result.url), expected);
}

#[test]
fn the_names_behind_one_that_is_taken_are_tried_in_their_order() {
    let mut work = work(Target::GitHub, Stage::Creating { number: 1 });
    assert_eq!(work.observe(Seen::NameTaken).unwrap(), After::Now);
    for number in 1..MAX_NAMES {
        let looks = (number == 1).then_some(0);
        assert_eq!(work.stage, Stage::Adopting { number, looks });
        assert_eq!(work.observe(Seen::Foreign).unwrap(), After::Now);
    }
    let last = work.clone().observe(Seen::Foreign);
    assert!(matches!(last, Err(Error::Conflict { .. })), "{last:?}");
    work.observe(Seen::Vanished).unwrap();
    assert_eq!(work.stage, Stage::Creating { number: MAX_NAMES });
}

#[test]
fn a_name_that_is_taken_by_what_is_not_shown_is_passed_over_after_some_looks() {
    let mut work = work(Target::GitHub, Stage::Creating { number: 1 });
    work.observe(Seen::NameTaken).unwrap();
    for _ in 0..LOOKS_FOR_TAKEN {
        let after = work.observe(Seen::Vanished).unwrap();
        assert!(matches!(after, After::Later(_)), "{after:?}");
    }
    assert_eq!(work.observe(Seen::Vanished).unwrap(), After::Now);
    assert_eq!(work.stage, Stage::Creating { number: 2 });
}

#[test]
fn what_is_no_text_is_made_one_by_one_and_not_again() {
    let entering = Stage::Entering {
        at: at(),
        branch: "main".to_owned(),
    };
    let mut work = work(Target::GitHub, entering.clone());
    for made in 1..=2 {
        assert_eq!(work.observe(Seen::Blob).unwrap(), After::Now);
        assert_eq!((work.blobs, &work.stage), (made, &entering));
    }
}
