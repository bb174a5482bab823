mod formats;
mod rolling;
mod written;

use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Folder of sample caption files from players and platforms.
fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/data/captions"
    ))
}

fn file(name: &str) -> String {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    decode(&bytes).into_owned()
}

fn segment(start_s: f64, end_s: f64, text: &str) -> Segment {
    Segment {
        start_s,
        end_s,
        text: text.into(),
        speaker: None,
    }
}

fn said_by(speaker: &str, segment: Segment) -> Segment {
    Segment {
        speaker: Some(speaker.into()),
        ..segment
    }
}

/// Segments of a text without refusals.
fn segments(text: &str) -> Vec<Segment> {
    let captions = parse(text).unwrap();
    assert_eq!(captions.refused, [], "{text:?}");
    captions.segments
}

/// Lines and reasons of the refusals.
fn refusals(captions: &Captions) -> Vec<(u32, RefusalReason)> {
    let refused = captions.refused.iter();
    refused.map(|one| (one.line.unwrap(), one.reason)).collect()
}

fn words(segments: &[Segment]) -> usize {
    segments.iter().map(|one| one.text.split(' ').count()).sum()
}

#[test]
fn every_file_of_the_index_gives_its_cues() {
    let index = std::fs::read(folder().join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    assert_eq!(index.len(), 25);
    for case in index {
        let name = case["file"].as_str().unwrap();
        let captions = parse(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: Vec<Segment> = { case["cues"].as_array().unwrap().iter() }
            .filter(|cue| !cue.is_null())
            .map(|cue| Segment {
                start_s: cue[0].as_f64().unwrap(),
                end_s: cue[1].as_f64().unwrap(),
                text: cue[2].as_str().unwrap().to_owned(),
                speaker: cue[3].as_str().map(Into::into),
            })
            .collect();
        assert_eq!(captions.segments, expected, "{name}");
        let bad = case["cues"].as_array().unwrap().len() - expected.len();
        assert_eq!(captions.refused.len(), bad, "{name}");
        assert!(captions.refused.iter().all(|one| one.line.is_some()));
        // The stored form reads back unchanged.
        assert_eq!(Captions::from_stored(&captions.to_stored()), Ok(captions));
    }
}

#[test]
fn size_is_refused_in_bytes() {
    let error = parse(&"é".repeat(MAX_BYTES / 2 + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the captions have 4194306 bytes; the maximum is 4194304 bytes (4 MiB)"
    );
}

#[test]
fn cues_beyond_the_maximum_are_refused_and_counted() {
    let cue = "00:00.000 --> 00:01.000\na\n\n";
    let text = format!("WEBVTT\n\n{}", cue.repeat(MAX_CUES + 300));
    let captions = parse(&text).unwrap();
    assert_eq!(captions.segments.len(), MAX_CUES);
    assert_eq!(captions.refused.len(), 201);
    assert_eq!(captions.refused[0].reason, RefusalReason::TooMany);
    let last = captions.refused.last().unwrap();
    assert_eq!(
        last.detail.as_deref(),
        Some("from this line on 100 more were refused")
    );
}

#[test]
fn markup_that_is_not_closed_takes_no_longer_than_other_text() {
    let begun = std::time::Instant::now();
    for run in [
        "<a", "&", "&#", "<v ", "{\\", "<00:", "-->", "<b>", "<rt>", "a<b>", "<v A>a",
    ] {
        let words = run.repeat(50_000 / run.len());
        let text = format!("00:00.000 --> 00:01.000\nx {words}");
        let _ = parse(&format!("WEBVTT\n\n{text}"));
        let captions = parse(&text).unwrap();
        let _ = to_srt(&captions.segments);
    }
    for run in [
        "1\n",
        "1\n\n",
        "1\n0:0 --> x\n",
        "0:1 --> 0:0\n\n",
        "0:9 --> 0:1\n0:2 --> 0:3\na\n",
    ] {
        let cues = run.repeat(50_000 / run.len());
        let _ = read(&format!("0:1 --> 9:9\na\n{cues}"));
    }
    // A quadratic reader takes many times as long.
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn captions_of_a_programme_are_shifted_to_the_video() {
    let aligned = |starts: &[f64], duration_s: Option<f64>| {
        let segments = starts.iter().map(|at| segment(*at, at + 1.5, "a"));
        let mut captions = Captions {
            segments: segments.collect(),
            ..Captions::default()
        };
        let shifted = captions.align(duration_s)?;
        Ok::<_, CaptionError>((shifted, captions.segments[0].start_s))
    };
    for (starts, duration_s, expected) in [
        // The video is shorter than the first time.
        (
            &[3601.25, 4100.0][..],
            Some(600.0),
            Ok((Some(3600.0), 1.25)),
        ),
        (
            &[36_300.0, 36_500.0],
            Some(600.0),
            Ok((Some(36_000.0), 300.0)),
        ),
        // The file lasts two hours, and the last cue is after the end of the video.
        (&[3605.0, 10_000.0], Some(7_000.0), Ok((Some(3600.0), 5.0))),
        // Only the shape of the file shows the offset.
        (&[3600.0, 5_000.0], None, Ok((Some(3600.0), 0.0))),
        (&[3690.0, 5_000.0], None, Ok((None, 3690.0))),
        (&[3601.0, 9_000.0], None, Ok((None, 3601.0))),
        (&[359_999.0, 442_800.0], None, Ok((None, 359_999.0))),
        // The video is long enough for the times as written.
        (&[3601.0, 5_000.0], Some(5_400.0), Ok((None, 3601.0))),
        (&[1.0, 3_700.0], Some(600.0), Ok((None, 1.0))),
        (&[1.0, 2.0], Some(600.0), Ok((None, 1.0))),
    ] {
        assert_eq!(aligned(starts, duration_s), expected, "{starts:?}");
    }
    let error = aligned(&[3_500.0, 3_900.0], Some(600.0)).unwrap_err();
    assert!(
        error.to_string().contains("subtract about 3500 s"),
        "{error}"
    );
    assert!(matches!(error, CaptionError::Offset { .. }));
}

#[test]
fn stored_form_keeps_lines_and_refusals() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\na --> b\n\n2\n00:00:0x --> 00:00:03,000\nlost\n\n\
        3\n00:00:04,000 --> 00:00:05,000\nc\n";
    let captions = read(text).unwrap();
    assert_eq!(captions.lines, [2, 10]);
    assert_eq!(refusals(&captions), [(6, RefusalReason::NotATime)]);
    let stored = captions.to_stored();
    assert_eq!(stored.matches("-->").count(), 2, "{stored}");
    assert_eq!(Captions::from_stored(&stored), Ok(captions));
    // Stored form of earlier versions.
    let old = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Ann>a &amp; b</v>\n";
    let old = Captions::from_stored(old).unwrap();
    assert_eq!(old.segments, [said_by("Ann", segment(1.0, 2.0, "a & b"))]);
}
