//! Generation of software by the Gemini stand-in.

mod faults;

use std::{fs, path::Path};

use crate::common::{Caller, protos::Protos};
use eventrelay_standins::{Running, gemini};
use serde_json::{Value, json};

const MODEL: &str = "/v1beta/models/gemini-3-flash-preview";

/// Frameworks and the entry file of each.
const FRAMEWORKS: [(&str, &str); 9] = [
    ("nextjs", "app/page.tsx"),
    ("static", "index.html"),
    ("fastapi", "app/main.py"),
    ("express", "src/index.ts"),
    ("axum", "src/main.rs"),
    ("python", "app/cli.py"),
    ("rust", "src/main.rs"),
    ("notebook", "notebooks/analysis.ipynb"),
    ("expo", "app/index.tsx"),
];

const INSTRUCTION: &str = "You plan and write software.\nAnswer with JSON only.";

/// Title with characters that some language has to escape.
const CHAPTER: &str = "Say \"hello\" & `<run>` it \\ ${twice}";

struct Session {
    _running: Running,
    caller: Caller,
    protos: Protos,
}

impl Session {
    async fn start() -> Self {
        let running = gemini::start(0).await.unwrap();
        let caller = Caller::new(&running.base_url);
        Self {
            _running: running,
            caller,
            protos: Protos::read(),
        }
    }

    /// Returns the text of a complete response whose usage matches its length.
    async fn ask(&self, document: &Value, schema: Value) -> String {
        let body = json!({
            "contents": [{"role": "user", "parts": [
                {"text": INSTRUCTION}, {"text": document.to_string()}]}],
            "generationConfig": {"responseMimeType": "application/json",
                "responseJsonSchema": schema},
        });
        let checked = self.protos.check_request("GenerateContentRequest", &body);
        checked.unwrap();
        let path = format!("{MODEL}:generateContent");
        let (status, response) = self.caller.post(&path, &body).await;
        assert_eq!(status, 200, "{response}");
        let checked = self.protos.check("GenerateContentResponse", &response);
        checked.unwrap();
        assert_eq!(response["candidates"][0]["finishReason"], "STOP");
        let text = response["candidates"][0]["content"]["parts"][0]["text"].as_str();
        let text = text.unwrap().to_owned();
        let tokens = |length: usize| length.div_ceil(4);
        let prompt = tokens(INSTRUCTION.len()) + tokens(document.to_string().len());
        let usage = &response["usageMetadata"];
        assert_eq!(usage["promptTokenCount"], prompt);
        assert_eq!(usage["candidatesTokenCount"], tokens(text.len()));
        text
    }

    async fn plan(&self, document: &Value) -> Value {
        let text = self.ask(document, plan_schema()).await;
        let plan = serde_json::from_str(&text).unwrap();
        let fits = jsonschema::validate(&plan_schema(), &plan);
        fits.unwrap_or_else(|error| panic!("{error} in {plan}"));
        plan
    }

    async fn file(&self, document: &Value) -> String {
        let text = self.ask(document, file_schema()).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        jsonschema::validate(&file_schema(), &answer).unwrap();
        answer["content"].as_str().unwrap().to_owned()
    }

    async fn set(&self, settings: Value) -> Value {
        self.caller.control("PUT", "/settings", &settings).await
    }
}

fn plan_schema() -> Value {
    let word = json!({"type": "string"});
    let words = json!({"type": "array", "items": word});
    let second = json!({"type": "number"});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["title", "summary", "files", "dependencies"],
        "properties": {
            "title": word, "summary": word,
            "files": {"type": "array", "items": {"type": "object",
                "additionalProperties": false,
                "required": ["path", "purpose", "depends_on", "sources"],
                "properties": {"path": word, "purpose": word, "depends_on": words,
                    "sources": {"type": "array", "items": {"type": "object",
                        "required": ["start_s", "end_s"],
                        "properties": {"start_s": second, "end_s": second}}}}}},
            "dependencies": {"type": "array", "items": {"type": "object",
                "additionalProperties": false,
                "required": ["name", "dev"],
                "properties": {"name": word, "version": {"type": ["string", "null"]},
                    "dev": {"type": "boolean"}}}},
        },
    })
}

fn file_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["content"],
        "properties": {"content": {"type": "string"}}})
}

fn plan_question(framework: &str) -> Value {
    json!({
        "task": "plan", "framework": framework, "project_type": "web",
        "features": ["search"], "instructions": null,
        "video": {"title": "Learn \"this\" <now>",
            "url": "https://www.youtube.com/watch?v=9hE5-98ZeCg", "duration_s": 90.5},
        "analysis": {
            "summary": "An engineer shows how it's done.",
            "chapters": [
                {"title": CHAPTER, "start_s": 0, "end_s": 40.25, "summary": "s"},
                {"title": "Wrap up", "start_s": 40.25, "end_s": 90.5, "summary": ""},
            ],
            "actions": [{"id": "act_1", "title": "Install the toolchain", "description": "d",
                "category": "setup", "priority": "high", "estimated_minutes": 5, "at_s": 12}],
            "build_plan": null,
        },
    })
}

fn file_question(framework: &str, plan: &Value, path: &str) -> Value {
    let files = plan["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == path);
    let (purpose, before) = match file {
        Some(file) => (file["purpose"].clone(), file["depends_on"].clone()),
        None => (json!("Something else."), json!([])),
    };
    let before = before.as_array().unwrap().iter();
    let before: Vec<_> = before
        .map(|path| json!({"path": path, "content": "written before"}))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|file| json!({"path": file["path"], "purpose": file["purpose"]}))
        .collect();
    json!({"task": "file", "framework": framework, "path": path, "purpose": purpose,
        "plan": {"title": plan["title"], "summary": plan["summary"], "files": files},
        "packages": [], "depends_on": before, "repair": null})
}

fn paths(plan: &Value) -> Vec<&str> {
    let files = plan["files"].as_array().unwrap();
    files
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect()
}

fn sample(framework: &str, path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    fs::read_to_string(folder.join(framework).join(path)).unwrap()
}

/// Literal of a text in the language of a path, or `None` if the file cannot contain it.
fn written(path: &str, text: &str) -> Option<String> {
    Some(match path.rsplit('.').next().unwrap() {
        "rs" => format!("{text:?}"),
        "ts" | "tsx" | "js" | "py" | "json" => json!(text).to_string(),
        _ => return None,
    })
}

#[tokio::test]
async fn every_sample_can_be_planned_and_written() {
    let session = Session::start().await;
    for (framework, entry) in FRAMEWORKS {
        let plan = session.plan(&plan_question(framework)).await;
        assert_eq!(plan["title"], "Learn \"this\" <now>: companion");
        let paths = paths(&plan);
        assert!((4..=8).contains(&paths.len()), "{framework}");
        assert!(paths.contains(&entry), "{framework}");
        let mut told = 0;
        for path in paths {
            let content = session.file(&file_question(framework, &plan, path)).await;
            assert!(!content.trim().is_empty(), "{framework}: {path}");
            let sample = sample(framework, path);
            let is_hole = |line: &&str| {
                ["@title@", "@summary@", "@chapter.", "@action."]
                    .iter()
                    .any(|hole| line.contains(hole))
            };
            let fixed: Vec<&str> = sample.lines().filter(|line| !is_hole(line)).collect();
            let mut lines = content.lines();
            for line in &fixed {
                assert!(
                    lines.any(|other| other == *line),
                    "{framework}: {path}: {line}"
                );
            }
            if fixed.len() == sample.lines().count() {
                assert_eq!(content, sample, "{framework}: {path}");
                continue;
            }
            if sample.contains("@chapter.") {
                told += 1;
                for text in [CHAPTER, "Wrap up", "Install the toolchain"] {
                    let text = written(path, text).unwrap();
                    assert!(content.contains(&text), "{framework}: {path}: {text}");
                }
                assert!(
                    content.contains("40.3") && content.contains("12.0"),
                    "{path}"
                );
            }
            if path.ends_with(".json") || path.ends_with(".ipynb") {
                serde_json::from_str::<Value>(&content).unwrap();
            }
        }
        assert_eq!(told, 1, "{framework}");
    }
}

#[tokio::test]
async fn different_videos_give_different_software() {
    let session = Session::start().await;
    let mut other = plan_question("static");
    other["video"]["title"] = json!(null);
    other["analysis"]["title"] = json!("Bread");
    other["analysis"]["chapters"] = json!([]);
    let plan = session.plan(&other).await;
    assert_eq!(plan["title"], "Bread: companion");
    let data = session
        .file(&file_question("static", &plan, "js/companion.js"))
        .await;
    assert!(data.contains("chapters = [\n];"), "{data}");
    let page = session
        .file(&file_question("static", &plan, "index.html"))
        .await;
    assert!(page.contains("<title>Bread: companion</title>"), "{page}");
    let plan = session.plan(&plan_question("static")).await;
    let page = session
        .file(&file_question("static", &plan, "index.html"))
        .await;
    assert!(page.contains("<title>Learn &quot;this&quot; &lt;now&gt;: companion</title>"));
}

#[tokio::test]
async fn plan_size_follows_the_setting() {
    let session = Session::start().await;
    let set = session
        .set(json!({"project_files": 30, "project_chain": 4}))
        .await;
    assert_eq!(
        (&set["project_files"], &set["project_chain"]),
        (&json!(30), &json!(4))
    );
    for (framework, _) in FRAMEWORKS {
        let plan = session.plan(&plan_question(framework)).await;
        let paths = paths(&plan);
        assert_eq!(paths.len(), 30, "{framework}");
        for path in paths.iter().filter(|path| path.contains("part")) {
            let content = session.file(&file_question(framework, &plan, path)).await;
            let chained = ["002", "003", "004"]
                .iter()
                .any(|number| path.contains(number));
            assert!(content.contains("steps"), "{framework}: {content}");
            assert_eq!(
                content.contains("import") || content.contains("use crate"),
                chained || path.ends_with(".py"),
                "{framework}: {path}: {content}"
            );
        }
        let content = session
            .file(&file_question(framework, &plan, "docs/else.md"))
            .await;
        assert_eq!(content, "Something else.\n");
    }
    session.set(json!({"project_files": null})).await;
    let plan = session.plan(&plan_question("rust")).await;
    assert_eq!(paths(&plan).len(), 5);
    let request = session.caller.anonymous("PUT", "/_control/settings");
    let request = request.header("content-type", "application/json");
    let response = request
        .body(r#"{"project_files": 1001}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn unrelated_questions_are_answered_as_before() {
    let session = Session::start().await;
    let schema = json!({"type": "object", "required": ["title"],
        "properties": {"title": {"type": "string"}}});
    for document in [
        json!({"task": "summary", "framework": "nextjs"}),
        json!({"task": "plan", "framework": "cobol"}),
    ] {
        let text = session.ask(&document, schema.clone()).await;
        assert_eq!(text, r#"{"title":"Stand-in answer"}"#);
    }
}
