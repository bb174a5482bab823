use super::*;

fn texts(captions: &Captions) -> Vec<&str> {
    let segments = captions.segments.iter();
    segments.map(|segment| segment.text.as_str()).collect()
}

/// Converts like `yt-dlp --convert-subs srt`: drops inline times and blank lines.
fn as_subrip(vtt: &str) -> String {
    let mut srt = String::new();
    let mut number = 0;
    let (_, cues) = vtt.split_once("\n\n").unwrap();
    for cue in cues.split("\n\n").filter(|cue| !cue.trim().is_empty()) {
        let (times, payload) = cue.split_once('\n').unwrap();
        let times = times.split(" align").next().unwrap().replace('.', ",");
        number += 1;
        srt += &format!("{number}\n{times}\n");
        for line in payload.lines().filter(|line| !line.trim().is_empty()) {
            let mut plain = String::new();
            for part in line.split('<') {
                plain += part.split_once('>').map_or(part, |(_, words)| words);
            }
            srt += &format!("{plain}\n");
        }
        srt += "\n";
    }
    srt
}

/// Joins both screen lines of every cue into one line.
fn with_joined_lines(srt: &str) -> String {
    let mut joined = String::new();
    for cue in srt.split("\n\n").filter(|cue| !cue.is_empty()) {
        let lines: Vec<&str> = cue.lines().collect();
        joined += &format!("{}\n{}\n{}\n\n", lines[0], lines[1], lines[2..].join(" "));
    }
    joined
}

#[test]
fn rolling_captions_of_youtube_are_stored_once() {
    let vtt = file("tutorial-auto.vtt");
    assert!(words(&parse(&vtt).unwrap().segments) > 4000);
    let srt = as_subrip(&vtt);
    let joined = with_joined_lines(&srt);
    for (name, text) in [("vtt", vtt), ("srt", srt), ("joined", joined)] {
        let captions = read(&text).unwrap();
        assert_eq!(words(&captions.segments), 1410, "{name}");
        assert_eq!(captions.segments[0].start_s, 2.0, "{name}");
        assert_eq!(captions.segments[1].start_s, 7.838, "{name}");
        let lengths = captions.segments.iter().map(|one| one.end_s - one.start_s);
        let shortest = lengths.fold(f64::INFINITY, f64::min);
        assert!(shortest > 0.3, "{name}: {shortest}");
        let pairs = captions.segments.windows(2);
        assert!(pairs.into_iter().all(|two| two[0].end_s <= two[1].start_s));
        // Merged captions do not roll.
        let again = read(&to_vtt(&captions.segments)).unwrap();
        assert_eq!(again.segments, captions.segments, "{name}");
    }
}

#[test]
fn lines_keep_the_times_at_which_they_came() {
    let captions = read(&file("yt-auto-space-first-line.vtt")).unwrap();
    assert_eq!(
        captions.segments,
        [
            segment(0.16, 2.429, "first we open the editor"),
            segment(2.439, 4.749, "then write a handler"),
            segment(8.0, 9.5, "and deploy it"),
        ]
    );
    assert_eq!(captions.lines, [5, 13, 21]);
}

#[test]
fn captions_that_roll_up_three_lines_are_stored_once() {
    let lines = [
        "good evening",
        "here is the news",
        "it rained",
        "it will rain",
        "and that was it",
    ];
    let mut text = String::from("WEBVTT\n");
    for last in 0..lines.len() {
        let shown = &lines[last.saturating_sub(2)..=last];
        let (start, end) = (last * 2, last * 2 + 2);
        text += &format!(
            "\n00:{start:02}.000 --> 00:{end:02}.000\n{}\n",
            shown.join("\n")
        );
    }
    let captions = read(&text).unwrap();
    assert_eq!(texts(&captions), lines);
    assert_eq!(captions.segments[3].start_s, 6.0);
    assert_eq!(captions.segments[3].end_s, 8.0);
}

#[test]
fn captions_that_grow_by_the_word_are_stored_once() {
    let words = ["we", "open", "the", "editor", "and", "write"];
    let mut text = String::new();
    for last in 0..words.len() {
        let shown = words[..=last].join(" ");
        text += &format!(
            "{last}\n00:00:0{last},000 --> 00:00:0{},000\n{shown}\n\n",
            last + 1
        );
    }
    let captions = read(&text).unwrap();
    assert_eq!(
        captions.segments,
        [segment(0.0, 6.0, "we open the editor and write")]
    );
}

#[test]
fn speech_that_repeats_itself_is_kept() {
    for lines in [
        &["No.", "No. No.", "Why not?", "No.", "No."][..],
        &[
            "Row, row, row your boat",
            "Row, row, row your boat",
            "gently down the stream",
        ],
        &[
            "I said stop.",
            "Stop what?",
            "Stop what you do.",
            "Stop what you do.",
        ],
    ] {
        let mut text = String::from("WEBVTT\n");
        for (at, line) in lines.iter().enumerate() {
            text += &format!("\n00:0{at}.000 --> 00:0{}.000\n{line}\n", at + 1);
        }
        assert_eq!(texts(&read(&text).unwrap()), lines);
    }
}

#[test]
fn rolling_captions_keep_word_spoken_twice() {
    let text = "WEBVTT\n\n00:00.000 --> 00:02.000\n \nno<00:00:01.000><c> wait</c>\n\n\
        00:02.000 --> 00:02.010\nno wait\n \n\n\
        00:02.010 --> 00:04.000\nno wait\nno<00:00:03.000><c> wait</c>\n\n\
        00:04.000 --> 00:04.010\nno wait\n \n\n\
        00:04.010 --> 00:06.000\nno wait\nokay\n";
    assert_eq!(texts(&read(text).unwrap()), ["no wait", "no wait", "okay"]);
}

#[test]
fn manual_captions_are_unchanged() {
    let text = file("tutorial-captions.vtt");
    assert_eq!(read(&text), parse(&text));
}

#[test]
fn duplicate_cue_is_stored_once() {
    let cue = "00:01.000 --> 00:02.000\nsame\n\n";
    let text = format!("WEBVTT\n\n{cue}{cue}00:01.000 --> 00:03.000\nsame\n");
    assert_eq!(read(&text).unwrap().segments.len(), 2);
}
