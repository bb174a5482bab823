use proptest::prelude::*;

use super::*;

#[test]
fn webvtt_with_everything_is_read() {
    let text = "\u{feff}WEBVTT - a title\r\nKind: captions\r\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\r\n\r\n\
        STYLE\r\n::cue { color: red }\r\n\r\nREGION\r\nid:fred\r\n\r\nNOTE\r\nnot spoken\r\n\r\n\
        intro\r\n00:01.000 --> 00:02.500 align:start position:0%\r\n\
        <v.loud Ada Lovelace>Hello <c.yellow>there</c>,<00:00:01.500> you &amp; I &lt;3</v>\r\n\r\n\
        01:00:00.000 --> 01:00:01.000\r\ntwo\r\nlines\r\n\r\n\
        01:00:01.000 --> 01:00:02.000\r\n\r\n\
        01:00:02.000-->01:00:03.000\r\n<v A>ask</v> <v B>answer</v> after";
    assert_eq!(
        segments(text),
        [
            said_by("Ada Lovelace", segment(1.0, 2.5, "Hello there, you & I <3")),
            segment(3600.0, 3601.0, "two lines"),
            said_by("A", segment(3602.0, 3603.0, "ask")),
            said_by("B", segment(3602.0, 3603.0, "answer")),
            segment(3602.0, 3603.0, "after"),
        ]
    );
}

#[test]
fn cue_text_follows_the_tokenizer_of_the_specification() {
    for (payload, expected) in [
        ("a<b.x>b</b>c", "abc"),
        ("<i>never closed", "never closed"),
        ("x</i>y</nothing>z", "xyz"),
        ("<>a", "a"),
        ("a > b", "a > b"),
        ("swallowed <b rest", "swallowed"),
        ("<unknown attr>word</unknown>", "word"),
        ("<ruby>漢<rt>kan</rt>字<rt>ji</ruby>です", "漢字です"),
        ("<rt>outside</rt>", "outside"),
        ("<lang en>hi</lang>&nbsp;&lrm;you", "hi you"),
        (
            "1&thinsp;000&hellip; &NotEqualTilde; &copy &notit;",
            "1 000… ≂̸ © ¬it;",
        ),
    ] {
        let text = format!("WEBVTT\n\n00:00.000 --> 00:01.000\n{payload}\n");
        let cues = segments(&text);
        assert_eq!(cues, [segment(0.0, 1.0, expected)], "{payload}");
    }
}

#[test]
fn voices_may_stand_behind_a_dash_or_words() {
    let text = "WEBVTT\n\n00:00.000 --> 00:01.000\n– <v Ann &amp; Co>one</v>\n- <v Bob>two\n\n\
        00:01.000 --> 00:02.000\nwords <v>of none</v>\n\n00:02.000 --> 00:03.000\n- a dash stays\n";
    assert_eq!(
        segments(text),
        [
            said_by("Ann & Co", segment(0.0, 1.0, "one")),
            said_by("Bob", segment(0.0, 1.0, "two")),
            segment(1.0, 2.0, "words"),
            segment(1.0, 2.0, "of none"),
            segment(2.0, 3.0, "- a dash stays"),
        ]
    );
}

#[test]
fn segments_of_a_stream_that_were_joined_keep_their_times() {
    let text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n\
        00:01.000 --> 00:02.000\na\n\nWEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1800000,LOCAL:00:00:00.000\n\n\
        00:01.000 --> 00:02.000\nb\n";
    assert_eq!(
        segments(text),
        [segment(1.0, 2.0, "a"), segment(11.0, 12.0, "b")]
    );
}

#[test]
fn bad_cues_of_webvtt_are_refused_and_the_rest_is_used() {
    use RefusalReason::{NotACue, NotATime, OutOfOrder};
    let good = "00:05.000 --> 00:06.000\ngood\n";
    for (bad, refused) in [
        ("00:60.000 --> 00:61.000\na", (3, NotATime)),
        ("1:00:00 --> 1:00:01\na", (3, NotATime)),
        ("00:01,000 --> 00:02,000\na", (3, NotATime)),
        ("-0:02.000 --> 00:01.000\na", (3, NotATime)),
        ("00:02.000 -->\na", (3, NotATime)),
        ("99999:00:02.000 --> 99999:00:03.000\na", (3, NotATime)),
        ("id\n00:02.000 --> 00:01.000\na", (4, OutOfOrder)),
        ("stray words", (3, NotACue)),
        ("one\ntwo\n00:02.000 --> 00:03.000\na", (3, NotACue)),
    ] {
        let text = format!("WEBVTT\n\n{bad}\n\n{good}");
        let captions = parse(&text).unwrap();
        assert_eq!(captions.segments.last().unwrap().text, "good", "{bad}");
        assert_eq!(refusals(&captions), [refused], "{bad}");
    }
}

#[test]
fn an_arrow_ends_a_cue_of_webvtt() {
    let text = "WEBVTT\n00:00.000 --> 00:01.000\na\n00:01.000 --> 00:02.000\nb\nA --> B\nlost";
    let captions = parse(text).unwrap();
    assert_eq!(
        captions.segments,
        [segment(0.0, 1.0, "a"), segment(1.0, 2.0, "b")]
    );
    assert_eq!(refusals(&captions), [(6, RefusalReason::NotATime)]);
}

#[test]
fn subrip_under_a_webvtt_header_is_read() {
    let text = "WEBVTT\n\n1\n00:00:01,000 --> 00:00:02,000\na\n";
    assert_eq!(segments(text), [segment(1.0, 2.0, "a")]);
}

#[test]
fn subrip_is_read_as_players_read_it() {
    let one = |times: &str| segments(&format!("1\n{times}\nwords\n"))[0].clone();
    for (times, start_s, end_s) in [
        ("00:00:01,000 --> 00:00:02,500 X1:1 X2:2", 1.0, 2.5),
        ("0:0:1,5-->0:0:2.25", 1.0 + 0.5, 2.25),
        ("00 : 00 : 01 , 000  ->  00 : 00 : 02 , 000", 1.0, 2.0),
        ("00:01 → 00:02", 1.0, 2.0),
        ("00:00:01:500 --> 00:00:02:500", 1.5, 2.5),
        ("00:00:01:12 --> 00:00:02;23", 1.5, 2.958),
        ("00:00:01:12 --> 00:00:02:24", 1.48, 2.96),
        ("00:00:59,999 --> 00:01:60,000", 59.999, 120.0),
        ("100:00:00,000 --> 100:00:01,000", 360_000.0, 360_001.0),
        ("00:00:01.123456789 --> 00:00:02,9999", 1.123, 2.999),
        ("-00:00:01,000 --> 00:00:02,000", 0.0, 2.0),
        (
            "\u{202b}00:00:01,000\u{a0}-->\u{a0}00:00:02,000\u{202c}",
            1.0,
            2.0,
        ),
    ] {
        assert_eq!(one(times), segment(start_s, end_s, "words"), "{times}");
    }
    let behind = one("00:00:01,000 --> 00:00:02,000 Oh, these");
    assert_eq!(behind, segment(1.0, 2.0, "Oh, these words"));
}

#[test]
fn only_tags_of_subrip_are_markup_in_subrip() {
    for (payload, expected) in [
        (
            "<i>Hello</i> <font color=\"red\">you</font> < b >x</ b >",
            "Hello you x",
        ),
        ("<I>A</I><s>B</s><U>C</U><br>", "ABC<br>"),
        (
            "Vec<String> AT&amp;T &lt;i&gt; 1 < 2 <i, j> a<b",
            "Vec<String> AT&amp;T &lt;i&gt; 1 < 2 <i, j> a<b",
        ),
        ("{\\an8}top {curly} \\N stays\\h", "top {curly} stays"),
        ("C:\\New {curly}", "C:\\New {curly}"),
        ("{\\an8 not closed", "{\\an8 not closed"),
        (
            "we<00:00:00.500><c> are</c> timed &amp; read",
            "we are timed & read",
        ),
        ("A -> B --> C", "A -> B --> C"),
    ] {
        let text = format!("1\n00:00:00,000 --> 00:00:01,000\n{payload}\n");
        assert_eq!(segments(&text), [segment(0.0, 1.0, expected)], "{payload}");
    }
}

#[test]
fn subrip_reader_keeps_numbers_that_number_no_cue() {
    let text = "00:00:01,000 --> 00:00:02,000\n2019\n\n00:00:02,000 --> 00:00:03,000\n7\n\n";
    assert_eq!(
        segments(text),
        [segment(1.0, 2.0, "2019"), segment(2.0, 3.0, "7")]
    );
    let spread =
        "1\n\n00:00:01,000 --> 00:00:02,000\n\na\n\n2\n\n00:00:02,000 --> 00:00:03,000\n\nb\n";
    assert_eq!(
        segments(spread),
        [segment(1.0, 2.0, "a"), segment(2.0, 3.0, "b")]
    );
}

#[test]
fn bad_cues_of_subrip_are_refused_and_the_rest_is_used() {
    use RefusalReason::{NotACue, NotATime, OutOfOrder};
    let text = "made by hand\n\n1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:xx --> 00:00:04,000\nlost\n\n\
        3\nlost too\n\n4\n00:00:06,000 --> 00:00:05,000\nlost\n\n5\n00:00:07,000 --> 00:00:08,000\nb\n\n\
        6\nno times\n\n7\n-00:00:09,000 --> -00:00:08,000\nlost\n\n8\n00:00:09,000 --> 00:00:10,000\nc\n";
    let captions = parse(text).unwrap();
    assert_eq!(
        captions.segments,
        [
            segment(1.0, 2.0, "a"),
            segment(7.0, 8.0, "b"),
            segment(9.0, 10.0, "c")
        ]
    );
    assert_eq!(
        refusals(&captions),
        [
            (1, NotACue),
            (8, NotATime),
            (15, OutOfOrder),
            (22, NotACue),
            (26, NotATime)
        ]
    );
}

#[test]
fn subrip_reader_accepts_earlier_times_confirmed_by_next_cue() {
    let head = "1\n00:00:10,000 --> 00:02:00,000\na\n\n2\n00:02:00,000 --> 00:00:20,000\nlost\n\n\
        3\n00:00:20,000 --> 00:00:30,000\nb\n\n";
    assert_eq!(parse(head).unwrap().segments.len(), 1);
    let more = format!("{head}4\n00:00:30,000 --> 00:00:40,000\nc\n");
    assert_eq!(parse(&more).unwrap().segments.len(), 3);
}

#[test]
fn whole_files_are_refused_with_their_format_and_what_to_do() {
    for (text, message) in [
        ("", "the captions hold no text"),
        ("WEBVTT", "the captions hold no text"),
        (
            "WEBVTT\n\n00:00.000 --> 00:01.000\n<i></i> &nbsp;\n",
            "the captions hold no text",
        ),
        (
            "WEBVTT\n\n00:00:x --> 00:01.000\na",
            "no cue can be used, 1 were refused; the first: line 3: `00:00:x --> 00:01.000` is not the times of a cue",
        ),
        (
            "\n\nplain words",
            "line 3: text without the times of cues, neither WebVTT nor SubRip",
        ),
        ("1\nplain words", "line 1: text without the times"),
        ("WEBVTTX\n\nplain", "line 1: text without"),
        (
            "<?xml version=\"1.0\"?><tt/>",
            "line 1: XML such as TTML, neither WebVTT nor SubRip; convert",
        ),
        ("[Script Info]\nTitle: x", "line 1: SubStation Alpha (.ass)"),
        ("{\"events\": []}", "line 1: JSON"),
        ("[00:12.00]words", "line 1: lyrics (.lrc)"),
        ("{10}{20}words", "line 1: MicroDVD (.sub)"),
        ("0:00:01.000,0:00:02.000\nwords", "line 1: SubViewer (.sbv)"),
        ("<!DOCTYPE html><p>", "line 1: a web page"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        head in "(WEBVTT\n\n|1\n|)",
        body in "([0-9:.,;\n ]|-->|->|<v |<c>|<rt>|<00:00:01\\.000>|00:0[0-9]:[0-9]{2}[.,][0-9]{3}|<|>|\\{\\\\|\\}|&#x?|;|[a-z]|\\PC){0,120}"
    ) {
        for captions in [parse(&format!("{head}{body}")), read(&format!("{head}{body}"))].into_iter().flatten() {
            prop_assert!(captions.segments.is_sorted_by(|a, b| a.start_s <= b.start_s));
            prop_assert!(captions.segments.iter().all(|s| 0.0 <= s.start_s && s.start_s <= s.end_s));
            prop_assert!(captions.segments.iter().all(|s| !s.text.is_empty()));
            prop_assert_eq!(captions.segments.len(), captions.lines.len());
            prop_assert_eq!(Captions::from_stored(&captions.to_stored()).unwrap(), captions);
        }
    }
}
