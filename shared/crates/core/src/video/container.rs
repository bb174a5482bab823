//! Container of a recording, told by its first bytes.
//!
//! Only containers that Gemini takes are known, in the forms in which players read them: with tags
//! or zeros before them, or cut out of a stream. A page, a document, an archive, a picture or a
//! program is none of them, whatever follows its first bytes. Of old QuickTime files
//! only the name of a box is certain: a text with `mdat` as its fifth to eighth letter is taken for
//! one, and Gemini refuses it. The crate `infer` knows neither 3GPP nor MPEG transport streams nor
//! anything behind a tag, and takes any file with `mdat` at its thirteenth byte for QuickTime.

mod foreign;
mod frames;
mod iso;
mod matroska;
mod tags;
mod transport;

#[cfg(test)]
mod tests;

/// Number of bytes at the beginning of a recording that are read to tell its container. Most tags
/// without a picture are shorter.
pub const HEAD_BYTES: u64 = 64 * 1024;

/// A family of file formats that tell their codecs inside, or a format of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// ISO base media, ISO/IEC 14496-12: MP4, M4A, QuickTime, 3GPP, also in fragments.
    IsoMedia,
    /// Matroska (RFC 9559) with any codecs.
    Matroska,
    /// The part of Matroska that browsers play.
    WebM,
    /// RIFF of the form `AVI `.
    Avi,
    /// RIFF, RIFX, RF64 or BW64 of the form `WAVE`.
    Wave,
    Aiff,
    /// Advanced Systems Format: WMV.
    Asf,
    Flv,
    /// MPEG-1 and MPEG-2: program, transport and elementary streams.
    Mpeg,
    /// MPEG audio of layers 1 to 3.
    MpegAudio,
    /// AAC in ADTS or ADIF.
    Aac,
    /// Ogg (RFC 3533) with any codecs.
    Ogg,
    /// FLAC (RFC 9639).
    Flac,
    /// A sound file behind a tag that is longer than what is read of it.
    Tagged,
}

impl Container {
    /// Container of a file that begins with `head`, `None` for any other file.
    #[must_use]
    pub fn from_head(head: &[u8]) -> Option<Self> {
        let tag_end = tags::end(head);
        let body = head.get(tag_end..).unwrap_or_default();
        if tag_end > 0 && body.len() < tags::MIN_BODY {
            return Some(Self::Tagged);
        }
        if let Some(decided) = iso::decide(body) {
            return decided.then_some(Self::IsoMedia);
        }
        if let Some(found) = by_signature(body).or_else(|| frames::first(body)) {
            return Some(found);
        }
        if foreign::is_foreign(body) {
            return None;
        }
        if transport::is_stream(body) {
            return Some(Self::Mpeg);
        }
        frames::behind_junk(body)
    }
}

/// Words for the caller of a recording that begins with `head` and is not of its declared type: what
/// differs, and what it is instead.
#[must_use]
pub fn mismatch(head: &[u8]) -> &'static str {
    match Container::from_head(head) {
        None => "type: it begins like no video or audio file that can be read",
        Some(Container::IsoMedia) => "type: it is MP4, QuickTime or 3GP (video/mp4, audio/mp4)",
        Some(Container::Matroska) => "type: it is Matroska (video/x-matroska)",
        Some(Container::WebM) => "type: it is WebM (video/webm, audio/webm)",
        Some(Container::Avi) => "type: it is AVI (video/avi)",
        Some(Container::Wave) => "type: it is WAV (audio/wav)",
        Some(Container::Aiff) => "type: it is AIFF (audio/aiff)",
        Some(Container::Asf) => "type: it is Windows Media (video/wmv)",
        Some(Container::Flv) => "type: it is Flash video (video/x-flv)",
        Some(Container::Mpeg) => "type: it is an MPEG stream (video/mpeg)",
        Some(Container::MpegAudio) => "type: it is MP3 or other MPEG audio (audio/mpeg)",
        Some(Container::Aac) => "type: it is AAC (audio/aac)",
        Some(Container::Ogg) => "type: it is Ogg (audio/ogg)",
        Some(Container::Flac) => "type: it is FLAC (audio/flac)",
        Some(Container::Tagged) => "type: it is a sound file with a tag (audio/mpeg, audio/flac)",
    }
}

/// Containers that begin with bytes of their own.
fn by_signature(head: &[u8]) -> Option<Container> {
    let at = |offset: usize, bytes: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(bytes))
    };
    let is_riff = ["RIFF", "RIFX", "RF64", "BW64"]
        .iter()
        .any(|id| at(0, id.as_bytes()));
    if is_riff && at(8, b"WAVE") {
        return Some(Container::Wave);
    }
    // `AVI ` and, by some cameras, other fourth letters.
    if at(0, b"RIFF") && at(8, b"AVI") {
        return Some(Container::Avi);
    }
    if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        return Some(Container::Aiff);
    }
    if at(0, b"\x1a\x45\xdf\xa3") {
        return matroska::by_doc_type(head);
    }
    // The GUID of its header object.
    if at(
        0,
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
    ) {
        return Some(Container::Asf);
    }
    let signatures: [(&[u8], Container); 4] = [
        (b"FLV\x01", Container::Flv),
        (b"OggS", Container::Ogg),
        (b"fLaC", Container::Flac),
        (b"ADIF", Container::Aac),
    ];
    let known = signatures.iter().find(|(signature, _)| at(0, signature));
    known
        .map(|(_, container)| *container)
        .or_else(|| is_mpeg(head).then_some(Container::Mpeg))
}

/// A pack, a system header or a sequence (ISO/IEC 13818-1 and 13818-2) behind two zeros or more.
fn is_mpeg(head: &[u8]) -> bool {
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    let code = head.get(zeros..).unwrap_or_default();
    zeros >= 2 && matches!(code, [1, 0xba | 0xbb | 0xb3, ..])
}
