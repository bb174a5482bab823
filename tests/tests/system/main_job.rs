//! A video goes in and its analysis comes out: by HTTP alone, as a user would.

use eventrelay_tests::{Stack, repository};
use reqwest::Method;
use serde_json::{Value, json};

/// The captions of the shipped recording.
fn captions() -> String {
    std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap()
}

/// The cues of the shipped captions: second and words.
fn cues() -> Vec<(f64, String)> {
    let text = captions();
    let mut lines = text.lines();
    let mut cues = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((start, _)) = line.split_once(" --> ") {
            let second = start.rsplit(':').next().unwrap().parse().unwrap();
            cues.push((second, lines.next().unwrap().to_owned()));
        }
    }
    cues
}

/// Every item with a time stands in the transcript at that second.
fn assert_stands_in_transcript(analysis: &Value) {
    let cues = cues();
    let of_cue = |second: &Value| {
        let second = second.as_f64().unwrap();
        cues.iter().any(|(start, _)| (start - second).abs() < 0.01)
    };
    for (part, time) in [
        ("chapters", "start_s"),
        ("events", "at_s"),
        ("actions", "at_s"),
    ] {
        let items = analysis[part].as_array().unwrap();
        assert!(!items.is_empty(), "no {part}: {analysis:#}");
        for item in items {
            assert!(of_cue(&item[time]), "{part}: {item}");
        }
    }
    for event in analysis["events"].as_array().unwrap() {
        let title = event["title"].as_str().unwrap();
        let said = cues.iter().any(|(start, words)| {
            (start - event["at_s"].as_f64().unwrap()).abs() < 0.01
                && words.contains(title.trim_end_matches('.'))
        });
        assert!(said, "{event}");
    }
    let transcript = analysis["transcript"].as_array().unwrap();
    let words: Vec<_> = transcript
        .iter()
        .map(|segment| segment["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        cues.iter()
            .map(|(_, words)| words.as_str())
            .collect::<Vec<_>>()
    );
    assert_eq!(analysis["sources"]["transcript"]["source"], "caption");
    assert_eq!(analysis["sources"]["visual_elements"]["source"], "missing");
    assert_eq!(analysis["provenance"]["model"], "stand-in");
}

#[tokio::test]
async fn youtube_video_can_be_analyzed_and_read_in_every_format() {
    let stack = Stack::start().await.unwrap();
    let submission = json!({"url": "https://youtu.be/dQw4w9WgXcQ?t=3", "transcript": captions()});
    let accepted = stack
        .post("/v1/videos", submission.clone())
        .await
        .unwrap()
        .expect(202);
    let job = accepted.json();
    assert_eq!(
        accepted.header("location"),
        job["links"]["job"].as_str().unwrap()
    );
    assert!(accepted.header("location").starts_with(&stack.ready.api));
    assert!(accepted.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(job["video_id"], "yt:dQw4w9WgXcQ");
    assert_eq!(job["progress"], 0);

    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    assert_eq!(
        (&done["progress"], &done["stage"]),
        (&json!(100), &json!("done"))
    );
    assert_eq!(done["usage"]["model_calls"], 1);
    assert!(done["error"].is_null());

    let link = done["links"]["video"].as_str().unwrap();
    let read = stack.get(link).await.unwrap().expect(200);
    assert_eq!(read.header("content-type"), "application/json");
    assert!(
        read.header("cache-control")
            .contains("stale-while-revalidate")
    );
    let analysis = read.json();
    assert_stands_in_transcript(&analysis);
    assert_eq!(
        analysis["video"]["url"],
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    );

    // The plain URL of the video shows its newest analysis, and a bare id names the same video.
    for path in ["/v1/videos/yt:dQw4w9WgXcQ", "/v1/videos/dQw4w9WgXcQ"] {
        assert_eq!(stack.get(path).await.unwrap().expect(200).body, read.body);
    }

    let etag = read.header("etag").to_owned();
    let again = stack
        .call(Method::GET, link, &[("if-none-match", &etag)], None)
        .await
        .unwrap();
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), etag);
    let packed = stack
        .call(Method::GET, link, &[("accept-encoding", "gzip")], None)
        .await
        .unwrap();
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < read.body.len() / 2);

    let markdown = [("accept", "text/markdown")];
    let markdown = stack
        .call(Method::GET, link, &markdown, None)
        .await
        .unwrap()
        .expect(200);
    assert!(markdown.header("content-type").starts_with("text/markdown"));
    assert_ne!(markdown.header("etag"), etag);
    assert!(markdown.text().starts_with("# "), "{}", markdown.text());
    let query = if link.contains('?') { '&' } else { '?' };
    let vtt = stack
        .get(&format!("{link}{query}format=vtt"))
        .await
        .unwrap()
        .expect(200)
        .text();
    assert!(
        vtt.starts_with("WEBVTT") && vtt.contains("install the Rust toolchain"),
        "{vtt}"
    );
    let srt = stack
        .get(&format!("{link}{query}format=srt"))
        .await
        .unwrap()
        .expect(200)
        .text();
    assert!(srt.starts_with("1\n00:00:00,000 --> "), "{srt}");
    let _ = stack
        .get(&format!("{link}{query}format=pdf"))
        .await
        .unwrap()
        .expect(422);

    // A fresh analysis is not made again, unless it is forced.
    let cached = stack
        .post("/v1/videos", submission.clone())
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(cached["links"]["video"], done["links"]["video"]);
    let plain = stack
        .post("/v1/videos", json!({"url": "dQw4w9WgXcQ"}))
        .await
        .unwrap();
    assert_eq!(
        plain.status, 200,
        "a request without a transcript is content with this one"
    );
    let mut forced = submission;
    forced["force"] = json!(true);
    assert_eq!(stack.run(forced).await.unwrap()["status"], "done");
    assert_eq!(
        stack.gemini_calls(":generateContent").await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn upload_is_analyzed_and_its_gemini_file_deleted() {
    let stack = Stack::start().await.unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let upload_id = stack.upload("talk.mp4", recording.clone()).await.unwrap();
    let submission = json!({"upload_id": upload_id, "transcript": captions(), "language": "en"});
    let done = stack.run(submission.clone()).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let link = done["links"]["video"].as_str().unwrap();
    let analysis = stack.get_json(link).await.unwrap();
    assert_stands_in_transcript(&analysis);
    assert_eq!(analysis["video"]["platform"], "upload");
    assert_eq!(analysis["video"]["id"], format!("up:{upload_id}"));

    // A second upload of the same file is the same video.
    assert_eq!(
        stack.upload("copy.mp4", recording).await.unwrap(),
        upload_id
    );
    let _ = stack
        .post("/v1/videos", submission)
        .await
        .unwrap()
        .expect(200);

    let gone = async || Ok(stack.gemini_files().await?.is_empty().then_some(()));
    eventrelay_tests::until(eventrelay_tests::PATIENCE, gone)
        .await
        .expect("the file is deleted");
}

#[tokio::test]
async fn twenty_concurrent_submissions_generate_once() {
    let stack = Stack::start().await.unwrap();
    let submission = json!({"url": "https://www.youtube.com/watch?v=jNQXAC9IVRw"});
    let all = futures_util::future::join_all(
        (0..20).map(|_| stack.post("/v1/videos", submission.clone())),
    )
    .await;
    let mut jobs = std::collections::HashSet::new();
    for response in all {
        let response = response.unwrap();
        if response.status == 202 {
            jobs.insert(response.json()["job_id"].as_str().unwrap().to_owned());
        } else {
            let _ = response.expect(200);
        }
    }
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let job = json!({"job_id": jobs.into_iter().next().unwrap()});
    assert_eq!(stack.end_of(&job).await.unwrap()["status"], "done");
    assert_eq!(
        stack.gemini_calls(":generateContent").await.unwrap().len(),
        1
    );
    let analysis = stack.get_json("/v1/videos/yt:jNQXAC9IVRw").await.unwrap();
    assert!(
        analysis["summary"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("stand-in")
    );
}

#[tokio::test]
async fn recording_of_150_mb_is_streamed_through_the_worker() {
    const SIZE: usize = 150_000_000;
    let stack = Stack::start().await.unwrap();
    let mut recording = vec![7; SIZE];
    recording[..12].copy_from_slice(b"\0\0\0\x10ftypisom");
    let upload_id = stack.upload("long.mp4", recording).await.unwrap();
    let job = stack.run(json!({"upload_id": upload_id})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let invocations = stack.invocations().await.unwrap();
    let worker = invocations
        .iter()
        .filter(|one| one["function"] == "AdvanceAnalysis");
    let most = worker
        .map(|one| one["max_memory_mb"].as_u64().unwrap())
        .max()
        .unwrap();
    assert!(most < 100, "{most} MB for a recording of 150 MB");
}

/// The analysis of a video with this transcript.
async fn analysed_with(stack: &Stack, video: &str, transcript: String) -> Value {
    let submission = json!({"url": video, "transcript": transcript});
    let job = stack.post("/v1/videos", submission).await.unwrap();
    let done = stack.end_of(&job.expect(202).json()).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let link = done["links"]["video"].as_str().unwrap();
    stack.get(link).await.unwrap().expect(200).json()
}

fn words(analysis: &Value) -> usize {
    let segments = analysis["transcript"].as_array().unwrap();
    let texts = segments.iter().map(|one| one["text"].as_str().unwrap());
    texts.map(|text| text.split(' ').count()).sum()
}

#[tokio::test]
async fn captions_in_every_form_become_a_transcript() {
    let stack = Stack::start().await.unwrap();
    let rolling = repository("tests/data/captions/tutorial-auto.vtt");
    let rolling = std::fs::read_to_string(rolling).unwrap();
    let analysis = analysed_with(&stack, "dQw4w9WgXcQ", rolling).await;
    assert_eq!(words(&analysis), 1410);
    assert_eq!(analysis["transcript"][0]["start_s"], 2.0);
    assert_eq!(analysis.get("refused"), None);

    // A programme that starts at an hour, with a cue that cannot be used.
    let programme = "1\n01:00:01,000 --> 01:00:02,000\nVec<String> --> &amp;\n\n\
        2\n01:00:03,000 --> 01:00:0x\nlost\n\n3\n01:00:05,000 --> 01:00:06,000\nand more\n";
    let analysis = analysed_with(&stack, "jNQXAC9IVRw", programme.to_owned()).await;
    let segment = json!({"start_s": 1.0, "end_s": 2.0, "text": "Vec<String> --> &amp;"});
    assert_eq!(analysis["transcript"][0], segment);
    assert_eq!(analysis["transcript"][1]["start_s"], 5.0);
    let refused = &analysis["refused"][0];
    assert_eq!(
        (&refused["line"], &refused["reason"]),
        (&json!(6), &json!("not_a_time"))
    );
}

#[tokio::test]
async fn captions_of_4_mib_are_not_repeated_in_the_answer() {
    let stack = Stack::start().await.unwrap();
    let words = "and it goes on so that the file is as long as it may be ".repeat(8);
    let mut srt = String::new();
    let mut cues = 0;
    while srt.len() < (4 << 20) - 1_000 {
        let (hours, minutes, seconds) = (cues / 3600, cues / 60 % 60, cues % 60);
        let time = format!("{hours:02}:{minutes:02}:{seconds:02}");
        cues += 1;
        srt += &format!("{cues}\n{time},000 --> {time},900\nSentence {cues} is said, {words}\n\n");
    }
    let analysis = analysed_with(&stack, "dQw4w9WgXcQ", srt).await;
    assert_eq!(analysis["transcript"].as_array().unwrap().len(), cues);
    assert_eq!(analysis.get("refused"), None);
    let written = analysis["provenance"]["usage"]["output_tokens"].as_u64();
    assert!(written.unwrap() < 30_000, "{written:?}");
}
