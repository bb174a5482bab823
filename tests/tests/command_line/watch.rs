//! `cargo local --watch`, on a workspace of its own that is changed while it runs.

use std::{path::Path, process::Stdio};

use eventrelay_tests::{API_KEY, PATIENCE, Ready, client, local, until};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

/// Both functions: they answer with a word, and where they are to be held, when the connection to
/// `HOLD` ends. They need no crate, so that they are built in a moment and offline.
const SHARED: &str = r##"
use std::{env::var, io::{Read, Write}, net::TcpStream};

const WORD: &str = "one";

pub fn run() {
    let api = var("AWS_LAMBDA_RUNTIME_API").unwrap();
    loop {
        let (head, event) = call(&api, "GET", "invocation/next", "");
        let id = head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(name, _)| {
                name.eq_ignore_ascii_case("lambda-runtime-aws-request-id")
            }))
            .unwrap()
            .1;
        if event.contains("/held") || event.contains("Records") {
            let mut hold = TcpStream::connect(var("HOLD").unwrap()).unwrap();
            let _ = hold.read_to_end(&mut Vec::new());
        }
        let place = var("PLACE").unwrap();
        let answer = format!(r#"{{"statusCode":200,"body":"{WORD} {place}"}}"#);
        call(&api, "POST", &format!("invocation/{id}/response"), &answer);
    }
}

fn call(api: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(api).unwrap();
    let length = body.len();
    let head = format!("{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {api}\r\n");
    let rest = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all((head + &rest).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}
"##;

const MAIN: &str = "fn main() {\n    shared::run()\n}\n";

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 600
    Environment: { Variables: { HOLD: "HOLD_ADDRESS", PLACE: here } }
Resources:
  Api: { Type: AWS::Serverless::HttpApi }
  Greeting:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda }
    Properties:
      CodeUri: functions/greeting
      Events:
        Greet: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: GET, Path: /greeting } }
        Hold: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: GET, Path: /held } }
  Worker:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda }
    Properties:
      CodeUri: functions/worker
      Events:
        Work: { Type: SQS, Properties: { Queue: !GetAtt Work.Arn, BatchSize: 1 } }
  Work: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 3600 } }
  ControlsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
"#;

struct Watched {
    /// Ends with it, and before the folder that it writes into is removed.
    _child: Child,
    folder: TempDir,
    ready: Ready,
    /// Listener that blocked functions connect to.
    hold: TcpListener,
    client: reqwest::Client,
}

impl Watched {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hold = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"shared\", \"functions/*\"]\n";
        write(folder.path(), "Cargo.toml", workspace);
        write(folder.path(), "shared/Cargo.toml", &manifest("shared"));
        write(folder.path(), "shared/src/lib.rs", SHARED);
        for name in ["greeting", "worker"] {
            let manifest =
                manifest(name) + "[dependencies]\nshared = { path = \"../../shared\" }\n";
            write(
                folder.path(),
                &format!("functions/{name}/Cargo.toml"),
                &manifest,
            );
            write(
                folder.path(),
                &format!("functions/{name}/src/main.rs"),
                MAIN,
            );
        }
        let address = hold.local_addr().unwrap().to_string();
        let template = TEMPLATE.replace("HOLD_ADDRESS", &address);
        write(folder.path(), "template.yaml", &template);

        let written = std::fs::File::create(folder.path().join("written")).unwrap();
        let mut child = Command::new(local().unwrap())
            .args(["--watch", "--json", "--port", "0", "--api-key", API_KEY])
            .arg("--workspace")
            .arg(folder.path())
            .arg("--data")
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(written)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.unwrap().unwrap();
        let Some(line) = line else {
            panic!("{}", written_in(folder.path()));
        };
        Self {
            ready: serde_json::from_str(&line).unwrap(),
            folder,
            hold,
            client: client().unwrap(),
            _child: child,
        }
    }

    fn change(&self, path: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.folder.path().join(path)).unwrap();
        assert!(text.contains(old), "{path}: {text}");
        write(self.folder.path(), path, &text.replace(old, new));
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.ready.api);
        let answer = self.client.get(url).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.text().await.unwrap())
    }

    /// Waits for an answer; none but this one and that before it is ever given.
    async fn comes_to(&self, path: &str, before: &str, after: &str) {
        let answers = async || {
            let (_, answer) = self.get(path).await;
            assert!([before, after].contains(&answer.as_str()), "{answer}");
            Ok((answer == after).then_some(()))
        };
        let came = until(PATIENCE, answers).await;
        came.unwrap_or_else(|error| panic!("{error}: {}", self.written()));
    }

    fn written(&self) -> String {
        written_in(self.folder.path())
    }

    async fn says(&self, words: &str) {
        let said = async || Ok(self.written().contains(words).then_some(()));
        let said = until(PATIENCE, said).await;
        said.unwrap_or_else(|error| panic!("{error}: {}", self.written()));
    }

    /// A function that is held.
    async fn held(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.hold.accept()).await;
        accepted.unwrap().unwrap().0
    }

    /// Messages of the queue, those that are worked on among them.
    async fn messages(&self) -> u64 {
        let url = format!("{}/queues", self.ready.admin);
        let answer = self.client.get(url).send().await.unwrap();
        let counts: serde_json::Value =
            serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let counts = counts["Work"].as_object().unwrap().values();
        counts.map(|count| count.as_u64().unwrap()).sum()
    }
}

fn manifest(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
}

/// As editors do it: the new file takes the place of the old one.
fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text).unwrap();
    std::fs::rename(partial, path).unwrap();
}

fn written_in(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("written")).unwrap()
}

#[tokio::test]
async fn changed_code_serves_new_requests_and_running_ones_finish() {
    let watched = Watched::start().await;
    watched.comes_to("/greeting", "one here", "one here").await;

    let (sqs, url) = (watched.ready.sqs(), watched.ready.name("Work"));
    let message = sqs.send_message().queue_url(url).message_body("{}");
    message.send().await.unwrap();
    let worker = watched.held().await;
    let request = async { watched.get("/held").await };
    let change = async {
        let request = watched.held().await;
        watched.change("shared/src/lib.rs", "\"one\"", "\"two\"");
        watched.comes_to("/greeting", "one here", "two here").await;
        assert_eq!(
            watched.messages().await,
            1,
            "the message is still worked on"
        );
        drop((request, worker));
    };
    let (answer, ()) = tokio::join!(request, change);
    assert_eq!(answer, (200, "one here".into()), "it ends as it began");
    let done = async || Ok((watched.messages().await == 0).then_some(()));
    until(PATIENCE, done).await.unwrap();
    watched.says("Replaced Greeting, Worker.").await;

    // A failed build is reported in one line and changes nothing.
    watched.change("functions/greeting/src/main.rs", "run()", "run(1)");
    watched.says("functions/greeting/src/main.rs:2:").await;
    watched.says("The previous version keeps running.").await;
    assert_eq!(watched.get("/greeting").await, (200, "two here".into()));
    watched.change("functions/greeting/src/main.rs", "run(1)", "run()");
    watched.change("shared/src/lib.rs", "\"two\"", "\"three\"");
    watched
        .comes_to("/greeting", "two here", "three here")
        .await;
}

#[tokio::test]
async fn function_in_use_is_replaced_before_the_others() {
    let watched = Watched::start().await;
    watched.comes_to("/greeting", "one here", "one here").await;
    watched.change("shared/src/lib.rs", "\"one\"", "\"two\"");
    watched.comes_to("/greeting", "one here", "two here").await;
    watched.says("Replaced Greeting.\nReplaced Worker.").await;
}

#[tokio::test]
async fn changed_template_takes_effect_unless_it_is_refused() {
    let watched = Watched::start().await;
    assert_eq!(watched.get("/more").await.0, 404);
    // Timeouts are bounded: one without an end is refused.
    watched.change("template.yaml", "Timeout: 600", "Timeout: 901");
    watched.says("The previous version keeps running.").await;
    assert!(
        watched.written().contains("Timeout"),
        "{}",
        watched.written()
    );
    assert_eq!(watched.get("/greeting").await, (200, "one here".into()));

    watched.change("template.yaml", "Timeout: 901", "Timeout: 900");
    watched.change("template.yaml", "/held", "/more");
    watched.change(
        "template.yaml",
        "VisibilityTimeout: 3600",
        "VisibilityTimeout: 5400",
    );
    // Last: who sees this change sees the others.
    watched.change("template.yaml", "PLACE: here", "PLACE: there");
    watched.comes_to("/greeting", "one here", "one there").await;
    watched.says("template.yaml is in force.").await;
    watched.says("Greeting").await;
    assert_eq!(watched.get("/more").await, (200, "one there".into()));
    assert_eq!(watched.get("/held").await.0, 404);

    let sqs = watched.ready.sqs();
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(watched.ready.name("Work"))
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout)
        .send()
        .await
        .unwrap();
    let attributes = attributes.attributes.unwrap();
    assert_eq!(attributes.values().collect::<Vec<_>>(), ["5400"]);
}
