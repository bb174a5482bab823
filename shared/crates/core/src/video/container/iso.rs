//! Boxes of ISO base media (ISO/IEC 14496-12, section 4.2) and of QuickTime.

/// Maximum number of boxes that are looked at.
const MAX_BOXES: usize = 16;

/// Maximum length of the boxes before the media: a text does not begin with one as small.
const MAX_BOX: u64 = 0x0900_0000;

/// Brands of still pictures in the same boxes: HEIF, AVIF, JPEG 2000, JPEG XL, Canon's raw files.
const STILL: [&[u8; 4]; 17] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"msf1", b"avif", b"avis", b"jp2 ", b"jpx ", b"jxl ", b"crx ",
];

/// Returns whether a file is ISO base media, or `None` if it does not begin with such a box.
///
/// Any box may be the first: `styp` and `moof` in segments of a stream, `uuid` in files of cameras,
/// `moov` and `mdat` in QuickTime from before `ftyp`.
pub(super) fn decide(head: &[u8]) -> Option<bool> {
    let mut at = 0_usize;
    for index in 0..MAX_BOXES {
        let rest = head.get(at..).unwrap_or_default();
        let [a, b, c, d, kind @ ..] = rest else {
            // The boxes seen so far fill what was read.
            return (index > 0).then_some(true);
        };
        let kind: &[u8; 4] = match kind.first_chunk() {
            Some(kind) => kind,
            None => return (index > 0).then_some(true),
        };
        let size = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
        let is_small = size < MAX_BOX && (size >= 8 || size <= 1);
        match kind {
            b"ftyp" | b"styp" if is_small => {
                return Some(!STILL.iter().any(|brand| rest[8..].starts_with(*brand)));
            }
            // The media itself may have any length.
            b"mdat" => return Some(true),
            b"moov" | b"moof" | b"sidx" | b"ssix" | b"pnot" if is_small => return Some(true),
            b"free" | b"skip" | b"wide" | b"uuid" | b"pdin" | b"prft" | b"emsg" | b"meta"
                if is_small && (index > 0 || kind != b"meta") => {}
            _ if index == 0 => return None,
            // A box that is not known here stands between known ones.
            _ if is_small && kind.iter().all(u8::is_ascii_graphic) => {}
            _ => return Some(false),
        }
        // A box of 0 reaches to the end of the file, one of 1 has its length behind its name.
        let size = match size {
            0 => return Some(true),
            1 => {
                let long = rest.get(8..16).and_then(|bytes| bytes.try_into().ok());
                long.map_or(u64::MAX, u64::from_be_bytes).max(16)
            }
            size => size,
        };
        at = at.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    }
    Some(true)
}
