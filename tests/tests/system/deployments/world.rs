//! A stack with software to deploy, and what is seen of it at the targets.

use std::{collections::BTreeMap, path::Path};

use aws_sdk_dynamodb::types::AttributeValue;
use eventrelay::{
    project::{
        Origin, ProjectFile,
        package::{Manifest, archive},
    },
    store::{blobs::Blobs, project_blobs::Kind},
};
use eventrelay_tests::{PATIENCE, Response, Stack, read, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// Account of the token at the GitHub stand-in.
pub(crate) const ACCOUNT: &str = "eventrelay-stand-in";

/// The video that all software here is made of.
pub(crate) const VIDEO: &str = "SSSSSSSSSSA";

/// Variables that turn off rate limits and circuit breakers.
const UNLIMITED: [(&str, &str); 5] = [
    ("GITHUB_WRITES_PER_SECOND", "0"),
    ("GITHUB_WRITES_PER_MINUTE", "0"),
    ("GITHUB_WRITES_PER_HOUR", "0"),
    ("NETLIFY_DEPLOYS_PER_MINUTE", "0"),
    ("CIRCUIT_BREAKERS", "off"),
];

/// Mode and bytes of files, by their paths.
pub(crate) type Files = BTreeMap<String, (String, Vec<u8>)>;

/// A stack with a video that was analysed, and tokens that are nowhere else.
pub(crate) struct World {
    pub(crate) stack: Stack,
    /// The token of every target.
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(&UNLIMITED).await
    }

    /// Starts a stack with these variables.
    pub(crate) async fn with(environment: &[(&str, &str)]) -> Self {
        let stack = Stack::recorded(environment).await.unwrap();
        let random = std::iter::repeat_with(fastrand::alphanumeric).take(32);
        let world = Self {
            stack,
            token: format!("token{}", random.collect::<String>()),
        };
        for service in ["github", "vercel", "netlify"] {
            let put = world.stack.secrets_manager().put_secret_value();
            put.secret_id(format!("eventrelay/{service}"))
                .secret_string(&world.token)
                .send()
                .await
                .unwrap();
            world.set(service, json!({"token": world.token})).await;
        }
        let job = world.stack.run(json!({"url": VIDEO})).await.unwrap();
        assert_eq!(job["status"], "done", "{job:#}");
        world
    }

    /// Makes a static site of the video. Its id.
    pub(crate) async fn site(&self) -> String {
        let asked = json!({"project_type": "web", "framework": "static"});
        project(&self.stack, asked).await
    }

    /// Gives a project other files, as another build of it would. Its manifest.
    pub(crate) async fn change(&self, project: &str, files: &[ProjectFile]) -> Manifest {
        let id = project.parse().unwrap();
        let blobs = Blobs::new(self.stack.s3(), self.stack.name("Bucket").to_owned());
        let manifest = Manifest::new(files);
        for entry in &manifest.files {
            let file = files.iter().find(|file| file.path == entry.path).unwrap();
            let put = blobs.put_file(&id, &entry.sha256, &file.content);
            put.await.unwrap();
        }
        let etag = blobs.put_document(&id, Kind::Manifest, &manifest);
        let etag = etag.await.unwrap();
        let archive = blobs.put_archive(&id, archive(files, "made").unwrap());
        let archive = archive.await.unwrap();
        let key = AttributeValue::S(project.to_owned());
        let dynamodb = self.stack.dynamodb();
        let row = dynamodb
            .get_item()
            .table_name(self.stack.name("ProjectsTable"));
        let row = row.key("id", key.clone()).send().await.unwrap();
        let row = row.item.unwrap();
        let mut doc: Value = serde_json::from_str(row["doc"].as_s().unwrap()).unwrap();
        doc["made"]["manifest"] = json!(etag);
        doc["made"]["archive"] = json!(archive);
        dynamodb
            .update_item()
            .table_name(self.stack.name("ProjectsTable"))
            .key("id", key)
            .update_expression("SET doc = :doc ADD version :one")
            .expression_attribute_values(":doc", AttributeValue::S(doc.to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .send()
            .await
            .unwrap();
        manifest
    }

    /// The files of a project as the API gives them.
    pub(crate) async fn files(&self, project: &str) -> Files {
        let path = format!("/v1/projects/{project}");
        let shown = self.stack.get_json(&path).await.unwrap();
        let mut files = Files::new();
        for entry in shown["manifest"]["files"].as_array().unwrap() {
            let part = |name: &str| entry[name].as_str().unwrap().to_owned();
            let content = self.stack.get(&part("link")).await.unwrap().expect(200);
            assert_eq!(entry["bytes"], content.body.len(), "{entry}");
            files.insert(part("path"), (part("mode"), content.body));
        }
        files
    }

    /// Asks for a deployment. Its job.
    pub(crate) async fn ask(&self, project: &str, asked: Value) -> Value {
        let path = format!("/v1/projects/{project}/deployments");
        self.stack.accepted(&path, asked).await.unwrap()
    }

    /// A deployment once all is said of it.
    pub(crate) async fn end_of(&self, job: &Value) -> Value {
        let link = job["links"]["deployment"].as_str().unwrap();
        let ended = until(PATIENCE, async || {
            let shown = self.stack.get_json(link).await?;
            Ok((shown["status"] != "running").then_some(shown))
        });
        ended.await.unwrap()
    }

    /// Brings a project somewhere.
    pub(crate) async fn deploy(&self, project: &str, asked: Value) -> Value {
        let job = self.ask(project, asked).await;
        self.end_of(&job).await
    }

    /// Brings a project to a repository of this name.
    pub(crate) async fn deploy_to(&self, project: &str, name: &str) -> Value {
        let asked = json!({"target": "github", "repository": {"name": name}});
        self.deploy(project, asked).await
    }

    fn standin(&self, service: &str) -> &str {
        let standins = &self.stack.ready.standins;
        match service {
            "github" => &standins.github,
            "vercel" => &standins.vercel,
            "netlify" => &standins.netlify,
            _ => panic!("{service} is no target"),
        }
    }

    /// Changes settings of a stand-in.
    pub(crate) async fn set(&self, service: &str, settings: Value) {
        let url = format!("{}/_control/settings", self.standin(service));
        self.stack
            .control(Method::PUT, url, settings)
            .await
            .unwrap();
    }

    /// Plans a fault of a stand-in.
    pub(crate) async fn fault(&self, service: &str, fault: Value) {
        let url = format!("{}/_control/faults", self.standin(service));
        self.stack.control(Method::POST, url, fault).await.unwrap();
    }

    /// Plans a fault of GitHub's for one call about this repository.
    pub(crate) async fn trouble(&self, name: &str, on: &str, fault: Value) {
        let fault = json!({"on": on, "match": name, "fault": fault});
        self.fault("github", fault).await;
    }

    /// Reads a control endpoint of a stand-in.
    pub(crate) async fn shown(&self, service: &str, what: &str) -> Vec<Value> {
        let url = format!("{}/_control/{what}", self.standin(service));
        let shown = read(self.stack.client().get(url)).await.unwrap().json();
        shown.as_array().unwrap().clone()
    }

    /// The calls that a stand-in has received with `part` in their path: method and path.
    pub(crate) async fn calls(&self, service: &str, part: &str) -> Vec<(String, String)> {
        let calls = self.shown(service, "calls").await;
        let text = |call: &Value, name: &str| call[name].as_str().unwrap().to_owned();
        let calls = calls
            .iter()
            .map(|call| (text(call, "method"), text(call, "path")));
        calls.filter(|(_, path)| path.contains(part)).collect()
    }

    /// The repositories whose names begin so.
    pub(crate) async fn repositories(&self, name: &str) -> Vec<Value> {
        let mut all = self.shown("github", "repos").await;
        let of_name = |one: &Value| {
            let full_name = one["full_name"].as_str().unwrap();
            full_name.split_once('/').unwrap().1.starts_with(name)
        };
        all.retain(of_name);
        all
    }

    /// The only repository whose name begins so.
    pub(crate) async fn repository(&self, name: &str) -> Value {
        let mut found = self.repositories(name).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// A call to GitHub in the name of the token.
    pub(crate) async fn at_github(&self, method: Method, path: &str, body: Value) -> Response {
        let url = format!("{}{path}", self.standin("github"));
        let request = self.stack.client().request(method, url);
        let request = request
            .header("user-agent", "tests")
            .bearer_auth(&self.token)
            .body(body.to_string());
        read(request).await.unwrap()
    }

    /// Another author commits a file to a repository.
    pub(crate) async fn push(&self, full_name: &str, path: &str, content: &str) {
        let url = format!(
            "{}/_control/repos/{full_name}/commits",
            self.standin("github")
        );
        let commit = json!({"path": path, "content": content, "message": format!("Touch {path}")});
        self.stack.control(Method::POST, url, commit).await.unwrap();
    }

    /// `git clone` of a repository.
    pub(crate) async fn clone_of(&self, full_name: &str) -> Clone {
        let folder = TempDir::new().unwrap();
        let url = format!("{}/{full_name}.git", self.standin("github"));
        git(folder.path(), &["clone", "--quiet", &url, "."]).await;
        Clone(folder)
    }

    /// All that the stack and its functions have written.
    pub(crate) fn written(&self) -> Vec<u8> {
        std::fs::read(self.stack.data().join("written")).unwrap()
    }
}

/// Creates a project of the video and returns its id.
pub(crate) async fn project(stack: &Stack, asked: Value) -> String {
    let path = format!("/v1/videos/yt:{VIDEO}/projects");
    let job = stack.accepted(&path, asked).await.unwrap();
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let project = done["links"]["project"].as_str().unwrap();
    // A job has ended when its project says so a moment later.
    let ready = until(PATIENCE, async || {
        let shown = stack.get_json(project).await?;
        let is_at_work = ["planning", "building"].contains(&shown["status"].as_str().unwrap());
        Ok((!is_at_work).then_some(shown))
    });
    let ready = ready.await.unwrap();
    ready["project_id"].as_str().unwrap().to_owned()
}

/// A file of a project that was written by hand.
pub(crate) fn file(path: &str, content: impl Into<Vec<u8>>, executable: bool) -> ProjectFile {
    ProjectFile {
        path: path.to_owned(),
        content: content.into(),
        executable,
        origin: Origin::Model,
        sources: Vec::new(),
    }
}

/// The last part of the type of a problem.
pub(crate) fn slug(problem: &Value) -> &str {
    let kind = problem["type"].as_str();
    let kind = kind.unwrap_or_else(|| panic!("no problem: {problem:#}"));
    kind.rsplit(':').next().unwrap()
}

async fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

/// A repository that was cloned.
pub(crate) struct Clone(TempDir);

impl Clone {
    /// Output of git about the repository, as lines.
    pub(crate) async fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let output = git(self.0.path(), arguments).await;
        let text = String::from_utf8(output).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The files of a commit: modes as git has them, bytes as it gives them out.
    pub(crate) async fn files(&self, commit: &str) -> Files {
        let listed = git(self.0.path(), &["ls-tree", "-r", "-z", commit]).await;
        let listed = String::from_utf8(listed).unwrap();
        let mut files = Files::new();
        for entry in listed.split_terminator('\0') {
            let (about, path) = entry.split_once('\t').unwrap();
            let mode = about.split(' ').next().unwrap();
            let object = about.rsplit(' ').next().unwrap();
            let bytes = git(self.0.path(), &["cat-file", "blob", object]).await;
            files.insert(path.to_owned(), (mode.to_owned(), bytes));
        }
        files
    }

    /// The bytes of a file that was checked out.
    pub(crate) fn checked_out(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(path)).unwrap()
    }
}

/// The files of a manifest that was made by hand.
pub(crate) fn as_files(files: &[ProjectFile]) -> Files {
    let one = |file: &ProjectFile| {
        let mode = if file.executable { "100755" } else { "100644" };
        (file.path.clone(), (mode.to_owned(), file.content.clone()))
    };
    files.iter().map(one).collect()
}
