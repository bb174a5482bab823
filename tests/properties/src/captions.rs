//! Captions, as callers send them.

use eventrelay::analysis::captions::{self, MAX_CUES};

/// What is read is in order and can be written in both formats, from which nothing breaks out.
pub(crate) fn captions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(segments) = captions::parse(text) else {
        return;
    };
    assert!(!segments.is_empty());
    assert!(segments.is_sorted_by(|one, next| one.start_s <= next.start_s));
    for segment in &segments {
        assert!(segment.start_s >= 0.0 && segment.start_s <= segment.end_s);
        assert!(!segment.text.is_empty() && !segment.text.contains(char::is_control));
    }
    let vtt = captions::to_vtt(&segments);
    assert_eq!(vtt.matches("-->").count(), segments.len(), "{vtt}");
    let srt = captions::to_srt(&segments);
    assert_eq!(srt.matches("-->").count(), segments.len(), "{srt}");
    // One cue may be several segments.
    if segments.len() <= MAX_CUES && vtt.len() <= captions::MAX_BYTES {
        assert_eq!(captions::parse(&vtt).as_ref(), Ok(&segments), "{vtt}");
    }
    let mut silent = segments;
    silent.iter_mut().for_each(|segment| segment.speaker = None);
    let srt = captions::to_srt(&silent);
    if silent.len() <= MAX_CUES && srt.len() <= captions::MAX_BYTES {
        assert_eq!(captions::parse(&srt).as_ref(), Ok(&silent), "{srt}");
    }
}
