//! Files that are no recordings. In them no frames are searched for, so that none of them becomes a
//! recording by what is appended to it.

/// Number of bytes that make a text. Fewer letters also occur before a sound that was cut.
const TEXT_BYTES: usize = 64;

/// Characters with which pages, data and scripts begin.
const MARKUP: [u8; 5] = *b"<{[#%";

/// Beginnings of pages, documents, archives, pictures, programs and fonts.
const SIGNATURES: [&[u8]; 38] = [
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"%PDF",
    b"%!PS",
    b"{\\rtf",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"Rar!",
    b"7z\xbc\xaf",
    b"MSCF",
    b"\xd0\xcf\x11\xe0",
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xbe\xba\xfe\xca",
    b"\0asm",
    b"dex\n",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"\0\0\x01\0",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
    b"\0\x01\0\0\0",
    b"wOF",
];

/// Returns whether a file begins as a known format that is no recording, or as a text.
pub(super) fn is_foreign(head: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let start = &head[..head.len().min(TEXT_BYTES)];
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    head.starts_with(b"RIFF")
        || first.is_none_or(|first| MARKUP.contains(first))
        || start.iter().all(is_text)
        || SIGNATURES
            .iter()
            .any(|signature| head.starts_with(signature))
}
