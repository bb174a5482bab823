//! Flaws in generated software. The check finds them, one question repairs what it can, and the job
//! fails otherwise.

use std::collections::BTreeSet;

use eventrelay_tests::Stack;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Question, analysed, asked, made, paths, project_of, questions_about, quiet, retried, slug,
};

/// A flaw of a file of a framework.
#[derive(Clone, Copy, Debug)]
struct Flaw {
    kind: &'static str,
    framework: &'static str,
    project_type: &'static str,
    path: &'static str,
    /// Rule that finds the flaw; none if the file is missing.
    rule: Option<&'static str>,
    /// Text that the broken file contains.
    holds: &'static str,
}

const fn flaw(
    kind: &'static str,
    (project_type, framework): (&'static str, &'static str),
    path: &'static str,
    rule: Option<&'static str>,
    holds: &'static str,
) -> Flaw {
    Flaw {
        kind,
        framework,
        project_type,
        path,
        rule,
        holds,
    }
}

/// Each flaw in another framework.
const FLAWS: [Flaw; 9] = [
    flaw(
        "project_syntax_error",
        ("web", "nextjs"),
        "lib/time.ts",
        Some("syntax"),
        "export function broken( {",
    ),
    flaw(
        "project_stub",
        ("api", "fastapi"),
        "app/search.py",
        Some("stub"),
        "raise NotImplementedError",
    ),
    flaw(
        "project_refusal",
        ("cli", "rust"),
        "src/time.rs",
        Some("refusal"),
        "I cannot help with",
    ),
    flaw(
        "project_prompt_echo",
        ("web", "static"),
        "js/time.js",
        Some("prompt-echo"),
        "// ",
    ),
    flaw(
        "project_fence",
        ("api", "express"),
        "src/search.ts",
        Some("fence"),
        "```ts\n",
    ),
    flaw(
        "project_secret",
        ("api", "axum"),
        "src/search.rs",
        Some("secret"),
        "pub const ACCESS_KEY",
    ),
    flaw(
        "project_missing_import",
        ("cli", "python"),
        "app/times.py",
        Some("missing-file"),
        "import",
    ),
    flaw(
        "project_undeclared_package",
        ("ml", "notebook"),
        "app/search.py",
        Some("undeclared-package"),
        "import",
    ),
    flaw(
        "project_not_json",
        ("mobile", "expo"),
        "lib/time.ts",
        None,
        "",
    ),
];

impl Flaw {
    /// Requests a project with a feature that identifies its questions, and injects the flaw into the
    /// file so many times. Returns the job.
    async fn strike(&self, stack: &Stack, feature: &str, times: Value) -> Value {
        let fault = json!({"kind": self.kind, "path": self.path});
        let fault = json!({"on": "generate", "match": feature, "times": times, "fault": fault});
        stack.gemini_fault(fault).await.unwrap();
        let body = json!({"project_type": self.project_type, "framework": self.framework, "features": [feature]});
        asked(stack, body).await
    }

    fn questions<'a>(&self, all: &'a [Question]) -> Vec<&'a Question> {
        let about = |question: &&Question| question.path() == Some(self.path);
        all.iter().filter(about).collect()
    }

    /// A question for a repair holds the whole text and says what is wrong with it.
    fn assert_repairs(&self, question: &Question) {
        let repair = &question.document["repair"];
        let Some(rule) = self.rule else {
            assert_eq!(*repair, Value::Null, "{self:?}");
            return;
        };
        let content = repair["content"].as_str();
        let content = content.unwrap_or_else(|| panic!("{self:?}: {question:#?}"));
        assert!(content.contains(self.holds), "{self:?}: {content}");
        let findings = repair["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == rule);
        let finding = finding.unwrap_or_else(|| panic!("{self:?}: {findings:#?}"));
        assert!(!finding["message"].as_str().unwrap().is_empty());
        // The secret is in no response, not even in the project's own.
        assert!(!repair["findings"].to_string().contains("AKIA"), "{repair}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flawed_file_is_repaired_by_one_question() {
    let stack = analysed(&[]).await;
    let projects = join_all(FLAWS.iter().map(async |flaw| {
        let job = flaw.strike(&stack, flaw.kind, json!(1)).await;
        (flaw, made(&stack, &job).await)
    }))
    .await;
    for (flaw, project) in projects {
        assert_eq!(
            (&project["status"], &project["validation"]["errors"]),
            (&json!("ready"), &json!(0))
        );
        let all = questions_about(&stack, flaw.kind).await;
        let of_file = flaw.questions(&all);
        assert_eq!(of_file.len(), 2, "{flaw:?}");
        assert_eq!(of_file[0].document["repair"], Value::Null);
        flaw.assert_repairs(of_file[1]);
        let files = project["plan"]["files"].as_array().unwrap().len();
        assert_eq!(
            all.len(),
            1 + files + 1,
            "{flaw:?}: nothing else is asked again"
        );
        assert_eq!(project["usage"]["model_calls"], all.len(), "{flaw:?}");

        // The appended text is gone, and the file is complete.
        let mut entries = project["manifest"]["files"].as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["path"] == flaw.path).unwrap();
        let text = stack
            .get(entry["link"].as_str().unwrap())
            .await
            .unwrap()
            .expect(200)
            .text();
        let is_appended = [
            "project_syntax_error",
            "project_secret",
            "project_missing_import",
        ];
        if is_appended.contains(&flaw.kind) {
            let broken = of_file[1].document["repair"]["content"].as_str().unwrap();
            assert!(
                broken.starts_with(text.trim_end()) && broken.len() > text.len(),
                "{broken}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn persistent_flaw_fails_job_and_retry_asks_only_for_that_file() {
    let stack = analysed(&[]).await;
    let failed = join_all(FLAWS.iter().map(async |flaw| {
        let job = flaw.strike(&stack, flaw.kind, Value::Null).await;
        let ended = stack.end_of(&job).await.unwrap();
        let project = stack.get_json(project_of(&job)).await.unwrap();
        (flaw, ended, project)
    }))
    .await;
    quiet(&stack).await;
    let mut before = Vec::new();
    for (flaw, job, project) in &failed {
        assert_eq!(
            (&job["status"], &project["status"]),
            (&json!("failed"), &json!("failed")),
            "{flaw:?}: {job:#}"
        );
        assert_eq!(
            (&project["manifest"], &project["error"]),
            (&Value::Null, &job["error"])
        );
        assert_eq!(slug(&job["error"]), "file-unusable", "{flaw:?}");
        let detail = job["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(flaw.path), "{flaw:?}: {detail}");
        let archive = format!("{}/archive", project["links"]["self"].as_str().unwrap());
        let _ = stack.get(&archive).await.unwrap().expect(404);
        let all = questions_about(&stack, flaw.kind).await;
        let of_file = flaw.questions(&all);
        match flaw.rule {
            Some(rule) => {
                assert!(detail.contains(&format!("({rule})")), "{flaw:?}: {detail}");
                let has_line = detail.contains(&format!("{}:", flaw.path));
                assert!(has_line, "{flaw:?}: {detail}");
                assert_eq!(of_file.len(), 3, "{flaw:?}");
                flaw.assert_repairs(of_file[1]);
                flaw.assert_repairs(of_file[2]);
            }
            None => assert_eq!(of_file.len(), 2, "{flaw:?}"),
        }
        // The usage includes the calls of the failed try.
        let calls = project["usage"]["model_calls"].as_u64().unwrap();
        let of_file = of_file.len() as u64;
        assert!(
            calls > of_file && calls <= all.len() as u64,
            "{flaw:?}: {calls}"
        );
        before.push(all);
    }
    let open = stack.rows("JobsTable").await.unwrap();
    assert!(!open.iter().any(eventrelay_tests::is_open), "{open:#?}");

    let faults = format!("{}/_control/faults", stack.ready.standins.gemini);
    stack
        .control(Method::DELETE, faults, Value::Null)
        .await
        .unwrap();
    join_all(
        failed
            .iter()
            .zip(&before)
            .map(async |((flaw, _, project), before)| {
                let job = retried(&stack, project, "files").await;
                let ready = made(&stack, &job).await;
                assert_eq!(
                    (&ready["status"], &ready["error"]),
                    (&json!("ready"), &Value::Null),
                    "{flaw:?}"
                );
                let all = questions_about(&stack, flaw.kind).await;
                let again = &all[before.len()..];
                assert_eq!(flaw.questions(again).len(), 1, "{flaw:?}");
                let known: BTreeSet<&str> = paths(before)
                    .into_iter()
                    .filter(|path| *path != flaw.path)
                    .collect();
                let again: BTreeSet<&str> = paths(again).into_iter().collect();
                assert!(again.is_disjoint(&known), "{flaw:?}: {again:?}");
                assert_eq!(
                    known.len() + again.len(),
                    ready["plan"]["files"].as_array().unwrap().len()
                );
                let calls = |one: &Value| one["usage"]["model_calls"].as_u64().unwrap();
                assert_eq!(
                    calls(&ready),
                    calls(project) + again.len() as u64,
                    "{flaw:?}"
                );
            }),
    )
    .await;
}
