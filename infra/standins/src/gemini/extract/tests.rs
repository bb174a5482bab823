use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::transcript;
use super::*;

const TUTORIAL: &str = "WEBVTT

00:00:00.000 --> 00:00:04.000
Welcome to this beginner course about web servers in Rust.

00:00:04.000 --> 00:00:08.000
Today we build a small web server with Axum and Tokio.

00:00:08.000 --> 00:00:12.000
You need a laptop with Linux for this course.

00:00:16.000 --> 00:00:20.000
First, install the Rust toolchain with rustup.

00:00:20.000 --> 00:00:24.000
Then open the file src/main.rs in your editor.

00:00:24.000 --> 00:00:28.000
A web server answers requests, and every request has a handler.

00:00:28.000 --> 00:00:32.000
A handler is important because the router calls it for every request.

00:00:40.000 --> 00:00:44.000
Now create a Dockerfile for the web server.

00:00:44.000 --> 00:00:48.000
Docker builds the image, and the image runs everywhere.

00:00:48.000 --> 00:00:52.000
Finally, deploy the image to AWS Lambda.

00:00:52.000 --> 00:00:56.000
The documentation has a link to the whole example.
";

fn analysis(text: &str) -> Value {
    content(&transcript::parse(text).unwrap())
}

fn list<'a>(content: &'a Value, part: &str) -> &'a [Value] {
    content[part].as_array().unwrap()
}

/// Checks the invariants of the content of every transcript.
fn check(cues: &[Cue], content: &Value) {
    let spoken = cues
        .iter()
        .map(|cue| cue.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let says = |value: &Value| spoken.contains(value.as_str().unwrap());
    let starts = |value: &Value| {
        cues.iter()
            .any(|cue| cue.start_s == value.as_f64().unwrap())
    };
    assert!(says(&content["title"]));
    for part in ["events", "actions"] {
        for item in list(content, part) {
            assert!(says(&item["title"]) && says(&item["description"]), "{item}");
            assert!(!item["title"].as_str().unwrap().is_empty());
            assert!(starts(&item["at_s"]), "{item}");
        }
        let times = list(content, part)
            .iter()
            .map(|item| item["at_s"].as_f64().unwrap());
        assert!(times.is_sorted(), "{part}");
    }
    for concept in list(content, "key_concepts") {
        assert!(
            says(&concept["name"]) && says(&concept["explanation"]),
            "{concept}"
        );
        assert!(starts(&concept["at_s"]), "{concept}");
    }
    let mut free_s = f64::NEG_INFINITY;
    for chapter in list(content, "chapters") {
        let (start, end) = (&chapter["start_s"], &chapter["end_s"]);
        assert!(
            says(&chapter["title"]) && says(&chapter["summary"]),
            "{chapter}"
        );
        assert!(starts(start), "{chapter}");
        let end_s = end.as_f64().unwrap();
        assert!(
            cues.iter()
                .any(|cue| cue.end_s == end_s || cue.start_s == end_s),
            "{chapter}"
        );
        assert!(start.as_f64().unwrap() >= free_s && end_s >= start.as_f64().unwrap());
        free_s = end_s;
    }
    for part in [
        "learning_path",
        "related_topics",
        "technologies",
        "prerequisites",
    ] {
        for name in list(content, part) {
            let name = name.as_str().unwrap().to_lowercase();
            assert!(spoken.to_lowercase().contains(&name), "{part}: {name}");
        }
    }
    assert_eq!(list(content, "transcript").len(), cues.len());
    assert!(list(content, "visual_elements").is_empty());
}

#[test]
fn tutorial_has_chapters_actions_and_events() {
    let content = analysis(TUTORIAL);
    check(&transcript::parse(TUTORIAL).unwrap(), &content);
    assert_eq!(content["language"], "en");
    assert_eq!(content["difficulty"], "beginner");
    assert_eq!(content["duration_s"], 56.0);
    let technologies = json!([
        "Rust", "Tokio", "Axum", "Linux", "rustup", "Docker", "AWS", "Lambda"
    ]);
    let mut found = list(&content, "technologies").to_vec();
    let mut expected = technologies.as_array().unwrap().clone();
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    let prerequisites = json!(["You need a laptop with Linux for this course"]);
    assert_eq!(content["prerequisites"], prerequisites);

    let actions: Vec<(&str, &str, f64)> = list(&content, "actions")
        .iter()
        .map(|action| {
            let text = |name: &str| action[name].as_str().unwrap();
            (
                text("title"),
                text("category"),
                action["at_s"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        actions,
        [
            ("install the Rust toolchain with rustup", "setup", 16.0),
            ("open the file src/main.rs in your editor", "setup", 20.0),
            ("create a Dockerfile for the web server", "build", 40.0),
            ("deploy the image to AWS Lambda", "deploy", 48.0),
        ]
    );
    let plan = &content["build_plan"];
    let steps: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["action"])
        .collect();
    assert_eq!(steps, ["install", "configure", "create", "deploy"]);
    assert_eq!(plan["steps"][1]["target_file"], "src/main.rs");
    assert_eq!(plan["steps"][2]["target_file"], "Dockerfile");
    assert_eq!(plan["steps"][3]["order"], 4);

    let kind_at = |second: f64| {
        let event = list(&content, "events")
            .iter()
            .find(|event| event["at_s"] == second);
        event.map(|event| event["type"].as_str().unwrap())
    };
    assert_eq!(kind_at(28.0), Some("insight"));
    assert_eq!(kind_at(16.0), Some("action"));
    assert_eq!(kind_at(52.0), Some("resource"));
    let concepts: Vec<_> = list(&content, "key_concepts")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert!(
        concepts.contains(&&json!("web server")) || concepts.contains(&&json!("web servers")),
        "{concepts:?}"
    );
}

#[test]
fn silence_begins_a_chapter() {
    let content = analysis(TUTORIAL);
    let starts: Vec<f64> = list(&content, "chapters")
        .iter()
        .map(|chapter| chapter["start_s"].as_f64().unwrap())
        .collect();
    assert_eq!(starts[0], 0.0);
    assert!(starts.contains(&40.0), "{starts:?}");
}

#[test]
fn talk_without_instructions_has_no_plan() {
    let text = "WEBVTT\n\n00:00.000 --> 00:05.000\nThe sea was calm that day.\n\n\
        00:05.000 --> 00:09.000\nNobody said a word.\n";
    let content = analysis(text);
    assert_eq!(content["build_plan"], Value::Null);
    assert!(list(&content, "actions").is_empty());
    assert_eq!(content["difficulty"], Value::Null);
}

#[test]
fn captions_without_punctuation_are_read_line_by_line() {
    let text = "WEBVTT\n\n00:00.000 --> 00:03.000\nhey welcome back to the channel\n\n\
        00:03.000 --> 00:06.000\nokay so next we configure the database\n\n\
        00:06.000 --> 00:09.000\nand now we know we run out of memory\n\n\
        00:09.000 --> 00:12.000\nand you need to create a table\n";
    let content = analysis(text);
    let actions: Vec<_> = list(&content, "actions")
        .iter()
        .map(|action| (&action["title"], &action["at_s"]))
        .collect();
    let (configure, create) = (json!("configure the database"), json!("create a table"));
    assert_eq!(actions, [(&configure, &json!(3.0)), (&create, &json!(9.0))]);
    assert_eq!(content["actions"][1]["priority"], "high");
}

#[test]
fn other_languages_are_read() {
    for (tag, text) in [
        (
            "ja",
            "今日はサーバーを作ります。サーバーは要求に答えます。とても簡単です。",
        ),
        (
            "ru",
            "Сегодня мы строим сервер. Сервер отвечает на запросы. Это очень просто.",
        ),
        (
            "de",
            "Heute bauen wir einen Server. Der Server ist nicht groß. Das ist für die Arbeit.",
        ),
        ("ar", "اليوم نبني خادما. الخادم يجيب على الطلبات."),
    ] {
        let text = format!("WEBVTT\n\n00:01.000 --> 00:09.000\n{text}\n");
        let cues = transcript::parse(&text).unwrap();
        let content = content(&cues);
        check(&cues, &content);
        assert_eq!(content["language"], tag);
        assert!(!content["summary"].as_str().unwrap().is_empty());
        assert!(!list(&content, "chapters").is_empty());
    }
}

#[test]
fn three_hours_without_punctuation_are_read() {
    let words = [
        "server", "request", "router", "handler", "memory", "thread", "socket", "packet",
    ];
    let mut text = String::from("WEBVTT\n");
    for cue in 0..5400_u32 {
        let (start, end) = (cue * 2, cue * 2 + 2);
        let stamp = |s: u32| format!("{:02}:{:02}:{:02}.000", s / 3600, s / 60 % 60, s % 60);
        let word = |shift: u32| words[((cue / 300 + cue * shift) % 8) as usize];
        let line = format!("the {} and the {} number {cue} go on", word(3), word(5));
        write!(text, "\n{} --> {}\n{line}\n", stamp(start), stamp(end)).unwrap();
    }
    let cues = transcript::parse(&text).unwrap();
    let content = content(&cues);
    check(&cues, &content);
    assert!((5..=20).contains(&list(&content, "chapters").len()));
    assert!(list(&content, "events").len() <= 60);
    assert!(content["summary"].as_str().unwrap().len() < 2000);
}

#[test]
fn cues_without_words_are_no_content() {
    let content = analysis("WEBVTT\n\n00:00.000 --> 00:01.000\n♪♪\n");
    assert_eq!(content["title"], "");
    assert!(list(&content, "chapters").is_empty());
    assert_eq!(content["build_plan"], Value::Null);
}

fn any_cues() -> impl Strategy<Value = Vec<Cue>> {
    let words = prop_oneof![
        "[a-zA-Z]{1,9}",
        "[.!?,:;'\"<&>]{1,3}",
        "\\PC{1,4}",
        Just("install".to_owned()),
        Just("Docker.".to_owned()),
        Just("create main.rs".to_owned()),
        Just("サーバー。".to_owned()),
    ];
    let cue = (0u32..400, 0u32..50, prop::collection::vec(words, 1..12));
    prop::collection::vec(cue, 1..40).prop_map(|cues| {
        let mut at = 0;
        let mut all = Vec::new();
        for (gap, length, words) in cues {
            at += gap / 10;
            let text = words.join(" ");
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                let (start_s, end_s) = (f64::from(at), f64::from(at + length / 5));
                all.push(Cue {
                    start_s,
                    end_s,
                    text,
                });
            }
        }
        all
    })
}

proptest! {
    #[test]
    fn content_occurs_in_the_transcript(cues in any_cues()) {
        check(&cues, &content(&cues));
    }

    #[test]
    fn same_transcript_gives_the_same_content(cues in any_cues()) {
        prop_assert_eq!(content(&cues), content(&cues));
    }
}
