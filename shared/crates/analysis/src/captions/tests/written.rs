use proptest::prelude::*;

use super::*;
use crate::text;

/// Text that programs tend to corrupt. `tests/captions/run` reads it back with other programs.
const CODE: &str = "AT&T &amp; Vec<String> a < b --> c";

#[test]
fn webvtt_escapes_what_the_specification_demands() {
    let vtt = to_vtt(&[said_by("A > B", segment(1.0, 2.0, CODE))]);
    assert_eq!(
        vtt,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n\
         <v A &gt; B>AT&amp;T &amp;amp; Vec&lt;String&gt; a &lt; b --&gt; c</v>\n"
    );
    assert_eq!(segments(&vtt), [said_by("A > B", segment(1.0, 2.0, CODE))]);
}

#[test]
fn other_programs_read_written_captions_unchanged() {
    let texts: Vec<String> = serde_json::from_str(&file("written/texts.json")).unwrap();
    let starts = (1..).step_by(2).map(f64::from);
    let spoken: Vec<Segment> = { texts.iter().zip(starts) }
        .map(|(text, start_s)| segment(start_s, start_s + 1.0, text))
        .collect();
    for (written, name) in [
        (to_vtt(&spoken), "written/texts.vtt"),
        (to_srt(&spoken), "written/texts.srt"),
    ] {
        assert_eq!(written, file(name));
        assert_eq!(segments(&written), spoken, "{name}");
    }
}

#[test]
fn subrip_writes_words_as_they_are() {
    let srt = to_srt(&[segment(1.0, 2.0, CODE)]);
    assert_eq!(srt, format!("1\n00:00:01,000 --> 00:00:02,000\n{CODE}\n"));
    assert_eq!(segments(&srt), [segment(1.0, 2.0, CODE)]);
}

#[test]
fn subrip_writer_protects_words_like_markup_or_times() {
    for (text, written) in [
        (
            "the <b> element </b>",
            "the <\u{2060}b> element <\u{2060}/b>",
        ),
        ("{\\an8} is a tag", "{\u{2060}\\an8} is a tag"),
        (
            "<00:00:01.000> is a time",
            "<\u{2060}00:00:01.000> is a time",
        ),
    ] {
        let srt = to_srt(&[segment(1.0, 2.0, text)]);
        assert!(srt.ends_with(&format!("{written}\n")), "{srt}");
        assert_eq!(segments(&srt), [segment(1.0, 2.0, text)]);
    }
    let times = "00:00:01,000 --> 00:00:02,000";
    let srt = to_srt(&[segment(1.0, 2.0, times)]);
    assert_eq!(srt.matches("-->").count(), 1, "{srt}");
    assert_eq!(segments(&srt), [segment(1.0, 2.0, times)]);
}

#[test]
fn a_speaker_is_written_in_both_formats() {
    let spoken = [said_by("A --", segment(0.0, 1.0, "-->"))];
    let vtt = to_vtt(&spoken);
    assert_eq!(vtt.matches("-->").count(), 1, "{vtt}");
    assert_eq!(segments(&vtt), spoken);
    assert!(to_srt(&spoken).ends_with("A --: -->\n"));
}

#[test]
fn long_cues_are_split_and_not_cut() {
    let sentence = "and then we go on and on. ";
    for text in [
        sentence.repeat(1000),
        "word ".repeat(9000),
        "漢".repeat(20_000),
    ] {
        let text = text.trim();
        let captions = parse(&format!("WEBVTT\n\n00:00.000 --> 10:00.000\n{text}\n")).unwrap();
        let parts = &captions.segments;
        assert!(parts.len() > 1);
        assert!(
            parts
                .iter()
                .all(|one| one.text.chars().count() <= MAX_TEXT_CHARS)
        );
        let texts: Vec<&str> = parts.iter().map(|one| one.text.as_str()).collect();
        let gap = if text.contains(' ') { " " } else { "" };
        assert_eq!(texts.join(gap), text);
        assert_eq!(
            (parts[0].start_s, parts.last().unwrap().end_s),
            (0.0, 600.0)
        );
        assert!(parts.windows(2).all(|two| two[0].end_s == two[1].start_s));
        assert_eq!(captions.lines, vec![3; parts.len()]);
    }
}

fn some_words() -> impl Strategy<Value = String> {
    "([ -~é\u{200e}\u{2060}]|&lt;|<b>|</i>|<font color=x>|-->|\\{\\\\an8\\}|\\\\N|<00:00:01\\.000>|00:00:01,000 --> 00:00:02,000|WEBVTT|NOTE|[0-9]){1,30}"
        .prop_map(|words| text::line(&words, usize::MAX))
        .prop_filter("words are said", |text| !text.is_empty())
}

fn some_segments() -> impl Strategy<Value = Vec<Segment>> {
    let speaker = proptest::option::of(some_words());
    let cue = (0u32..500_000, 0u32..9000, some_words(), speaker);
    proptest::collection::vec(cue, 1..12).prop_map(|cues| {
        let mut start = 0;
        let mut place = |(gap, length, text, speaker): (u32, u32, String, _)| {
            start += gap;
            Segment {
                start_s: seconds(start.into()),
                end_s: seconds((start + length).into()),
                text,
                speaker,
            }
        };
        cues.into_iter().map(&mut place).collect()
    })
}

proptest! {
    #[test]
    fn webvtt_that_is_written_is_read_back(written in some_segments()) {
        prop_assert_eq!(segments(&to_vtt(&written)), written);
    }

    #[test]
    fn subrip_that_is_written_is_read_back(mut written in some_segments()) {
        written.iter_mut().for_each(|segment| segment.speaker = None);
        prop_assert_eq!(segments(&to_srt(&written)), written);
    }
}
