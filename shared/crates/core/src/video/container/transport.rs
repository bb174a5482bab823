//! MPEG transport streams (ISO/IEC 13818-1, section 2.4.3).

/// Lengths of packets: alone, with a time code before each (M2TS), with a checksum behind each.
const LENGTHS: [usize; 3] = [188, 192, 204];

/// Maximum number of bytes before the first whole packet.
const MAX_OFFSET: usize = 8 * 1024;

/// Number of packets that must follow one another where the stream begins with one, and where it
/// was cut within one.
const MIN_PACKETS: usize = 2;
const MIN_PACKETS_BEHIND: usize = 4;

/// Returns whether packets of one length follow one another.
pub(super) fn is_stream(head: &[u8]) -> bool {
    LENGTHS.iter().any(|length| {
        (0..MAX_OFFSET.min(head.len())).any(|offset| {
            let is_start = offset == 0 || (offset == 4 && *length == 192);
            let needed = if is_start {
                MIN_PACKETS
            } else {
                MIN_PACKETS_BEHIND
            };
            (0..needed).all(|index| is_packet(head, offset + index * length))
        })
    })
}

/// A sync byte, no transport error, and a payload or an adaptation field.
fn is_packet(head: &[u8], at: usize) -> bool {
    match head.get(at..) {
        Some([0x47, flags, _, control, ..]) => flags & 0x80 == 0 && control & 0x30 != 0,
        _ => false,
    }
}
