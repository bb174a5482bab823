//! Projects of an analysis over HTTP: plan, files, repair, checks and package.

mod endings;
mod fan_out;
mod flaws;
mod frameworks;
mod plans;
mod refusals;

use eventrelay_tests::{PATIENCE, Response, Stack, faults::BUILDS, read, repository, until};
use reqwest::Method;
use serde_json::{Value, json};

/// The video that everything is made of.
pub(crate) const VIDEO: &str = "yt:dQw4w9WgXcQ";

/// A stack that has analysed [`VIDEO`], with variables that override those of the template.
pub(crate) async fn analysed(environment: &[(&str, &str)]) -> Stack {
    let stack = Stack::with(environment).await.unwrap();
    let captions = std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap();
    let job = stack
        .run(json!({"url": VIDEO.trim_start_matches("yt:"), "transcript": captions}))
        .await
        .unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    stack
}

/// Asks for a project. Its job.
pub(crate) async fn asked(stack: &Stack, body: Value) -> Value {
    let path = format!("/v1/videos/{VIDEO}/projects");
    stack.accepted(&path, body).await.unwrap()
}

/// URL of the project that a job works on.
pub(crate) fn project_of(job: &Value) -> &str {
    job["links"]["project"].as_str().unwrap()
}

/// The project of a job that has ended well.
pub(crate) async fn made(stack: &Stack, job: &Value) -> Value {
    let ended = stack.end_of(job).await.unwrap();
    assert_eq!(ended["status"], "done", "{ended:#}");
    stack.get_json(project_of(job)).await.unwrap()
}

/// Retries a project and returns its new job.
pub(crate) async fn retried(stack: &Stack, project: &Value, from: &str) -> Value {
    let path = format!("{}/retry?from={from}", this(project));
    let answer = stack.call(Method::POST, &path, &[], None).await.unwrap();
    answer.expect(202).json()
}

/// URL of a project.
pub(crate) fn this(project: &Value) -> &str {
    project["links"]["self"].as_str().unwrap()
}

/// A member of each entry of a list.
pub(crate) fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry[member].as_str().unwrap())
        .collect()
}

/// The last part of a problem's type.
pub(crate) fn slug(error: &Value) -> &str {
    let kind = error["type"].as_str();
    let kind = kind.unwrap_or_else(|| panic!("{error:#}"));
    kind.rsplit(':').next().unwrap()
}

/// The problem of a response, by its status and the last part of its type.
pub(crate) fn problem(response: Response, status: u16, expected: &str) -> Value {
    let problem = response.expect(status).json();
    assert_eq!(slug(&problem), expected, "{problem}");
    problem
}

/// A question that the model was asked about software.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) document: Value,
    pub(crate) from_ms: u64,
    /// `None` until the question is answered.
    pub(crate) until_ms: Option<u64>,
}

impl Question {
    /// The file that it is about; none where it is about a plan.
    pub(crate) fn path(&self) -> Option<&str> {
        self.document["path"].as_str()
    }

    /// Returns whether the question mentions a feature. Every plan of the stand-in repeats the
    /// features.
    fn is_about(&self, feature: &str) -> bool {
        let features = self.document["features"].to_string();
        let summary = self.document["plan"]["summary"].as_str();
        features.contains(feature) || summary.unwrap_or_default().contains(feature)
    }
}

/// All questions about software, in the order in which they were asked.
pub(crate) async fn questions(stack: &Stack) -> Vec<Question> {
    let url = format!("{}/_control/questions", stack.ready.standins.gemini);
    let asked = read(stack.client().get(url)).await.unwrap().json();
    let question = |asked: &Value| Question {
        document: asked["document"].clone(),
        from_ms: asked["from_ms"].as_u64().unwrap(),
        until_ms: asked["until_ms"].as_u64(),
    };
    asked.as_array().unwrap().iter().map(question).collect()
}

/// Those about a project that this feature was asked for.
pub(crate) async fn questions_about(stack: &Stack, feature: &str) -> Vec<Question> {
    let mut all = questions(stack).await;
    all.retain(|question| question.is_about(feature));
    all
}

/// The files that were asked for, once for each question.
pub(crate) fn paths(questions: &[Question]) -> Vec<&str> {
    questions.iter().filter_map(Question::path).collect()
}

/// Waits until no message of a build is left: nothing moves any more then.
pub(crate) async fn quiet(stack: &Stack) {
    let empty = async || Ok((stack.messages(BUILDS).await? == 0).then_some(()));
    until(PATIENCE, empty).await.unwrap();
}

/// Keys of the objects of all projects.
pub(crate) async fn objects(stack: &Stack) -> Vec<String> {
    let mut keys = stack.objects().await.unwrap();
    keys.retain(|key| key.starts_with("projects/"));
    keys
}
