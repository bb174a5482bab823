//! Captions, as callers send them.

use eventrelay::analysis::{
    Captions,
    captions::{self, MAX_BYTES, MAX_TEXT_CHARS},
};

/// Checks that parsed captions are in order, have a line for each segment, and survive a round trip
/// through the stored form and both formats.
pub(crate) fn captions(data: &[u8]) {
    let text = captions::decode(data);
    if let Ok(unrolled) = captions::read(&text) {
        readable(&unrolled);
    }
    let Ok(parsed) = captions::parse(&text) else {
        return;
    };
    readable(&parsed);
    assert_eq!(
        Captions::from_stored(&parsed.to_stored()).as_ref(),
        Ok(&parsed)
    );
    let vtt = captions::to_vtt(&parsed.segments);
    assert_eq!(vtt.matches("-->").count(), parsed.segments.len(), "{vtt}");
    if vtt.len() <= MAX_BYTES {
        let again = captions::parse(&vtt).expect("our own WebVTT");
        assert_eq!(again.segments, parsed.segments, "{vtt}");
        assert_eq!(again.refused, [], "{vtt}");
    }
    let mut silent = parsed.segments;
    silent.iter_mut().for_each(|segment| segment.speaker = None);
    let srt = captions::to_srt(&silent);
    if srt.len() <= MAX_BYTES {
        let again = captions::parse(&srt).expect("our own SubRip");
        assert_eq!(again.segments, silent, "{srt}");
        assert_eq!(again.refused, [], "{srt}");
    }
}

fn readable(captions: &Captions) {
    let Captions {
        segments,
        lines,
        refused,
    } = captions;
    assert!(!segments.is_empty());
    assert_eq!(segments.len(), lines.len());
    assert!(segments.is_sorted_by(|one, next| one.start_s <= next.start_s));
    for segment in segments {
        assert!(segment.start_s >= 0.0 && segment.start_s <= segment.end_s);
        assert!(!segment.text.is_empty() && !segment.text.contains(char::is_control));
        assert!(segment.text.chars().count() <= MAX_TEXT_CHARS + 16);
    }
    for one in refused {
        let detail = one.detail.as_deref().unwrap_or_default();
        assert!(one.line.is_some() && !detail.is_empty());
        assert!(
            detail.len() < 300 && !detail.contains(char::is_control),
            "{detail:?}"
        );
    }
}
