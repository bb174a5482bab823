#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::{
    Site,
    model::{Projection, RouteAuthorizer, Template},
    read,
};

const PROJECT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"));

const SMALL: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: dev }
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 10
    Environment: { Variables: { STAGE: !Ref Stage, URL: !Ref Work } }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Key
        Authorizers:
          Key:
            FunctionArn: !GetAtt Worker.Arn
            EnableSimpleResponses: true
            Identity: { Headers: [X-Api-Key] }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker
      Environment: { Variables: { KEY: plain } }
      Events:
        Work: { Type: SQS, Properties: { Queue: !GetAtt Work.Arn } }
        Http: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: GET, Path: "/a/{id}" } }
  Work:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3 }
  Dead:
    Type: AWS::SQS::Queue
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
"#;

fn read_with(text: &str, overrides: &[(&str, &str)]) -> Result<Template, String> {
    let overrides: BTreeMap<_, _> = overrides
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let site = Site {
        sqs: "http://127.0.0.1:9324",
        overrides: &overrides,
    };
    read(text, &site).map_err(|refused| refused.to_string())
}

#[test]
fn template_of_the_project_is_read() {
    // A reference would put the text of a secret into the environment of a function.
    assert!(!PROJECT.contains("{{resolve:"));
    let template = read_with(PROJECT, &[]).unwrap();
    let worker = template
        .functions
        .iter()
        .find(|f| f.name == "AdvanceAnalysis")
        .unwrap();
    assert_eq!(worker.binary, "advance-analysis");
    assert_eq!(worker.timeout, Duration::from_secs(300));
    assert_eq!(worker.memory_mb, 256);
    assert_eq!(worker.environment["GEMINI_SECRET"], "eventrelay/gemini");
    assert_eq!(worker.environment["YOUTUBE_SECRET"], "");
    assert_eq!(worker.environment["PROCESSING_TIMEOUT_S"], "1800");
    assert_eq!(worker.environment["VIDEOS_TABLE"], "videostable");
    assert_eq!(
        worker.environment["ANALYSIS_QUEUE_URL"],
        "http://127.0.0.1:9324/000000000000/analysisqueue"
    );
    assert_eq!(worker.queue_sources[0].queue, "AnalysisQueue");
    assert!(worker.queue_sources[0].report_batch_item_failures);
    let of = |name: &str| template.functions.iter().find(|f| f.name == name).unwrap();
    let buried: Vec<_> = (of("BuryDeadLetters").queue_sources.iter())
        .map(|source| source.queue.as_str())
        .collect();
    let letters = [
        "AnalysisDeadLetters",
        "BuildsDeadLetters",
        "TasksDeadLetters",
    ];
    assert_eq!(buried, letters);
    assert_eq!(of("Sweep").schedules, [Duration::from_secs(300)]);
    let api = template.api.unwrap();
    let authorizer = |path: &str| {
        let route = api.routes.iter().find(|route| route.path == path).unwrap();
        route.authorizer.clone()
    };
    assert_eq!(authorizer("/health"), RouteAuthorizer::None);
    assert_eq!(
        authorizer("/v1/videos"),
        RouteAuthorizer::Named("ApiKey".into())
    );
    let jobs = template
        .tables
        .iter()
        .find(|table| table.name == "JobsTable")
        .unwrap();
    assert_eq!(jobs.indexes[0].projection, Projection::KeysOnly);
    assert_eq!(jobs.ttl_attribute.as_deref(), Some("ttl"));
}

#[test]
fn secret_without_a_local_value_is_refused() {
    let text = SMALL.replace("KEY: plain", "KEY: '{{resolve:secretsmanager:a}}'");
    let error = read_with(&text, &[]).unwrap_err();
    assert!(
        error.contains("Worker") && error.contains("set KEY"),
        "{error}"
    );
}

#[test]
fn default_authorizer_can_be_overridden() {
    let default = |overrides: &[(&str, &str)]| {
        let template = read_with(PROJECT, overrides)?;
        let api = template.api.unwrap();
        let route = api.routes.iter().find(|route| route.path == "/v1/videos");
        match &route.unwrap().authorizer {
            RouteAuthorizer::Named(name) => Ok(api.authorizers[name].identity_headers.clone()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(default(&[]), Ok(vec!["x-api-key".to_owned()]));
    let bearer = [("DEFAULT_AUTHORIZER", "Bearer")];
    assert_eq!(default(&bearer), Ok(vec!["authorization".to_owned()]));
    let lost: Result<_, String> = default(&[("DEFAULT_AUTHORIZER", "Lost")]);
    assert!(lost.unwrap_err().contains("`Lost` is no authorizer"));
}

#[test]
fn allowed_origins_can_be_overridden() {
    let cors =
        |overrides: &[(&str, &str)]| read_with(PROJECT, overrides).unwrap().api.unwrap().cors;
    assert_eq!(cors(&[]), None);
    let named = cors(&[("CORS_ALLOW_ORIGINS", "https://a.example,https://b.example")]).unwrap();
    assert_eq!(
        named.allow_origins,
        ["https://a.example", "https://b.example"]
    );
    assert!(named.allow_headers.contains(&"x-api-key".to_owned()));
    assert!(named.expose_headers.contains(&"etag".to_owned()));
    assert_eq!(named.max_age, Duration::from_secs(600));
}

#[test]
fn batch_size_can_be_overridden() {
    let batch = |overrides: &[(&str, &str)]| {
        let template = read_with(PROJECT, overrides)?;
        let mut functions = template.functions.into_iter();
        let worker = functions.find(|function| function.name == "AdvanceAnalysis");
        Ok::<_, String>(worker.unwrap().queue_sources[0].batch_size)
    };
    assert_eq!(batch(&[]), Ok(10));
    assert_eq!(batch(&[("ANALYSIS_BATCH", "1")]), Ok(1));
    assert!(batch(&[("ANALYSIS_BATCH", "0")]).is_err());
}

#[test]
fn globals_and_own_variables_are_merged() {
    let template = read_with(SMALL, &[("STAGE", "test")]).unwrap();
    let environment = &template.functions[0].environment;
    assert_eq!(environment["STAGE"], "test");
    assert_eq!(environment["KEY"], "plain");
    assert_eq!(
        environment["URL"],
        "http://127.0.0.1:9324/000000000000/work"
    );
}

#[test]
fn conditions_select_values_and_resources() {
    let text = SMALL.replace("Globals:", "Conditions:\n  Dev: !Equals [!Ref Stage, dev]\n  Live: !And [!Not [!Condition Dev], !Or [!Condition Dev, !Condition Dev]]\nGlobals:")
        .replace("KEY: plain", "KEY: !If [Live, yes, !Join ['-', [a, !Ref AWS::Region]]]")
        .replace("  Table:\n", "  Table:\n    Condition: Live\n");
    let template = read_with(&text, &[]).unwrap();
    assert_eq!(template.functions[0].environment["KEY"], "a-us-east-1");
    assert!(template.tables.is_empty());
    let no_value = SMALL.replace("KEY: plain", "KEY: !Ref AWS::NoValue");
    assert!(
        !read_with(&no_value, &[]).unwrap().functions[0]
            .environment
            .contains_key("KEY")
    );
}

#[test]
fn unknown_part_is_refused_by_name() {
    for (from, to, names) in [
        (
            "Type: AWS::DynamoDB::Table",
            "Type: AWS::Kinesis::Stream",
            &["Table.Type", "AWS::Kinesis::Stream"][..],
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "BillingMode: PROVISIONED",
            &["Table", "BillingMode"],
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "TableName: x",
            &["Table", "TableName"],
        ),
        (
            "AttributeName: pk, AttributeType",
            "AttributeName: other, AttributeType",
            &["pk", "undefined"],
        ),
        (
            "Type: SQS,",
            "Type: Schedule,",
            &["Worker.Properties.Events.Work", "Schedule"],
        ),
        (
            "!GetAtt Work.Arn",
            "!GetAtt Lost.Arn",
            &["Events.Work.Properties.Queue", "Lost"],
        ),
        (
            "!Ref Stage",
            "!Ref Lost",
            &["Environment.Variables.STAGE", "Lost"],
        ),
        ("!Ref Stage", "!Sub 'x${Lost}'", &["STAGE", "Lost"]),
        (
            "!Ref Stage",
            "!FindInMap [A, B, C]",
            &["STAGE", "Fn::FindInMap"],
        ),
        ("!Ref Stage", "!If [Lost, 1, 2]", &["STAGE", "Lost"]),
        (
            "!GetAtt Dead.Arn",
            "!GetAtt Table.Arn",
            &["deadLetterTargetArn", "no queue"],
        ),
        (
            "!GetAtt Dead.Arn",
            "!GetAtt Work.Arn",
            &["Work", "its own dead-letter queue"],
        ),
        (
            "VisibilityTimeout: 60",
            "VisibilityTimeout: 9",
            &["Work.Properties.VisibilityTimeout", "Worker"],
        ),
        (
            "VisibilityTimeout: 60",
            "FifoQueue: true",
            &["Work.Properties.FifoQueue"],
        ),
        (
            "Timeout: 10",
            "Timeout: 901",
            &["Worker.Properties.Timeout", "900"],
        ),
        (
            "Runtime: provided.al2023",
            "Runtime: python3.13",
            &["Runtime", "python3.13"],
        ),
        ("Timeout: 10", "Layers: [x]", &["Worker.Properties.Layers"]),
        ("KEY: plain", "AWS_REGION: x", &["AWS_REGION", "reserved"]),
        (
            "CodeUri: functions/worker",
            "CodeUri: '{{resolve:ssm:/x}}'\n      Description: '{{resolve:ssm:/x}}'",
            &["Description", "resolve:ssm"],
        ),
        (
            "Path: \"/a/{id}\"",
            "Path: \"/a/{id+}/b\"",
            &["Path", "/a/{id+}/b"],
        ),
        (
            "DefaultAuthorizer: Key",
            "DefaultAuthorizer: Lost",
            &["DefaultAuthorizer", "Lost"],
        ),
        ("ApiId: !Ref Api", "ApiId: other", &["Worker", "other"]),
        (
            "EnableSimpleResponses: true",
            "EnableSimpleResponses: false",
            &["Key.EnableSimpleResponses"],
        ),
        (
            "Properties: { Queue: !GetAtt Work.Arn }",
            "Properties: { Queue: !GetAtt Work.Arn, BatchSize: 11 }",
            &["BatchSize"],
        ),
        (
            "Properties: { Queue: !GetAtt Work.Arn }",
            "Properties: { Queue: !GetAtt Work.Arn, FilterCriteria: {} }",
            &["FilterCriteria"],
        ),
        (
            "Type: String, Default: dev",
            "Type: String",
            &["Parameters.Stage.Default"],
        ),
        (
            "Type: String, Default: dev",
            "Type: AWS::SSM::Parameter::Value<String>, Default: dev",
            &["Parameters.Stage.Type"],
        ),
        ("Globals:", "Mappings: {}\nGlobals:", &["Mappings"]),
        (
            "Globals:",
            "Conditions: { A: !Condition B, B: !Condition A }\nGlobals:",
            &["Conditions.A", "itself"],
        ),
        (
            "  Dead:\n",
            "  TABLE: { Type: AWS::DynamoDB::Table, Properties: { AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }], KeySchema: [{ AttributeName: pk, KeyType: HASH }] } }\n  Dead:\n",
            &["Table", "upper and lower case"],
        ),
        (
            "Globals:",
            "Outputs: { A: { Value: !Ref Lost } }\nGlobals:",
            &["Outputs.A.Value", "Lost"],
        ),
        (
            "Type: AWS::SQS::Queue\n  Table",
            "Type: AWS::SQS::Queue\n    DependsOn: Lost\n  Table",
            &["DependsOn", "Lost"],
        ),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from:?} is not in the template");
        let error = read_with(&text, &[]).unwrap_err();
        for name in names {
            assert!(
                error.contains(name),
                "{to:?}: {error:?} does not name {name:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_with(&String::from_utf8_lossy(&bytes), &[]);
    }

    #[test]
    fn damaged_template_is_read_without_a_panic(at in 0..SMALL.len(), length in 0..40usize, other in "\\PC{0,8}") {
        let mut text = SMALL.as_bytes().to_vec();
        text.splice(at..(at + length).min(SMALL.len()), other.bytes());
        let _ = read_with(&String::from_utf8_lossy(&text), &[]);
    }
}

#[test]
fn schedule_must_be_a_rate() {
    let with = |event: &str| {
        let events = format!("      Events:\n        Tick: {event}\n");
        let text = SMALL.replacen("      Events:\n", &events, 1);
        let template = read_with(&text, &[])?;
        Ok::<_, String>(template.functions[0].schedules.clone())
    };
    let minutes = |count: u64| Duration::from_secs(60 * count);
    for (event, every) in [
        (
            "{ Type: Schedule, Properties: { Schedule: rate(1 minute) } }",
            minutes(1),
        ),
        (
            "{ Type: ScheduleV2, Properties: { ScheduleExpression: rate(5 minutes) } }",
            minutes(5),
        ),
        (
            "{ Type: ScheduleV2, Properties: { ScheduleExpression: rate(2 hours) } }",
            minutes(120),
        ),
    ] {
        assert_eq!(with(event).unwrap(), [every], "{event}");
    }
    let off = "{ Type: ScheduleV2, Properties: { ScheduleExpression: rate(5 minutes), State: DISABLED } }";
    assert!(with(off).unwrap().is_empty());
    for wrong in [
        "cron(0 * * * ? *)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "5 minutes",
    ] {
        let event =
            format!("{{ Type: ScheduleV2, Properties: {{ ScheduleExpression: \"{wrong}\" }} }}");
        let refused = with(&event).unwrap_err();
        assert!(refused.contains("ScheduleExpression"), "{refused}");
    }
}
