use proptest::prelude::*;

use super::*;

fn segment(start_s: f64, end_s: f64, text: &str) -> Segment {
    Segment {
        start_s,
        end_s,
        text: text.into(),
        speaker: None,
    }
}

#[test]
fn webvtt_with_everything_is_read() {
    let text = "\u{feff}WEBVTT - a title\r\nKind: captions\r\nLanguage: en\r\n\r\n\
        STYLE\r\n::cue { color: red }\r\n\r\nREGION\r\nid:fred\r\n\r\nNOTE\r\nnot spoken\r\n\r\n\
        intro\r\n00:01.000 --> 00:02.500 align:start position:0%\r\n\
        <v.loud Ada Lovelace>Hello <c.yellow>there</c>,<00:00:01.500> you &amp; I &lt;3</v>\r\n\r\n\
        01:00:00.000 --> 01:00:01.000\r\ntwo\r\nlines\r\n\r\n\
        01:00:01.000 --> 01:00:02.000\r\n\r\n\
        01:00:02.000 --> 01:00:03.000\r\n<v A>ask</v> <v B>answer</v>";
    let mut ada = segment(1.0, 2.5, "Hello there, you & I <3");
    ada.speaker = Some("Ada Lovelace".into());
    let turn = |name: &str, text: &str| Segment {
        speaker: Some(name.into()),
        ..segment(3602.0, 3603.0, text)
    };
    assert_eq!(
        parse(text).unwrap(),
        [
            ada,
            segment(3600.0, 3601.0, "two lines"),
            turn("A", "ask"),
            turn("B", "answer")
        ]
    );
}

#[test]
fn srt_is_read() {
    let text = "\n1\r\n00:00:01,000 --> 00:00:02,500 X1:1\r\n<i>Hello</i> <font color=\"red\">you</font>\r\nthere\r\n\r\n\r\n\
        2\r\n00:00:02,5 --> 00:00:04.000\r\n1 < 2 & AT&T\r\n";
    assert_eq!(
        parse(text).unwrap(),
        [
            segment(1.0, 2.5, "Hello you there"),
            segment(2.5, 4.0, "1 < 2 & AT&T")
        ]
    );
}

#[test]
fn rolling_captions_may_overlap() {
    let text = "WEBVTT\n\n00:00.000 --> 00:05.000\na\n\n00:02.000 --> 00:07.000\na b\n\n00:02.000 --> 00:02.000\nc\n";
    assert_eq!(parse(text).unwrap().len(), 3);
}

#[test]
fn webvtt_cues_need_no_blank_line_before_their_times() {
    let text = "WEBVTT\n00:00.000 --> 00:01.000\na\n00:01.000 --> 00:02.000\nb";
    assert_eq!(
        parse(text).unwrap(),
        [segment(0.0, 1.0, "a"), segment(1.0, 2.0, "b")]
    );
}

#[test]
fn faults_are_named_with_their_line() {
    use CaptionError::*;
    for (text, error) in [
        ("", NoText),
        ("WEBVTT", NoText),
        (
            "WEBVTT\n\n00:00.000 --> 00:01.000\n<i></i> &nbsp;\n",
            NoText,
        ),
        (
            "WEBVTTX\n\n00:00.000 --> 00:01.000\na",
            UnknownFormat { line: 1 },
        ),
        ("\n\nplain words", UnknownFormat { line: 3 }),
        ("1\nplain words", UnknownFormat { line: 1 }),
        (
            "WEBVTT\n\n00:60.000 --> 00:61.000\na",
            BadTiming { line: 3 },
        ),
        ("WEBVTT\n\n1:00:00 --> 1:00:01\na", BadTiming { line: 3 }),
        (
            "WEBVTT\n\n00:02.000 --> 00:01.000\na",
            BadTiming { line: 3 },
        ),
        (
            "WEBVTT\n\n-0:02.000 --> 00:01.000\na",
            BadTiming { line: 3 },
        ),
        ("WEBVTT\n\n00:02.000 -->\na", BadTiming { line: 3 }),
        (
            "WEBVTT\n\n9999:00:02.000 --> 9999:00:03.000\na",
            BadTiming { line: 3 },
        ),
        (
            "WEBVTT\n\n00:02.000 --> 00:03.000\na\n\nid\n00:01.000 --> 00:03.000\nb",
            OutOfOrder { line: 7 },
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\na\n\nstray words\n",
            NotACue { line: 5 },
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:02,000 --> 00:00:03,000\nb",
            NotACue { line: 5 },
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\na\n\nx\n00:00:02,000 --> 00:00:03,000\nb",
            NotACue { line: 5 },
        ),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn size_and_number_are_bounded() {
    assert_eq!(
        parse(&"a".repeat(MAX_BYTES + 1)),
        Err(CaptionError::TooLarge)
    );
    let cue = "00:00.000 --> 00:01.000\na\n\n";
    let full = format!("WEBVTT\n\n{}", cue.repeat(MAX_CUES));
    assert_eq!(parse(&full).unwrap().len(), MAX_CUES);
    assert_eq!(
        parse(&format!("{full}{cue}")),
        Err(CaptionError::TooManyCues {
            line: 3 + 3 * MAX_CUES
        })
    );
}

#[test]
fn unclosed_markup_takes_no_longer_than_other_text() {
    let begun = std::time::Instant::now();
    for run in ["<a", "&", "&#", "<v "] {
        let text = format!(
            "WEBVTT\n\n00:00.000 --> 00:01.000\n{}",
            run.repeat(300_000 / run.len())
        );
        let segments = parse(&text).unwrap();
        assert!(parse(&to_srt(&segments)).is_ok() || to_srt(&segments).len() > MAX_BYTES);
    }
    // Quadratic reading takes many times as long.
    assert!(begun.elapsed().as_secs() < 15);
}

#[test]
fn what_would_be_markup_is_escaped_in_srt_and_the_rest_is_not() {
    let text = "AT&T &amp; Vec<String> a < b --> c";
    let srt = to_srt(&[segment(1.0, 2.0, text)]);
    assert_eq!(
        srt,
        "1\n00:00:01,000 --> 00:00:02,000\nAT&T &amp;amp; Vec&lt;String> a < b --&gt; c\n"
    );
    assert_eq!(parse(&srt).unwrap(), [segment(1.0, 2.0, text)]);
}

#[test]
fn a_speaker_is_written_in_both_formats() {
    let spoken = Segment {
        speaker: Some("A > B".into()),
        ..segment(0.0, 1.0, "hi")
    };
    assert!(to_vtt(std::slice::from_ref(&spoken)).ends_with("<v A &gt; B>hi</v>\n"));
    assert!(to_srt(&[spoken]).ends_with("A > B: hi\n"));
}

fn words() -> impl Strategy<Value = String> {
    "([ -~é\u{200e}]|&lt;|<b>|-->|WEBVTT|NOTE|[0-9]){1,30}"
        .prop_map(|text| markup::single_line(&text))
        .prop_filter("words are said", |text| !text.is_empty())
}

fn segments() -> impl Strategy<Value = Vec<Segment>> {
    let speaker = proptest::option::of(words());
    proptest::collection::vec((0u32..500_000, 0u32..9000, words(), speaker), 1..12).prop_map(
        |cues| {
            let mut start = 0;
            let mut place = |(gap, length, text, speaker): (u32, u32, String, _)| {
                start += gap;
                Segment {
                    start_s: seconds(start),
                    end_s: seconds(start + length),
                    text,
                    speaker,
                }
            };
            cues.into_iter().map(&mut place).collect()
        },
    )
}

#[test]
fn a_speaker_makes_no_arrow() {
    let segments = [Segment {
        start_s: 0.0,
        end_s: 1.0,
        text: "-->".into(),
        speaker: Some("A --".into()),
    }];
    let vtt = to_vtt(&segments);
    assert_eq!(vtt.matches("-->").count(), 1, "{vtt}");
    assert_eq!(parse(&vtt).unwrap(), segments);
    assert_eq!(to_srt(&segments).matches("-->").count(), 1);
}

proptest! {
    #[test]
    fn webvtt_that_is_written_is_read_back(segments in segments()) {
        prop_assert_eq!(parse(&to_vtt(&segments)).unwrap(), segments);
    }

    #[test]
    fn srt_that_is_written_is_read_back(mut segments in segments()) {
        segments.iter_mut().for_each(|segment| segment.speaker = None);
        prop_assert_eq!(parse(&to_srt(&segments)).unwrap(), segments);
    }

    #[test]
    fn any_text_is_read_or_refused(
        head in "(WEBVTT\n\n|1\n|)", body in "([0-9:.,\n ]|-->|<v |<|>|&#x?|;|[a-z]|\\PC){0,200}"
    ) {
        let _ = parse(&format!("{head}{body}"));
    }

    #[test]
    fn what_is_read_is_in_order(
        cues in proptest::collection::vec((0u32..100, 0u32..100, "[a-z<>&;/ ]{0,9}"), 0..9)
    ) {
        let mut text = String::from("WEBVTT\n\n");
        for (start, end, words) in cues {
            text += &format!("{} --> {}\n{words}\n\n", clock(start.into(), '.'), clock(end.into(), '.'));
        }
        if let Ok(segments) = parse(&text) {
            prop_assert!(segments.is_sorted_by(|a, b| a.start_s <= b.start_s));
            prop_assert!(segments.iter().all(|s| s.start_s <= s.end_s && !s.text.is_empty()));
        }
    }
}
