//! Tags before a sound file.

/// Maximum number of tags that are skipped.
const MAX_TAGS: usize = 8;

/// Minimum number of bytes behind a tag from which a container can be told.
pub(super) const MIN_BODY: usize = 16;

/// Length of an ID3v1 tag.
const ID3V1: usize = 128;

/// Header of ID3v2 and, after `APETAGEX`, of APEv2.
const ID3V2_HEADER: usize = 10;
const APE_HEADER: usize = 32;

/// Returns the end of the tags at the beginning of a file: ID3v2
/// (<https://id3.org/id3v2.4.0-structure>), APEv2 and ID3v1.
///
/// The end may lie behind the end of `head`; lengths are only added and compared.
pub(super) fn end(head: &[u8]) -> usize {
    let mut end = 0_usize;
    for _ in 0..MAX_TAGS {
        match head.get(end..).and_then(length) {
            Some(length) => end = end.saturating_add(length),
            None => break,
        }
    }
    // Some programs pad behind the tag instead of in it.
    let padding = head
        .get(end..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| **byte == 0);
    match end {
        0 => 0,
        end => end.saturating_add(padding.count()),
    }
}

fn length(head: &[u8]) -> Option<usize> {
    match head {
        // Four bytes of seven bits each.
        [b'I', b'D', b'3', major, _, flags, a, b, c, d, ..]
            if *major < 0x10 && (a | b | c | d) & 0x80 == 0 =>
        {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |size, byte| size << 7 | usize::from(**byte));
            let footer = if flags & 0x10 == 0 { 0 } else { ID3V2_HEADER };
            Some(ID3V2_HEADER + size + footer)
        }
        [
            b'A',
            b'P',
            b'E',
            b'T',
            b'A',
            b'G',
            b'E',
            b'X',
            _,
            _,
            _,
            _,
            a,
            b,
            c,
            d,
            ..,
        ] => {
            let size = u32::from_le_bytes([*a, *b, *c, *d]);
            Some(APE_HEADER.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)))
        }
        [b'T', b'A', b'G', ..] if head.len() > ID3V1 && head[ID3V1] == 0xff => Some(ID3V1),
        _ => None,
    }
}
