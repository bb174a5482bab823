use proptest::prelude::*;

use super::*;
use crate::video::MediaType;

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
    b"The free encyclopedia is written by volunteers and has over six million pages.",
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

/// Recordings as players find them: behind tags, zeros and other bytes, cut out of a stream.
fn damaged() -> Vec<(Vec<u8>, Container)> {
    let id3 = |length: u8, body: &[u8]| {
        let header = [b'I', b'D', b'3', 4, 0, 0, 0, 0, 0, length];
        [&header[..], &vec![b'x'; length.into()], body].concat()
    };
    let ape = |body: &[u8]| {
        let size = 40_u32.to_le_bytes();
        let header = [
            b"APETAGEX\xd0\x07\0\0",
            &size[..],
            &[1, 0, 0, 0, 0, 0, 0, 0xa0],
            &[0; 8],
        ];
        [&header.concat(), &vec![b'x'; 40][..], body].concat()
    };
    let boxed = |kind: &[u8; 4], size: u32| {
        [&size.to_be_bytes(), &kind[..], &vec![0; size as usize - 8]].concat()
    };
    let mp3 = frames(b"\xff\xfb\x90\x64", 417, 6);
    let mp2 = frames(b"\xff\xfd\x84\x04", 384, 6);
    let aac = frames(b"\xff\xf1\x50\x80\x2e\x1f\xfc", 368, 6);
    let junk: Vec<u8> = (0..900_u32).map(|i| (i * 89 % 251) as u8 | 0x80).collect();
    let wave = b"RIFF\x24\x08\0\0WAVEfmt ";
    let ftyp = b"\0\0\0\x14ftypisom\0\0\x02\0isom";
    let packets = |length: usize, lead: usize| {
        let packet = [&[0x47, 0x40, 0x11, 0x10][..], &vec![0xff; length - 4]].concat();
        [vec![0xaa; lead], packet.repeat(9)].concat()
    };
    use Container::*;
    vec![
        (id3(90, b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0"), Flac),
        (id3(90, &[&wave[..], b"\x10\0\0\0"].concat()), Wave),
        (id3(90, &mp3), MpegAudio),
        (id3(90, &aac), Aac),
        (id3(90, &id3(20, &mp3)), MpegAudio),
        (id3(90, &[&[0; 1500][..], &mp3].concat()), MpegAudio),
        (id3(90, &ape(&mp3)), MpegAudio),
        (id3(127, b""), Tagged),
        (
            b"ID3\x03\0\0\x7f\x7f\x7f\x7f with a picture".to_vec(),
            Tagged,
        ),
        (
            b"APETAGEX\xd0\x07\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\xa0".to_vec(),
            Tagged,
        ),
        (ape(&mp3), MpegAudio),
        (ape(b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0"), Flac),
        ([&[0; 3000][..], &mp3].concat(), MpegAudio),
        ([&junk[..], &mp3].concat(), MpegAudio),
        ([&junk[..], &mp2].concat(), MpegAudio),
        ([b"junkjunkjunk", &mp3[..]].concat(), MpegAudio),
        ([&junk[..], &aac].concat(), Aac),
        (b"RIFX\0\0\x08\x24WAVEfmt ".to_vec(), Wave),
        (b"BW64\xff\xff\xff\xffWAVEds64".to_vec(), Wave),
        (b"FORM\0\0\x10\0AIFFCOMM".to_vec(), Aiff),
        (b"FORM\0\0\x10\0AIFCFVER".to_vec(), Aiff),
        (b"RIFF\0\0\0\0AVI\x19LIST".to_vec(), Avi),
        (b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix".to_vec(), IsoMedia),
        (boxed(b"moof", 200), IsoMedia),
        (boxed(b"sidx", 44), IsoMedia),
        ([boxed(b"uuid", 600), ftyp.to_vec()].concat(), IsoMedia),
        ([boxed(b"pdin", 20), ftyp.to_vec()].concat(), IsoMedia),
        (
            [boxed(b"skip", 8), boxed(b"free", 16), boxed(b"moov", 99)].concat(),
            IsoMedia,
        ),
        ([boxed(b"wide", 8), boxed(b"mdat", 99)].concat(), IsoMedia),
        (b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0".to_vec(), IsoMedia),
        (packets(188, 0), Mpeg),
        (packets(188, 117), Mpeg),
        (packets(188, 1000), Mpeg),
        (packets(192, 4), Mpeg),
        (packets(192, 77), Mpeg),
        (packets(204, 0), Mpeg),
        (packets(204, 31), Mpeg),
        (b"\0\0\0\0\x01\xb3\x16\0\xf0".to_vec(), Mpeg),
        (
            b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska".to_vec(),
            Matroska,
        ),
        (
            b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88webm\0\0\0\0".to_vec(),
            WebM,
        ),
        (b"\x1a\x45\xdf\xa3\x93\x42\x86\x81\x01".to_vec(), Matroska),
    ]
}

fn frames(header: &[u8], length: usize, count: usize) -> Vec<u8> {
    let frame = [header, &vec![0x55; length - header.len()]].concat();
    frame.repeat(count)
}

fn fits(media_type: &str, head: &[u8]) -> bool {
    MediaType::parse(media_type)
        .unwrap()
        .read_as(head)
        .is_some()
}

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
    assert!(!fits("video/mp4", b"\xff\xfb\x90\x64\0"));
    assert!(!fits(
        "audio/mp3",
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"
    ));
    assert!(!fits("video/webm", b"RIFF\x24\x08\x00\x00AVI LIST"));
}

#[test]
fn damaged_recordings_are_recognised() {
    for (head, container) in damaged() {
        let shown = head[..head.len().min(40)].escape_ascii();
        assert_eq!(Container::from_head(&head), Some(container), "{shown}");
    }
}

/// Every entry of the table is reached by some recording.
#[test]
fn every_type_has_a_recording() {
    let heads: Vec<Vec<u8>> = recordings()
        .into_iter()
        .map(|(head, _)| head)
        .chain(damaged().into_iter().map(|(head, _)| head))
        .collect();
    for media_type in MediaType::all() {
        let fits = heads
            .iter()
            .any(|head| media_type.read_as(head) == Some(media_type));
        assert!(fits, "{}", media_type.as_str());
    }
}

#[test]
fn container_refuses_files_that_are_no_recording() {
    for head in OTHERS {
        assert_eq!(Container::from_head(head), None, "{}", head.escape_ascii());
    }
}

/// Neither a tag nor a harmless box before it makes a page or a picture a recording.
#[test]
fn container_inspects_content_behind_tag_or_box() {
    for body in OTHERS.iter().filter(|head| head.len() >= 16) {
        let tagged = [b"ID3\x04\0\0\0\0\0\x04abcd", *body].concat();
        assert_eq!(
            Container::from_head(&tagged),
            None,
            "{}",
            tagged.escape_ascii()
        );
    }
    for brand in ["heic", "avif", "jp2 ", "crx "] {
        let picture = [b"\0\0\0\x08skip\0\0\0\x18ftyp", brand.as_bytes(), &[0; 12]].concat();
        assert_eq!(Container::from_head(&picture), None, "{brand}");
    }
    assert_eq!(
        Container::from_head(b"\x1a\x45\xdf\xa3\x87\x42\x82\x84page<html>"),
        None
    );
}

#[test]
fn one_packet_is_no_stream() {
    let packet = [&[0x47, 0x40, 0x11, 0x10][..], &[0xff; 184]].concat();
    assert!(transport::is_stream(&packet.repeat(2)));
    assert!(!transport::is_stream(&packet));
    assert!(!transport::is_stream(&[b'G'; 5000]));
    assert!(!transport::is_stream(
        &[b"GET / HTTP/1.1\r\n", &[b' '; 500][..]].concat()
    ));
}

proptest! {
    /// A page or a program stays one for any continuation.
    #[test]
    fn nothing_behind_the_first_bytes_makes_a_recording(
        first in proptest::sample::select(OTHERS.iter().filter(|head| head.len() > 7).collect::<Vec<_>>()),
        more: Vec<u8>,
        (head, _) in proptest::sample::select(damaged()),
    ) {
        let file = [*first, &more[..], &head[..]].concat();
        prop_assert_eq!(Container::from_head(&file), None);
    }

    #[test]
    fn any_bytes_are_told(bytes: Vec<u8>) {
        let _ = Container::from_head(&bytes);
    }

    /// A length in a header never leads beyond the bytes.
    #[test]
    fn any_bytes_behind_a_beginning_are_told(
        (head, _) in proptest::sample::select(damaged()),
        keep in 0_usize..64,
        more: Vec<u8>,
    ) {
        let file = [&head[..keep.min(head.len())], &more[..]].concat();
        let _ = Container::from_head(&file);
    }
}
