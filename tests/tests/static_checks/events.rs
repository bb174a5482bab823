//! The files of `tests/events` are those of the template's triggers, and are what AWS sends.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aws_lambda_events::sqs::SqsEvent;
use eventrelay::api::authorizer::Question;
use eventrelay_template::parse;
use eventrelay_tests::{
    events::{FOLDER, Source, Trigger, triggers},
    repository,
};
use lambda_http::request::LambdaRequest;
use serde_json::Value;

/// All files below a folder, from it.
fn files(folder: &Path, below: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder.join(below)).unwrap() {
        let path = below.join(entry.unwrap().file_name());
        if folder.join(&path).is_dir() {
            files(folder, &path, found)
        } else {
            found.insert(path);
        }
    }
}

/// Returns the triggers of the template. With `EVENTS=write`, first rewrites every event around the
/// content of its file and creates missing files.
fn checked() -> &'static [Trigger] {
    static TRIGGERS: LazyLock<Vec<Trigger>> = LazyLock::new(|| {
        let triggers = triggers().unwrap();
        if std::env::var("EVENTS").is_ok_and(|wish| wish == "write") {
            write(&triggers);
        }
        triggers
    });
    &TRIGGERS
}

fn write(triggers: &[Trigger]) {
    for trigger in triggers {
        let path = repository(FOLDER).join(trigger.file());
        let own = if path.exists() {
            trigger.event().unwrap()
        } else {
            Value::Null
        };
        let event = trigger.envelope(&own).unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&event).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
}

#[test]
fn event_files_match_triggers_of_template() {
    let triggers = checked();
    let mut found = BTreeSet::new();
    files(&repository(FOLDER), Path::new(""), &mut found);
    let expected: BTreeSet<_> = triggers.iter().map(Trigger::file).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let left_over: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "missing (made by EVENTS=write): {missing:?}, left over: {left_over:?}"
    );
    for trigger in triggers {
        let event = trigger.event().unwrap();
        let file = trigger.file();
        let expected = trigger.envelope(&event).unwrap();
        assert_eq!(
            event,
            expected,
            "{} (EVENTS=write corrects it)",
            file.display()
        );
    }
}

#[test]
fn functions_of_template_each_have_a_trigger() {
    let template = std::fs::read_to_string(repository("template.yaml")).unwrap();
    let template = parse(&template).unwrap();
    let resources = template["Resources"].as_object().unwrap().iter();
    let functions = resources.filter(|(_, one)| one["Type"] == "AWS::Serverless::Function");
    let functions: BTreeSet<_> = functions.map(|(id, _)| id.clone()).collect();
    let invoked = checked().iter();
    let invoked: BTreeSet<_> = invoked.map(|trigger| trigger.function.clone()).collect();
    assert_eq!(functions, invoked);
}

#[test]
fn event_files_parse_as_their_kind() {
    for trigger in checked() {
        let event = trigger.event().unwrap();
        read(&trigger.source, event).unwrap_or_else(|error| panic!("{trigger:?}: {error}"));
    }
}

fn read(source: &Source, event: Value) -> serde_json::Result<()> {
    match source {
        Source::Route { .. } => {
            let request: LambdaRequest = serde_json::from_value(event)?;
            assert!(matches!(request, LambdaRequest::ApiGatewayV2(_)));
        }
        Source::Authorizer(_) => drop(serde_json::from_value::<Question>(event)?),
        Source::Queue { .. } => {
            let batch: SqsEvent = serde_json::from_value(event)?;
            assert!(!batch.records.is_empty());
        }
        Source::Schedule => assert_eq!(event["source"], "aws.scheduler"),
    }
    Ok(())
}
