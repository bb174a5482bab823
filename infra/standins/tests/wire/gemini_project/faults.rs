//! Faults in generated software.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    FRAMEWORKS, INSTRUCTION, Session, file_question, file_schema, paths, plan_question, plan_schema,
};

impl Session {
    async fn arm(&self, fault: Value, times: Value) {
        let armed = json!({"on": "generate", "times": times, "fault": fault});
        self.caller.control("POST", "/faults", &armed).await;
    }

    async fn disarm(&self) {
        self.caller.control("DELETE", "/faults", &Value::Null).await;
    }
}

#[tokio::test]
async fn file_fault_of_every_kind_affects_every_file() {
    let session = Session::start().await;
    for (framework, _) in FRAMEWORKS {
        let plan = session.plan(&plan_question(framework)).await;
        for path in paths(&plan) {
            let question = file_question(framework, &plan, path);
            let good = session.file(&question).await;
            let struck = async |kind: &str| {
                session
                    .arm(json!({"kind": kind, "path": path}), json!(1))
                    .await;
                let bad = session.file(&question).await;
                assert_ne!(bad, good, "{framework}: {path}: {kind}");
                assert_eq!(session.file(&question).await, good);
                bad
            };
            let place = format!("{framework}: {path}");
            let json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
            let is_json = path.ends_with(".json");
            let is_code = [".ts", ".tsx", ".js", ".py", ".rs", ".ipynb"]
                .iter()
                .any(|ending| path.ends_with(ending));

            let bad = struck("project_syntax_error").await;
            assert!(bad.contains("broken"), "{place}");
            assert!(!is_json || !json(&bad), "{place}");
            let bad = struck("project_stub").await;
            let marks = ["TODO", "NotImplementedError", "todo!()", "pass", "broken"];
            assert!(marks.iter().any(|mark| bad.contains(mark)), "{place}");
            assert!(
                struck("project_refusal")
                    .await
                    .contains("I cannot help with"),
                "{place}"
            );
            let bad = struck("project_prompt_echo").await;
            for line in INSTRUCTION.lines() {
                assert!(bad.contains(line), "{place}");
            }
            let bad = struck("project_fence").await;
            assert!(bad.starts_with("```") && bad.ends_with("```\n"), "{place}");
            let bad = struck("project_secret").await;
            assert!(bad.contains("AKIA"), "{place}");
            assert!(!is_json || json(&bad), "{place}");
            let bad = struck("project_missing_import").await;
            let marks = ["not-there", "not_there", "broken"];
            assert!(marks.iter().any(|mark| bad.contains(mark)), "{place}");
            let bad = struck("project_undeclared_package").await;
            let marks = ["undeclared-package", "undeclared_package", "broken"];
            assert!(
                marks[..if is_code { 2 } else { 3 }]
                    .iter()
                    .any(|mark| bad.contains(mark))
            );
            if path.ends_with(".ipynb") {
                assert!(json(&bad), "{place}");
            }

            session
                .arm(json!({"kind": "project_not_json"}), json!(1))
                .await;
            let bad = session.ask(&question, file_schema()).await;
            assert!(!json(&bad) && bad.contains(&good), "{place}");
        }
    }
}

#[tokio::test]
async fn file_fault_with_path_affects_only_that_file() {
    let session = Session::start().await;
    let plan = session.plan(&plan_question("nextjs")).await;
    let question = |path: &str| file_question("nextjs", &plan, path);
    let time = question("lib/time.ts");
    let mut repair = time.clone();
    repair["repair"] = json!({"content": "x", "findings": [
        {"line": 1, "rule": "syntax", "message": "unexpected end"}]});
    let good = session.file(&time).await;

    let fault = json!({"kind": "project_stub", "path": "lib/time.ts"});
    session.arm(fault.clone(), json!(2)).await;
    assert!(
        !session
            .file(&question("lib/progress.ts"))
            .await
            .contains("TODO")
    );
    assert_ne!(session.file(&time).await, good);
    assert_ne!(session.file(&repair).await, good);
    assert_eq!(session.file(&repair).await, good);

    session.arm(json!({"kind": "project_stub"}), json!(2)).await;
    assert_ne!(session.file(&time).await, good);
    assert_eq!(session.file(&repair).await, good);
    session.disarm().await;

    session
        .arm(json!({"kind": "project_stub"}), json!(null))
        .await;
    for _ in 0..3 {
        assert_ne!(session.file(&repair).await, good);
    }
    assert_eq!(session.plan(&plan_question("nextjs")).await, plan);
}

#[tokio::test]
async fn plan_fault_of_every_kind_takes_effect() {
    let session = Session::start().await;
    for (framework, entry) in FRAMEWORKS {
        let question = plan_question(framework);
        let good = session.plan(&question).await;
        let struck = async |kind: &str| {
            session.arm(json!({"kind": kind}), json!(1)).await;
            let file = file_question(framework, &good, entry);
            session.file(&file).await;
            let bad = session.plan(&question).await;
            assert_ne!(bad, good, "{framework}: {kind}");
            assert_eq!(session.plan(&question).await, good);
            bad
        };
        let escape = struck("plan_path_escape").await;
        assert!(paths(&escape).contains(&"../../etc/x"));
        let twice = struck("plan_duplicate_path").await;
        let all = paths(&twice);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len() - 1);
        let cycle = struck("plan_cycle").await;
        let file = |index: usize| &cycle["files"][index];
        assert_eq!(file(0)["depends_on"], json!([file(1)["path"]]));
        assert_eq!(file(1)["depends_on"], json!([file(0)["path"]]));
        let unknown = struck("plan_unknown_dependency").await;
        let missing = unknown["files"][0]["depends_on"][0].as_str().unwrap();
        assert!(!paths(&unknown).contains(&missing));
        assert_eq!(paths(&struck("plan_too_many").await).len(), 500);
        let without = struck("plan_without_entry").await;
        assert!(!without.to_string().contains(&format!("\"{entry}\"")));

        session
            .arm(json!({"kind": "plan_not_json"}), json!(1))
            .await;
        let text = session.ask(&question, plan_schema()).await;
        assert!(serde_json::from_str::<Value>(&text).is_err());
        assert!(text.contains(entry));
    }
}

#[tokio::test]
async fn invalid_faults_are_refused() {
    let session = Session::start().await;
    for fault in [
        json!({"kind": "project_unheard_of"}),
        json!({"kind": "project_stub", "pth": "x"}),
        json!({"kind": "plan_cycle", "path": "x"}),
    ] {
        let request = session.caller.anonymous("POST", "/_control/faults");
        let request = request.header("content-type", "application/json");
        let armed = json!({"on": "generate", "fault": fault});
        let response = request.body(armed.to_string()).send().await.unwrap();
        assert!(response.status().is_client_error(), "{fault}");
    }
    let armed = json!({"on": "get_file", "fault": {"kind": "project_stub"}});
    let request = session.caller.anonymous("POST", "/_control/faults");
    let request = request.header("content-type", "application/json");
    let response = request.body(armed.to_string()).send().await.unwrap();
    assert!(response.status().is_client_error());
}
