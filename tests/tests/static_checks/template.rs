//! Properties of `template.yaml` as a whole that linters do not check.

use std::{collections::BTreeSet, fs};

use eventrelay_tests::repository;
use serde_json::{Value, json};

fn template() -> Value {
    let text = fs::read_to_string(repository("template.yaml")).unwrap();
    eventrelay_template::parse(&text).unwrap()
}

/// The resources of a type, by their logical ids.
fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let all = template["Resources"].as_object().unwrap().iter();
    let found: Vec<_> = all
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
        .collect();
    assert!(!found.is_empty(), "{kind}");
    found
}

/// A list, or the one that stands for it.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The statements of policies, with those that hang on a condition.
fn statements(policies: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    for policy in items(policies) {
        for statement in items(&policy["Statement"]) {
            match statement.get("Fn::If") {
                Some(choice) => found.extend(items(choice).into_iter().skip(1)),
                None => found.push(statement),
            }
        }
    }
    found.retain(|statement| statement.get("Action").is_some());
    found
}

/// A resource of a policy as one text.
fn resource(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) if value.get("Fn::GetAtt").is_some() => {
            format!("${{{}}}", value["Fn::GetAtt"].as_str().unwrap())
        }
        Value::Object(_) => value["Fn::Sub"].as_str().unwrap().to_owned(),
        other => panic!("{other}"),
    }
}

/// Returns whether a pattern of a policy includes another. A pattern may end with `*`.
fn takes(pattern: &str, other: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => other.starts_with(beginning),
        None => pattern == other,
    }
}

#[test]
fn boundary_allows_everything_that_policies_allow() {
    let template = template();
    let boundary = &template["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"];
    let allowed: BTreeSet<(String, String)> = statements(boundary)
        .into_iter()
        .flat_map(|statement| {
            let resources = items(&statement["Resource"]);
            items(&statement["Action"])
                .into_iter()
                .flat_map(move |action| {
                    let action = action.as_str().unwrap().to_owned();
                    resources
                        .clone()
                        .into_iter()
                        .map(move |one| (action.clone(), resource(one)))
                })
        })
        .collect();
    let mut checked = 0;
    for (function, properties) in resources(&template, "AWS::Serverless::Function") {
        for statement in statements(&properties["Policies"]) {
            for action in items(&statement["Action"]) {
                for one in items(&statement["Resource"]) {
                    let (action, one) = (action.as_str().unwrap(), resource(one));
                    assert!(
                        allowed
                            .iter()
                            .any(|(name, pattern)| name == action && takes(pattern, &one)),
                        "{function} is allowed {action} on {one}, FunctionBoundary is not"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100, "{checked}");
    // Rights that SAM's managed policies add.
    for action in [
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
    ] {
        assert!(allowed.iter().any(|(name, _)| name == action), "{action}");
    }
    let globals = &template["Globals"]["Function"];
    assert_eq!(
        globals["PermissionsBoundary"],
        json!({"Ref": "FunctionBoundary"})
    );
}

#[test]
fn policies_name_no_wildcard_resource() {
    let template = template();
    let mut checked = 0;
    let functions = resources(&template, "AWS::Serverless::Function");
    let functions = functions.iter().map(|(id, own)| (*id, &own["Policies"]));
    let managed = resources(&template, "AWS::IAM::ManagedPolicy");
    let managed = managed
        .iter()
        .map(|(id, own)| (*id, &own["PolicyDocument"]));
    for (id, policies) in functions.chain(managed) {
        for statement in statements(policies) {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            for action in items(&statement["Action"]) {
                assert!(!action.as_str().unwrap().contains('*'), "{id}: {action}");
            }
            for one in items(&statement["Resource"]) {
                assert_ne!(resource(one), "*", "{id}");
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn queues_meet_requirements_of_lambda() {
    let template = template();
    let queue = |id: &str| &template["Resources"][id]["Properties"];
    let of_arn = |arn: &Value| {
        let id = arn["Fn::GetAtt"].as_str().unwrap();
        id.strip_suffix(".Arn").unwrap().to_owned()
    };
    let mut dead_letters = BTreeSet::new();
    for (id, properties) in resources(&template, "AWS::SQS::Queue") {
        assert_eq!(properties["SqsManagedSseEnabled"], true, "{id}");
        let Some(redrive) = properties.get("RedrivePolicy") else {
            continue;
        };
        assert!(redrive["maxReceiveCount"].as_u64().unwrap() >= 5, "{id}");
        let target = of_arn(&redrive["deadLetterTargetArn"]);
        let dead = queue(&target);
        assert_eq!(dead["MessageRetentionPeriod"], 1_209_600, "{target}");
        let sources = items(&dead["RedriveAllowPolicy"]["sourceQueueArns"]);
        let [source] = sources.as_slice() else {
            panic!("{target}: {sources:?}")
        };
        let (source, name) = (resource(source), resource(&properties["QueueName"]));
        assert!(source.ends_with(&format!(":{name}")), "{target}: {source}");
        dead_letters.insert(target);
    }
    let mut consumed = BTreeSet::new();
    for (function, properties) in resources(&template, "AWS::Serverless::Function") {
        let timeout = properties
            .get("Timeout")
            .unwrap_or(&template["Globals"]["Function"]["Timeout"]);
        for event in properties["Events"].as_object().into_iter().flatten() {
            let (name, event) = event;
            let source = &event["Properties"];
            if event["Type"] != "SQS" {
                continue;
            }
            let id = of_arn(&source["Queue"]);
            let visibility = queue(&id)["VisibilityTimeout"].as_u64().unwrap();
            assert!(
                visibility >= 6 * timeout.as_u64().unwrap(),
                "{function}: {id}"
            );
            assert_eq!(
                source["FunctionResponseTypes"],
                json!(["ReportBatchItemFailures"]),
                "{function}: {name}"
            );
            assert!(
                source["ScalingConfig"].get("MaximumConcurrency").is_some(),
                "{function}: {name}"
            );
            consumed.insert(id);
        }
    }
    let queues = resources(&template, "AWS::SQS::Queue");
    assert_eq!(
        consumed.len(),
        queues.len(),
        "each queue has a function that reads it"
    );
    assert_eq!(
        2 * dead_letters.len(),
        queues.len(),
        "each has its dead letters"
    );
}

#[test]
fn stored_data_is_encrypted_and_restorable() {
    let template = template();
    for (id, properties) in resources(&template, "AWS::DynamoDB::Table") {
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST", "{id}");
        assert_eq!(properties["SSESpecification"]["SSEEnabled"], true, "{id}");
        let recovery = &properties["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"], true, "{id}");
    }
    for (id, properties) in resources(&template, "AWS::S3::Bucket") {
        let public = properties["PublicAccessBlockConfiguration"]
            .as_object()
            .unwrap();
        assert!(
            public.len() == 4 && public.values().all(|one| one == true),
            "{id}"
        );
        assert_eq!(
            properties["VersioningConfiguration"]["Status"], "Enabled",
            "{id}"
        );
        assert!(properties.get("BucketEncryption").is_some(), "{id}");
    }
    for kind in ["AWS::DynamoDB::Table", "AWS::S3::Bucket"] {
        for (id, _) in resources(&template, kind) {
            let whole = &template["Resources"][id];
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                assert_eq!(whole[policy], "Retain", "{id}");
            }
        }
    }
}

#[test]
fn alarms_notify_and_logs_expire() {
    let template = template();
    for (id, properties) in resources(&template, "AWS::CloudWatch::Alarm") {
        for heard in ["AlarmActions", "OKActions"] {
            assert_eq!(properties[heard], json!([{"Ref": "AlarmTopic"}]), "{id}");
        }
        assert!(properties.get("TreatMissingData").is_some(), "{id}");
        // More than ten metrics CloudWatch refuses.
        assert!(items(&properties["Metrics"]).len() <= 11, "{id}");
    }
    for (id, properties) in resources(&template, "AWS::Logs::LogGroup") {
        assert_eq!(
            properties["RetentionInDays"],
            json!({"Ref": "LogRetentionDays"}),
            "{id}"
        );
    }
    let body = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let dashboard: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    assert!(dashboard["widgets"].as_array().unwrap().len() > 10);
}

#[test]
fn parameters_and_alarms_have_descriptions() {
    let template = template();
    let operations = fs::read_to_string(repository("infra/README.md")).unwrap();
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        let row = format!("\n| `{name}` |");
        assert!(
            operations.contains(&row),
            "infra/README.md does not explain {name}"
        );
        assert!(parameter.get("Default").is_some(), "{name}");
    }
    for (id, _) in resources(&template, "AWS::CloudWatch::Alarm") {
        let row = format!("\n| `{id}` |");
        assert!(
            operations.contains(&row),
            "infra/README.md does not explain {id}"
        );
    }
}
