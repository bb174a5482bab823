use proptest::prelude::*;

use super::*;

/// Beginnings of files as the common encoders write them, with the types that they are put under.
fn recordings() -> Vec<(Vec<u8>, &'static [&'static str])> {
    let iso =
        |brand: &[u8; 4]| [b"\0\0\0\x20ftyp", &brand[..], b"\0\0\x02\0isomiso2avc1mp41"].concat();
    let boxed = |kind: &[u8; 4]| [b"\0\0\x10\0", &kind[..], &[0; 24]].concat();
    let packets = |lead: usize| {
        let packet = [vec![0; lead], vec![0x47, 0x40, 0x11, 0x10], vec![0xff; 184]].concat();
        packet.repeat(4)
    };
    const ISO: &[&str] = &[
        "video/mp4",
        "video/quicktime",
        "video/mov",
        "video/3gpp",
        "audio/mp4",
    ];
    let mut all: Vec<(Vec<u8>, &[&str])> = [
        b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42", b"M4V ", b"M4VH",
        b"M4A ", b"M4B ", b"qt  ", b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"dash", b"MSNV", b"f4v ",
        b"XAVC", b"hvc1", b"av01", b"cmfc",
    ]
    .into_iter()
    .map(|brand| (iso(brand), ISO))
    .collect();
    all.extend([b"moov", b"mdat", b"wide", b"free", b"skip"].map(|kind| (boxed(kind), ISO)));
    let others: [(&[u8], &[&str]); 20] = [
        (
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
            &["video/webm", "audio/webm"],
        ),
        (
            b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x23\x42\x82\x88matroska",
            &["video/x-matroska"],
        ),
        (
            b"RIFF\x24\x08\x00\x00AVI LIST",
            &["video/avi", "video/x-msvideo"],
        ),
        (
            b"RIFF\x24\x08\x00\x00WAVEfmt ",
            &["audio/wav", "audio/x-wav"],
        ),
        (b"RF64\xff\xff\xff\xffWAVEds64", &["audio/wav"]),
        (
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c\x01",
            &["video/wmv", "video/x-ms-wmv"],
        ),
        (b"FLV\x01\x05\0\0\0\x09", &["video/x-flv"]),
        (b"\0\0\x01\xba\x44\0\x04\0", &["video/mpeg"]),
        (b"\0\0\x01\xba\x21\0\x01\0", &["video/mpeg"]),
        (b"\0\0\x01\xb3\x16\0\xf0", &["video/mpeg"]),
        (
            b"ID3\x04\0\0\0\0\x0b\x76",
            &["audio/mpeg", "audio/mp3", "audio/aac"],
        ),
        (b"\xff\xfb\x90\x64\0", &["audio/mpeg", "audio/mp3"]),
        (b"\xff\xfa\x90\x64\0", &["audio/mpeg"]),
        (b"\xff\xf3\x48\xc4\0", &["audio/mpeg"]),
        (b"\xff\xe3\x18\xc4\0", &["audio/mpeg"]),
        (b"\xff\xfd\x84\x04\0", &["audio/mpeg"]),
        (b"\xff\xf1\x50\x80\x2e", &["audio/aac"]),
        (b"\xff\xf9\x50\x80\x2e", &["audio/aac"]),
        (b"OggS\0\x02\0\0\0\0", &["audio/ogg"]),
        (b"fLaC\0\0\0\x22", &["audio/flac"]),
    ];
    all.extend(others.map(|(head, types)| (head.to_vec(), types)));
    all.push((packets(0), &["video/mpeg"]));
    all.push((packets(4), &["video/mpeg"]));
    all
}

/// Beginnings of what is no recording.
const OTHERS: [&[u8]; 28] = [
    b"",
    b"\0",
    b"<!DOCTYPE html><html>",
    b"\xff\xfeT\0h\0e\0 \0",
    b"The free encyclopedia",
    b"\n\n<html><script>alert(1)</script>",
    b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\">",
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    b"PK\x03\x04\x14\0\0\0\x08\0",
    b"PK\x05\x06\0\0\0\0",
    b"\x7fELF\x02\x01\x01\0",
    b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff",
    b"\xcf\xfa\xed\xfe\x07\0\0\x01",
    b"\xca\xfe\xba\xbe\0\0\0\x34",
    b"\0asm\x01\0\0\0",
    b"#!/bin/sh\nrm -rf /\n",
    b"\x1f\x8b\x08\0\0\0\0\0",
    b"Rar!\x1a\x07\x01\0",
    b"7z\xbc\xaf\x27\x1c",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0\0\x10JFIF",
    b"GIF89a\x01\0\x01\0",
    b"RIFF\x24\0\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
    b"{\"a\": 1}",
    b"\xff\xfe<\0h\0t\0m\0l\0",
];

#[test]
fn recordings_are_of_the_types_that_they_are_put_under() {
    for (head, types) in recordings() {
        for media_type in types {
            assert!(
                fits(media_type, &head),
                "{media_type}: {}",
                head.escape_ascii()
            );
        }
    }
    let declared: Vec<_> = recordings()
        .into_iter()
        .flat_map(|(_, types)| types)
        .collect();
    for (media_type, _) in MEDIA_TYPES {
        assert!(declared.contains(&&media_type), "{media_type}");
        assert!(is_media_type(media_type));
    }
}

#[test]
fn recordings_are_of_no_other_type() {
    for (head, types) in recordings() {
        let family = Container::of(&head).unwrap();
        for (media_type, containers) in MEDIA_TYPES {
            let related = containers.contains(&family);
            assert_eq!(fits(media_type, &head), related, "{media_type}");
            assert!(related || !types.contains(&media_type), "{media_type}");
        }
        assert!(!fits("text/html", &head));
    }
    let mp3 = b"\xff\xfb\x90\x64\0";
    assert!(!fits("video/mp4", mp3));
    assert!(!is_media_type("text/html"));
}

#[test]
fn what_is_no_recording_never_passes() {
    for head in OTHERS {
        assert_eq!(Container::of(head), None, "{}", head.escape_ascii());
    }
}

#[test]
fn one_packet_is_no_stream() {
    let mut text = vec![b'G'; 189];
    assert!(is_transport_stream(&text));
    text.truncate(188);
    assert!(!is_transport_stream(&text));
    assert!(!is_transport_stream(
        &[b"GET / HTTP/1.1\r\n", &[b' '; 500][..]].concat()
    ));
}

proptest! {
    /// Whatever a page or a program goes on with, it stays one.
    #[test]
    fn nothing_behind_the_first_bytes_makes_a_recording(
        first in proptest::sample::select(OTHERS.iter().filter(|head| head.len() > 15).collect::<Vec<_>>()),
        more: Vec<u8>,
        (head, _) in proptest::sample::select(recordings()),
    ) {
        let file = [*first, &more[..], &head[..]].concat();
        prop_assert_eq!(Container::of(&file), None);
    }

    #[test]
    fn any_bytes_are_told(bytes: Vec<u8>) {
        let _ = Container::of(&bytes);
    }
}
