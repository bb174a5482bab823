//! The header of EBML (RFC 8794, section 11.2): Matroska and WebM.

use super::Container;

/// Maximum number of elements of the header that are looked at.
const MAX_ELEMENTS: usize = 16;

/// Id of the element that names the kind of document.
const DOC_TYPE: u64 = 0x4282;

/// Tells Matroska and WebM apart. A header that is cut off before its `DocType` is Matroska's.
pub(super) fn by_doc_type(head: &[u8]) -> Option<Container> {
    match doc_type(head) {
        Some(b"webm") => Some(Container::WebM),
        Some(b"matroska") | None => Some(Container::Matroska),
        Some(_) => None,
    }
}

fn doc_type(head: &[u8]) -> Option<&[u8]> {
    let (_, mut rest) = size(head.get(4..)?)?;
    for _ in 0..MAX_ELEMENTS {
        let (id, after) = number(rest, false)?;
        let (length, after) = size(after)?;
        let length = usize::try_from(length).ok()?;
        let value = after.get(..length)?;
        if id == DOC_TYPE {
            let end = value.iter().position(|byte| *byte == 0).unwrap_or(length);
            return Some(&value[..end]);
        }
        rest = &after[length..];
    }
    None
}

fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    number(bytes, true)
}

/// A number of one to eight bytes: leading zeros tell how many. An id keeps its marker.
fn number(bytes: &[u8], without_marker: bool) -> Option<(u64, &[u8])> {
    let (first, _) = bytes.split_first()?;
    let length = first.leading_zeros() as usize + 1;
    let (number, rest) = bytes.split_at_checked(length)?;
    let value = number
        .iter()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let marker = 1_u64 << (7 * length).min(63);
    Some((
        if without_marker {
            value & !marker
        } else {
            value
        },
        rest,
    ))
}
