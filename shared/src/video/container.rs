//! The container of a recording, told by its first bytes.
//!
//! Only those that Gemini takes are known; nearly all of them begin with bytes of their own, so that
//! a page, a document, an archive or a program is none of them, whatever comes behind its first
//! bytes. (Of old QuickTime files only the name of a box is sure: a text with `mdat` as its fifth to
//! eighth letter is taken for one, and refused by Gemini.) The crate `infer` was looked at: it knows neither 3GPP nor MPEG transport streams, not
//! all brands of MP4, and takes anything with `mdat` at its thirteenth byte for QuickTime.

/// How many bytes of the beginning are needed: a few packets of a transport stream.
pub const HEAD_BYTES: u64 = 1024;

/// A family of file formats that tell their codecs inside, or a format of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// ISO base media, ISO/IEC 14496-12: MP4, M4A, QuickTime, 3GPP.
    IsoMedia,
    /// Matroska and WebM (RFC 8794, section 11.2.1: EBML).
    Matroska,
    /// RIFF of the form `AVI `.
    Avi,
    /// RIFF, RF64 or BW64 of the form `WAVE`.
    Wave,
    /// Advanced Systems Format: WMV.
    Asf,
    /// Flash video.
    Flv,
    /// MPEG-1 and MPEG-2: program, transport and elementary streams.
    Mpeg,
    /// MPEG audio of layers 1 to 3.
    MpegAudio,
    /// AAC in ADTS or ADIF.
    Aac,
    /// Ogg (RFC 3533).
    Ogg,
    /// FLAC (RFC 9639).
    Flac,
}

/// Media types of recordings that are taken, as Gemini's documentation has them
/// (<https://ai.google.dev/gemini-api/docs/video-understanding>, …/audio), with the containers that
/// files of these types are in.
const MEDIA_TYPES: [(&str, &[Container]); 21] = {
    use Container::*;
    [
        ("video/mp4", &[IsoMedia]),
        ("video/mpeg", &[Mpeg]),
        ("video/quicktime", &[IsoMedia]),
        ("video/mov", &[IsoMedia]),
        ("video/avi", &[Avi]),
        ("video/x-msvideo", &[Avi]),
        ("video/x-flv", &[Flv]),
        ("video/webm", &[Matroska]),
        ("video/wmv", &[Asf]),
        ("video/x-ms-wmv", &[Asf]),
        ("video/3gpp", &[IsoMedia]),
        ("video/x-matroska", &[Matroska]),
        ("audio/mpeg", &[MpegAudio]),
        ("audio/mp3", &[MpegAudio]),
        ("audio/mp4", &[IsoMedia]),
        ("audio/wav", &[Wave]),
        ("audio/x-wav", &[Wave]),
        // An ID3 tag may stand before it, as before MPEG audio; M4A is called so as well.
        ("audio/aac", &[Aac, MpegAudio, IsoMedia]),
        ("audio/ogg", &[Ogg]),
        ("audio/flac", &[Flac]),
        ("audio/webm", &[Matroska]),
    ]
};

/// The media types of the recordings that are taken.
pub fn media_types() -> impl Iterator<Item = &'static str> {
    MEDIA_TYPES.iter().map(|(name, _)| *name)
}

/// Whether recordings of this media type, in lower case, are taken.
#[must_use]
pub fn is_media_type(media_type: &str) -> bool {
    MEDIA_TYPES.iter().any(|(name, _)| *name == media_type)
}

/// Whether a file that begins so can be of this media type.
#[must_use]
pub fn fits(media_type: &str, head: &[u8]) -> bool {
    let known = MEDIA_TYPES.iter().find(|(name, _)| *name == media_type);
    known
        .zip(Container::of(head))
        .is_some_and(|((_, containers), found)| containers.contains(&found))
}

impl Container {
    /// The container of a file that begins so, none where it is none of them.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let at = |offset: usize, bytes: &[u8]| {
            head.get(offset..)
                .is_some_and(|rest| rest.starts_with(bytes))
        };
        // The first box of QuickTime files from before `ftyp`
        // (QuickTime File Format, "Atoms"; RFC 4337 has `ftyp`).
        let old_box = [b"moov", b"wide", b"free", b"skip", b"pnot"];
        // Still pictures in the same boxes: HEIF, AVIF, Canon's raw files.
        let still = [
            b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"crx ",
        ];
        let riff = at(0, b"RIFF") || at(0, b"RF64") || at(0, b"BW64");
        Some(match head {
            _ if at(4, b"ftyp") => {
                let is_still = still.iter().any(|brand| at(8, *brand));
                return (!is_still).then_some(Self::IsoMedia);
            }
            _ if at(4, b"mdat") => Self::IsoMedia,
            // None of these is longer than 16 MB, so its length begins with 0, and a text does not.
            [0, ..] if old_box.iter().any(|kind| at(4, *kind)) => Self::IsoMedia,
            _ if at(0, b"\x1a\x45\xdf\xa3") => Self::Matroska,
            _ if riff && at(8, b"AVI ") => Self::Avi,
            _ if riff && at(8, b"WAVE") => Self::Wave,
            // The GUID of its header object.
            _ if at(
                0,
                b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
            ) =>
            {
                Self::Asf
            }
            _ if at(0, b"FLV\x01") => Self::Flv,
            _ if at(0, b"OggS") => Self::Ogg,
            _ if at(0, b"fLaC") => Self::Flac,
            _ if at(0, b"ADIF") => Self::Aac,
            _ if at(0, b"ID3") => Self::MpegAudio,
            // ISO/IEC 13818-1 and 13818-2: a pack, a system header, a sequence.
            [0, 0, 1, 0xba | 0xbb | 0xb3, ..] => Self::Mpeg,
            _ if is_transport_stream(head) => Self::Mpeg,
            // Twelve bits of sync, a bit of version, and layer 0, which only ADTS has.
            [0xff, second, ..] if second & 0xf6 == 0xf0 => Self::Aac,
            [0xff, second, third, ..] if is_mpeg_audio(*second, *third) => Self::MpegAudio,
            _ => return None,
        })
    }
}

/// Packets of 188 bytes, or of 192 with a time code before each (M2TS), that begin with `G`; as
/// many as there are, three at most, and one alone is none.
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192)].into_iter().any(|(first, length)| {
        let packets = head.iter().skip(first).step_by(length).take(3);
        let (seen, synced) = packets.fold((0, true), |(seen, synced), byte| {
            (seen + 1, synced && *byte == 0x47)
        });
        synced && seen >= 2
    })
}

/// The header of a frame (ISO/IEC 11172-3, section 2.4.1.3; MPEG 2.5 has one bit of sync less). The
/// one that nobody writes, layer 1 of MPEG-1 with a checksum, begins as a text in UTF-16 does.
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

#[cfg(test)]
mod tests;
