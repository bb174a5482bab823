mod build_plan;

use eventrelay_core::video::Window;
use proptest::prelude::*;

use super::super::samples;
use super::*;

fn only(content: Content) -> Draft {
    Draft {
        content,
        ..Draft::default()
    }
}

fn event(at_s: f64, title: &str) -> Event {
    Event {
        at_s,
        title: title.into(),
        ..samples::draft().content.events.remove(0)
    }
}

fn chapter(start_s: f64, end_s: f64, title: &str) -> Chapter {
    Chapter {
        title: title.into(),
        start_s,
        end_s,
        summary: String::new(),
    }
}

fn segment(start_s: f64, end_s: f64, text: &str) -> Segment {
    Segment {
        start_s,
        end_s,
        text: text.into(),
        speaker: None,
    }
}

fn refused(analysis: &Analysis) -> Vec<(&str, f64, RefusalReason)> {
    analysis
        .refused
        .iter()
        .map(|r| (r.part.as_str(), r.at_s, r.reason))
        .collect()
}

#[test]
fn a_whole_answer_becomes_an_analysis() {
    let analysis = assemble(samples::draft(), samples::facts()).unwrap();
    insta::assert_json_snapshot!(analysis);
}

#[test]
fn analysis_round_trips_through_json() {
    let analysis = assemble(samples::draft(), samples::facts()).unwrap();
    let json = serde_json::to_string(&analysis).unwrap();
    assert_eq!(serde_json::from_str::<Analysis>(&json).unwrap(), analysis);
}

#[test]
fn times_are_held_to_the_length_of_the_video() {
    use RefusalReason::*;
    let events = vec![
        event(600.9, "at the end"),
        event(601.1, "beyond"),
        event(-0.1, "before"),
        event(f64::NAN, "never"),
        event(f64::INFINITY, "always"),
        event(-0.0, "first"),
    ];
    let analysis = assemble(
        only(Content {
            events,
            ..Content::default()
        }),
        samples::facts(),
    );
    let analysis = analysis.unwrap();
    let kept: Vec<_> = analysis
        .content
        .events
        .iter()
        .map(|e| (e.at_s, &*e.title))
        .collect();
    assert_eq!(kept, [(0.0, "first"), (600.0, "at the end")]);
    assert!(analysis.content.events[0].at_s.is_sign_positive());
    assert_eq!(
        refused(&analysis),
        [
            ("events", 601.1, BeyondDuration),
            ("events", -0.1, NotATime),
            ("events", 0.0, NotATime),
            ("events", 0.0, NotATime),
        ]
    );
}

#[test]
fn times_are_held_to_the_part_that_was_asked_for() {
    let content = Content {
        events: vec![
            event(58.0, "early"),
            event(59.5, "just"),
            event(130.0, "late"),
        ],
        chapters: vec![chapter(60.0, 300.0, "runs on")],
        ..Content::default()
    };
    let window = Some(Window {
        start_s: 60.0,
        end_s: Some(120.0),
    });
    let analysis = assemble(
        only(content),
        Facts {
            window,
            ..samples::facts()
        },
    )
    .unwrap();
    assert_eq!(analysis.content.events.len(), 1);
    assert_eq!(analysis.content.events[0].at_s, 60.0);
    assert_eq!(analysis.content.chapters[0].end_s, 120.0);
    assert_eq!(
        refused(&analysis),
        [
            ("events", 58.0, RefusalReason::OutsideWindow),
            ("events", 130.0, RefusalReason::OutsideWindow)
        ]
    );
    assert_eq!(analysis.video.window, window);
}

#[test]
fn chapters_follow_one_another() {
    let chapters = vec![
        chapter(0.0, 100.0, "one"),
        chapter(90.0, 200.0, "two"),
        chapter(50.0, 60.0, "goes back"),
        chapter(90.0, 95.0, "again"),
        chapter(300.0, 250.0, "ends before it begins"),
        chapter(300.0, 700.0, "ends after the end"),
        chapter(300.0, 600.5, "three"),
    ];
    let analysis = assemble(
        only(Content {
            chapters,
            ..Content::default()
        }),
        samples::facts(),
    );
    let analysis = analysis.unwrap();
    let kept: Vec<_> = analysis
        .content
        .chapters
        .iter()
        .map(|c| (&*c.title, c.start_s, c.end_s))
        .collect();
    assert_eq!(
        kept,
        [
            ("one", 0.0, 90.0),
            ("two", 90.0, 200.0),
            ("three", 300.0, 600.0)
        ]
    );
    assert_eq!(
        refused(&analysis),
        [
            ("chapters", 50.0, RefusalReason::OutOfOrder),
            ("chapters", 90.0, RefusalReason::OutOfOrder),
            ("chapters", 300.0, RefusalReason::OutOfOrder),
            ("chapters", 700.0, RefusalReason::BeyondDuration),
        ]
    );
}

#[test]
fn segment_with_decreasing_time_is_refused() {
    let transcript = vec![
        segment(5.0, 6.0, "b"),
        segment(4.0, 5.0, "a"),
        segment(5.0, 9.0, "c"),
    ];
    let analysis = assemble(
        only(Content {
            transcript,
            ..Content::default()
        }),
        samples::facts(),
    );
    let analysis = analysis.unwrap();
    assert_eq!(analysis.content.transcript.len(), 2);
    assert_eq!(
        refused(&analysis),
        [("transcript", 4.0, RefusalReason::OutOfOrder)]
    );
}

fn captions(segments: Vec<Segment>) -> Captions {
    Captions {
        lines: (1..).take(segments.len()).collect(),
        segments,
        refused: Vec::new(),
    }
}

#[test]
fn analysis_lists_refusals_of_given_transcript() {
    let text = "WEBVTT\n\n00:01.000 --> 00:02:500\nlost\n\n00:03.000 --> 00:04.000\nkept\n";
    let facts = Facts {
        transcript: Some(captions::read(text).unwrap()),
        ..samples::facts()
    };
    let analysis = assemble(samples::draft(), facts).unwrap();
    assert_eq!(analysis.content.transcript, [segment(3.0, 4.0, "kept")]);
    assert_eq!(analysis.refused[0].line, Some(3));
    assert_eq!(analysis.refused[0].reason, RefusalReason::NotATime);
}

#[test]
fn overlong_transcript_is_kept_without_known_duration() {
    let facts = Facts {
        duration_s: None,
        transcript: Some(captions(vec![segment(359_999.0, 360_001.5, "late")])),
        ..samples::facts()
    };
    let analysis = assemble(samples::draft(), facts).unwrap();
    assert_eq!(analysis.content.transcript[0].end_s, 360_001.5);
    assert_eq!(analysis.refused, []);
}

#[test]
fn long_model_segment_is_split_without_loss() {
    let text = "and then we go on. ".repeat(2_000);
    let transcript = vec![segment(0.0, 60.0, text.trim())];
    let content = Content {
        transcript,
        ..Content::default()
    };
    let analysis = assemble(only(content), samples::facts()).unwrap();
    let parts: Vec<_> = { analysis.content.transcript.iter() }
        .map(|segment| segment.text.as_str())
        .collect();
    assert!(parts.len() > 1 && parts.iter().all(|part| part.ends_with("on.")));
    assert_eq!(parts.join(" "), text.trim());
}

#[test]
fn given_transcript_replaces_model_transcript() {
    let given = vec![
        segment(0.0, 2.0, "before"),
        segment(59.0, 61.0, "into"),
        segment(598.0, 605.0, "stays on the screen"),
        segment(610.0, 611.0, "after the end"),
    ];
    let window = Some(Window {
        start_s: 60.0,
        end_s: None,
    });
    let mut draft = samples::draft();
    draft.content.transcript = vec![segment(900.0, 901.0, "invented")];
    let facts = Facts {
        transcript: Some(captions(given)),
        window,
        ..samples::facts()
    };
    let analysis = assemble(draft, facts).unwrap();
    assert_eq!(
        analysis.content.transcript,
        [
            segment(60.0, 61.0, "into"),
            segment(598.0, 600.0, "stays on the screen")
        ]
    );
    let late = analysis.refused.last().unwrap();
    assert_eq!(
        refused(&analysis).last(),
        Some(&("transcript", 610.0, RefusalReason::BeyondDuration))
    );
    assert_eq!(late.line, Some(4));
    let source = Source {
        source: Origin::Caption,
        confidence: Some(1.0),
    };
    assert_eq!(analysis.sources["transcript"], source);
}

#[test]
fn sources_list_origin_of_every_part() {
    let summary = Content {
        summary: "s".into(),
        ..Content::default()
    };
    let draft = Draft {
        confidence: [("summary".into(), 7.0)].into(),
        ..only(summary)
    };
    let analysis = assemble(draft, samples::facts()).unwrap();
    let parts = serde_json::to_value(Content::default()).unwrap();
    let parts: Vec<_> = parts.as_object().unwrap().keys().cloned().collect();
    assert!(parts.iter().eq(analysis.sources.keys()), "{parts:?}");
    for (part, source) in &analysis.sources {
        let expected = match part.as_str() {
            "summary" => Source {
                source: Origin::Model,
                confidence: Some(1.0),
            },
            _ => Source {
                source: Origin::Missing,
                confidence: None,
            },
        };
        assert_eq!(*source, expected, "{part}");
    }
}

#[test]
fn answer_without_valid_items_is_unusable() {
    assert_eq!(
        assemble(Draft::default(), samples::facts()),
        Err(Unusable::Empty)
    );
    let blank = Content {
        summary: " \u{7}\n".into(),
        ..Content::default()
    };
    assert_eq!(
        assemble(only(blank), samples::facts()),
        Err(Unusable::Empty)
    );
    let given = Some(captions(vec![segment(0.0, 1.0, "words")]));
    let facts = Facts {
        transcript: given,
        ..samples::facts()
    };
    assert_eq!(assemble(Draft::default(), facts), Err(Unusable::Empty));
    let late = Content {
        events: vec![event(9e9, "late")],
        ..Content::default()
    };
    assert_eq!(
        assemble(only(late), samples::facts()),
        Err(Unusable::AllRefused)
    );
}

#[test]
fn title_prefers_platform_over_model() {
    let title = |platform: Option<&str>, model: Option<&str>| {
        let draft = Draft {
            title: model.map(Into::into),
            ..samples::draft()
        };
        let facts = Facts {
            title: platform.map(Into::into),
            ..samples::facts()
        };
        assemble(draft, facts).unwrap().video.title
    };
    assert_eq!(title(Some("p"), Some("m")), "p");
    assert_eq!(title(Some(" \n"), Some("m\u{0}\nn")), "m n");
    assert_eq!(title(None, None), "Untitled");
    assert_eq!(title(Some(&"é".repeat(400)), None).chars().count(), 300);
}

#[test]
fn unknown_duration_falls_back_to_plausible_answer() {
    let duration = |claimed: Option<f64>, given_end_s: Option<f64>| {
        let draft = Draft {
            duration_s: claimed,
            ..samples::draft()
        };
        let transcript = given_end_s.map(|end| captions(vec![segment(0.0, end, "words")]));
        let facts = Facts {
            duration_s: None,
            transcript,
            ..samples::facts()
        };
        assemble(draft, facts).unwrap().video.duration_s
    };
    assert_eq!(duration(Some(700.0), None), Some(700.0));
    assert_eq!(duration(Some(300.0), None), None, "a chapter ends at 600");
    assert_eq!(duration(Some(1e9), Some(650.0)), Some(650.0));
    assert_eq!(duration(Some(-1.0), None), None);
    let live = Facts {
        duration_s: Some(0.0),
        ..samples::facts()
    };
    assert_eq!(
        assemble(samples::draft(), live).unwrap().video.duration_s,
        Some(600.0)
    );
}

#[test]
fn findings_keep_their_ids_and_are_not_repeated() {
    let ids = |events: Vec<Event>| -> Vec<String> {
        let analysis = assemble(
            only(Content {
                events,
                ..Content::default()
            }),
            samples::facts(),
        );
        analysis
            .unwrap()
            .content
            .events
            .into_iter()
            .map(|event| event.id)
            .collect()
    };
    let one = ids(vec![event(12.2, "a")]);
    assert_eq!(one, ids(vec![event(12.7, "a"), event(12.2, " a ")]));
    assert!(one[0].len() == 16 && one[0].starts_with("evt_"));
    assert_eq!(ids(vec![event(13.0, "a"), event(12.0, "a")])[0], one[0]);
}

#[test]
fn upload_has_no_url_and_unknown_language_is_und() {
    let key = format!("up:{}", "ab".repeat(32));
    let facts = Facts {
        key: key.parse().unwrap(),
        ..samples::facts()
    };
    let draft = Draft {
        language: Some("as before".into()),
        ..samples::draft()
    };
    let analysis = assemble(draft, facts).unwrap();
    assert_eq!((analysis.video.url, analysis.video.id), (None, key));
    assert_eq!(analysis.video.platform, "upload");
    assert_eq!(analysis.language, "und");
}

fn time() -> impl Strategy<Value = f64> {
    prop_oneof![-10.0..700.0f64, any::<f64>()]
}

proptest! {
    #[test]
    fn any_answer_gives_consistent_analysis(
        spans in proptest::collection::vec((time(), time(), "\\PC{0,5}"), 0..12),
        window in proptest::option::of((0u32..500, proptest::option::of(1u32..300))),
        duration_s in proptest::option::of(-1i32..700),
        given in any::<bool>(),
    ) {
        let window = window.map(|(start_s, length)| {
            Window { start_s: start_s.into(), end_s: length.map(|length| (start_s + length).into()) }
        });
        let transcript: Vec<_> = spans.iter().map(|(s, e, t)| segment(*s, *e, t)).collect();
        let content = Content {
            summary: "s".into(),
            events: spans.iter().map(|(s, _, t)| event(*s, t)).collect(),
            chapters: spans.iter().map(|(s, e, t)| chapter(*s, *e, t)).collect(),
            transcript: transcript.clone(),
            ..Content::default()
        };
        // Cues that were read from captions are in order.
        let read = transcript.into_iter().filter(|s| 0.0 <= s.start_s && s.start_s <= s.end_s && s.end_s <= MAX_DURATION_S);
        let mut read: Vec<_> = read.collect();
        read.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let transcript = given.then(|| captions(read));
        let duration_s = duration_s.map(f64::from);
        let facts = Facts { window, duration_s, transcript, ..samples::facts() };
        let mut analysis = assemble(only(content), facts.clone()).unwrap();

        let first = window.map_or(0.0, |window| window.start_s);
        let last = window.and_then(|window| window.end_s).unwrap_or(MAX_DURATION_S);
        let last = facts.duration_s.and_then(sane_duration).map_or(last, |d| last.min(d));
        let inside = |at_s: f64| at_s.is_finite() && at_s <= last && (at_s >= first || last < first);
        let Content { events, chapters, transcript, .. } = &analysis.content;
        prop_assert!(events.iter().all(|e| inside(e.at_s)));
        prop_assert!(events.is_sorted_by(|a, b| a.at_s <= b.at_s));
        prop_assert!(chapters.iter().all(|c| inside(c.start_s) && inside(c.end_s)));
        prop_assert!(chapters.iter().all(|c| c.start_s <= c.end_s));
        prop_assert!(chapters.is_sorted_by(|a, b| a.end_s <= b.start_s && a.start_s < b.start_s));
        prop_assert!(transcript.iter().all(|s| inside(s.start_s) && inside(s.end_s)));
        prop_assert!(transcript.is_sorted_by(|a, b| a.start_s <= b.start_s));
        // A refused time can be any number, and JSON keeps all but its last digit.
        prop_assert!(analysis.refused.iter().all(|refused| refused.at_s.is_finite()));
        analysis.refused.clear();
        let json = serde_json::to_string(&analysis).unwrap();
        prop_assert_eq!(serde_json::from_str::<Analysis>(&json).unwrap(), analysis);
    }
}
