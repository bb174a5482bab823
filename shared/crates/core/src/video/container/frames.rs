//! Frames of MPEG audio and of AAC, which have no header of a file before them.

use super::Container;

/// Number of headers that must follow one another in bytes that do not begin with one.
const MIN_FRAMES: usize = 3;

/// Bit rates in kbit/s by index, from 1 to 14 (ISO/IEC 11172-3, section 2.4.2.3; 13818-3): MPEG-1
/// of layers 1, 2 and 3, MPEG-2 of layer 1, and of layers 2 and 3.
const BIT_RATES: [[usize; 14]; 5] = [
    [
        32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ],
    [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Sampling rates of MPEG-1 in Hz; those of MPEG-2 are half of them, those of MPEG-2.5 a quarter.
const SAMPLING_RATES: [usize; 3] = [44_100, 48_000, 32_000];

/// Format of a file that begins with a frame.
pub(super) fn first(head: &[u8]) -> Option<Container> {
    match head {
        // Twelve bits of sync, a bit of version, and layer 0, which only ADTS has.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(Container::Aac),
        [0xff, second, third, ..] if is_mpeg_audio(*second, *third) => Some(Container::MpegAudio),
        _ => None,
    }
}

/// Format of frames that follow one another behind other bytes: zeros, or the rest of a frame that
/// was cut. Each position is tried with a few headers, so the work is linear.
pub(super) fn behind_junk(head: &[u8]) -> Option<Container> {
    (0..head.len())
        .filter(|at| head[*at] == 0xff)
        .find_map(|at| run(head, at))
}

/// Format of the frames that follow one another from `start` on.
fn run(head: &[u8], start: usize) -> Option<Container> {
    let first = Frame::at(head, start)?;
    let mut at = start;
    for _ in 1..MIN_FRAMES {
        at += Frame::at(head, at)?.length;
        if Frame::at(head, at)?.kind != first.kind {
            return None;
        }
    }
    Some(first.container)
}

/// Header of a frame.
struct Frame {
    container: Container,
    length: usize,
    /// Constant part of every header of a file: version, layer, sampling rate.
    kind: [u8; 2],
}

impl Frame {
    fn at(head: &[u8], at: usize) -> Option<Self> {
        let header: &[u8; 7] = head.get(at..)?.first_chunk()?;
        adts(header).or_else(|| mpeg_audio(header))
    }
}

/// ISO/IEC 13818-7, section 6.2.1.
fn adts(header: &[u8; 7]) -> Option<Frame> {
    let [sync, second, third, fourth, fifth, sixth, _] = *header;
    let is_adts = sync == 0xff && second & 0xf6 == 0xf0 && third >> 2 & 0b1111 < 13;
    let length =
        usize::from(fourth & 0b11) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    (is_adts && length > header.len()).then_some(Frame {
        container: Container::Aac,
        length,
        kind: [second, third & 0b1111_1100],
    })
}

/// ISO/IEC 11172-3, section 2.4.1.3. Frames of a free bit rate do not tell their length.
fn mpeg_audio(header: &[u8; 7]) -> Option<Frame> {
    let [sync, second, third, ..] = *header;
    if sync != 0xff || !is_mpeg_audio(second, third) {
        return None;
    }
    let (version, layer) = (second >> 3 & 0b11, second >> 1 & 0b11);
    let is_mpeg_1 = version == 0b11;
    let table = match (is_mpeg_1, layer) {
        (true, 0b11) => 0,
        (true, 0b10) => 1,
        (true, _) => 2,
        (false, 0b11) => 3,
        (false, _) => 4,
    };
    let bit_rate = BIT_RATES[table].get(usize::from(third >> 4).checked_sub(1)?)?;
    let divisor = [4, 1, 2, 1][usize::from(version)];
    let sampling_rate = SAMPLING_RATES.get(usize::from(third >> 2 & 0b11))? / divisor;
    let padding = usize::from(third >> 1 & 1);
    let bits = bit_rate * 1000;
    let length = match layer {
        0b11 => (12 * bits / sampling_rate + padding) * 4,
        0b01 if !is_mpeg_1 => 72 * bits / sampling_rate + padding,
        _ => 144 * bits / sampling_rate + padding,
    };
    Some(Frame {
        container: Container::MpegAudio,
        length,
        kind: [second & 0xfe, third & 0b1100],
    })
}

/// Returns whether these bytes follow a sync byte in a header (MPEG 2.5 has one bit of sync less).
/// A UTF-16 text begins like the one header that no encoder writes: layer 1 of MPEG-1 with a
/// checksum.
fn is_mpeg_audio(second: u8, third: u8) -> bool {
    let (version, layer) = (second >> 3 & 0b11, second >> 1 & 0b11);
    let (bit_rate, sampling) = (third >> 4, third >> 2 & 0b11);
    second & 0xe0 == 0xe0
        && second != 0xfe
        && version != 1
        && layer != 0
        && bit_rate != 15
        && sampling != 3
}
