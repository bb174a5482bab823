//! Media types of the recordings that are accepted, and the extensions of their files.

use super::container::Container;

/// Media type that Gemini takes, with what recordings of it are called and how they begin.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// Name that Gemini takes.
    name: &'static str,
    /// Other names of the type, in lower case.
    aliases: &'static [&'static str],
    /// Extensions of its files, in lower case. The first is the usual one.
    extensions: &'static [&'static str],
    /// Containers that its files may be in. The first is its own.
    containers: &'static [Container],
}

/// Types as Google's documentation has them
/// (<https://ai.google.dev/gemini-api/docs/video-understanding>, …/audio, and the types
/// `VideoMimeType` and `AudioContentMimeType` of its SDK).
///
/// It has none for Matroska, whose part WebM is, for M2TS and for Ogg with pictures: they go by the
/// type whose reader takes their container.
static ENTRIES: [Entry; 16] = {
    use Container::*;
    [
        Entry {
            name: "video/mp4",
            aliases: &[
                "application/mp4",
                "video/m4v",
                "video/mp4v",
                "video/x-m4v",
                "video/x-f4v",
            ],
            extensions: &["mp4", "m4v", "mp4v", "mpg4", "f4v", "m4s"],
            containers: &[IsoMedia],
        },
        Entry {
            name: "video/mov",
            aliases: &["video/quicktime", "video/x-quicktime"],
            extensions: &["mov", "qt"],
            containers: &[IsoMedia],
        },
        Entry {
            name: "video/3gpp",
            aliases: &[
                "audio/3gpp",
                "audio/3gpp2",
                "video/3gp",
                "video/3gpp2",
                "video/x-3gpp",
            ],
            extensions: &["3gp", "3gpp", "3g2", "3gp2", "3gpp2"],
            containers: &[IsoMedia],
        },
        Entry {
            name: "video/webm",
            aliases: &[
                "application/x-matroska",
                "video/matroska",
                "video/matroska-3d",
                "video/mkv",
                "video/x-matroska",
                "video/x-matroska-3d",
                "video/x-webm",
            ],
            extensions: &["webm", "mkv", "mk3d"],
            containers: &[WebM, Matroska],
        },
        Entry {
            name: "video/mpeg",
            aliases: &[
                "video/mp1s",
                "video/mp2p",
                "video/mp2t",
                "video/mpeg-system",
                "video/mpeg2",
                "video/mpegs",
                "video/mpg",
                "video/vnd.dlna.mpeg-tts",
                "video/x-mpeg",
                "video/x-mpeg-system",
                "video/x-mpeg2",
                "video/x-mpg",
            ],
            extensions: &[
                "mpg", "mpeg", "mpe", "m1v", "m2v", "mpv", "m2p", "vob", "ts", "mts", "m2ts",
                "m2t", "tod",
            ],
            containers: &[Mpeg],
        },
        Entry {
            name: "video/avi",
            aliases: &[
                "video/msvideo",
                "video/vnd.avi",
                "video/x-avi",
                "video/x-msvideo",
            ],
            extensions: &["avi", "divx"],
            containers: &[Avi],
        },
        Entry {
            name: "video/x-flv",
            aliases: &["video/flv"],
            extensions: &["flv"],
            containers: &[Flv],
        },
        Entry {
            name: "video/wmv",
            aliases: &[
                "application/vnd.ms-asf",
                "audio/x-ms-wma",
                "video/x-ms-asf",
                "video/x-ms-wm",
                "video/x-ms-wmv",
                "video/x-wmv",
            ],
            extensions: &["wmv", "asf", "wm", "wma"],
            containers: &[Asf],
        },
        Entry {
            name: "audio/mp3",
            aliases: &[
                "audio/mp1",
                "audio/mp2",
                "audio/mpa",
                "audio/mpa-robust",
                "audio/mpeg",
                "audio/mpeg3",
                "audio/mpg",
                "audio/mpga",
                "audio/x-mp2",
                "audio/x-mp3",
                "audio/x-mpeg",
                "audio/x-mpeg-3",
                "audio/x-mpeg3",
                "audio/x-mpg",
            ],
            extensions: &["mp3", "mp2", "mpga", "mpa", "m2a", "mp1"],
            containers: &[MpegAudio, Tagged],
        },
        Entry {
            name: "audio/m4a",
            aliases: &[
                "audio/m4b",
                "audio/mp4",
                "audio/mp4a-latm",
                "audio/x-m4a",
                "audio/x-m4b",
            ],
            extensions: &["m4a", "m4b", "m4r", "f4a"],
            containers: &[IsoMedia],
        },
        Entry {
            name: "audio/wav",
            aliases: &[
                "audio/vnd.wav",
                "audio/vnd.wave",
                "audio/wave",
                "audio/x-pn-wav",
                "audio/x-wav",
                "audio/x-wave",
            ],
            extensions: &["wav", "wave", "bwf", "rf64"],
            containers: &[Wave, Tagged],
        },
        Entry {
            name: "audio/aiff",
            aliases: &[
                "audio/aif",
                "audio/aifc",
                "audio/x-aif",
                "audio/x-aifc",
                "audio/x-aiff",
            ],
            extensions: &["aiff", "aif", "aifc"],
            containers: &[Aiff, Tagged],
        },
        Entry {
            name: "audio/aac",
            // M4A and, behind the same tags, MPEG audio are called so as well.
            aliases: &[
                "audio/aacp",
                "audio/adts",
                "audio/vnd.dlna.adts",
                "audio/x-aac",
            ],
            extensions: &["aac", "adts"],
            containers: &[Aac, Tagged, MpegAudio, IsoMedia],
        },
        Entry {
            name: "audio/webm",
            aliases: &["audio/matroska", "audio/mka", "audio/x-matroska"],
            extensions: &["weba", "mka"],
            containers: &[WebM, Matroska],
        },
        Entry {
            name: "audio/ogg",
            aliases: &[
                "application/ogg",
                "application/x-ogg",
                "audio/opus",
                "audio/speex",
                "audio/vorbis",
                "audio/x-ogg",
                "audio/x-opus+ogg",
                "audio/x-vorbis+ogg",
                "video/ogg",
                "video/x-ogg",
            ],
            extensions: &["ogg", "oga", "opus", "ogv", "ogm", "ogx", "spx"],
            containers: &[Ogg],
        },
        Entry {
            name: "audio/flac",
            aliases: &["audio/x-flac"],
            extensions: &["flac"],
            containers: &[Flac, Tagged, Ogg],
        },
    ]
};

/// A media type of recordings that are accepted, whatever name it was given by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType(&'static Entry);

impl MediaType {
    /// Reads a media type by any of its names. Parameters (`;codecs=…`) and letter case are ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        ENTRIES
            .iter()
            .find(|entry| entry.name == essence || entry.aliases.contains(&essence.as_str()))
            .map(Self)
    }

    /// Media type of files with this extension, `None` for an unknown one.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        ENTRIES
            .iter()
            .find(|entry| entry.extensions.contains(&extension.as_str()))
            .map(Self)
    }

    /// Name that Gemini takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.name
    }

    /// The type under which a recording that begins with `head` is given to Gemini: this one, or
    /// the type of another container that this one's name is used for. `None` if the recording is
    /// not of this type.
    #[must_use]
    pub fn read_as(self, head: &[u8]) -> Option<Self> {
        let found = Container::from_head(head)?;
        let place = self.0.containers.iter().position(|known| *known == found)?;
        let own = |entry: &&Entry| entry.containers[0] == found && entry.name.starts_with("audio/");
        let other = if place == 0 {
            None
        } else {
            ENTRIES.iter().find(own)
        };
        Some(other.map_or(self, Self))
    }

    /// Every type, by the name that Gemini takes.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(Self)
    }

    /// Other names by which this type is accepted.
    pub fn aliases(self) -> impl Iterator<Item = &'static str> {
        self.0.aliases.iter().copied()
    }
}

/// The extensions of files that are accepted.
pub fn extensions() -> impl Iterator<Item = &'static str> {
    ENTRIES
        .iter()
        .flat_map(|entry| entry.extensions.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parse_reads_every_name_with_parameters_in_any_case() {
        for (text, name) in [
            ("video/webm;codecs=vp9,opus", "video/webm"),
            ("Video/MP4 ; codecs=\"avc1.42E01E, mp4a.40.2\"", "video/mp4"),
            ("audio/x-m4a", "audio/m4a"),
            ("audio/mp4", "audio/m4a"),
            ("video/x-matroska;codecs=avc1", "video/webm"),
            ("video/quicktime", "video/mov"),
            ("audio/vnd.wave; codec=1", "audio/wav"),
            ("audio/ogg;codecs=opus", "audio/ogg"),
            ("application/ogg", "audio/ogg"),
            ("video/mp2t", "video/mpeg"),
            ("audio/mpeg", "audio/mp3"),
            ("audio/x-aiff", "audio/aiff"),
            ("audio/webm;codecs=opus", "audio/webm"),
        ] {
            assert_eq!(MediaType::parse(text).unwrap().as_str(), name, "{text}");
        }
        for text in [
            "",
            ";",
            "text/html",
            "video/*",
            "video/mp4, text/html",
            "mp4",
            "video/ mp4",
        ] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_and_extension_belongs_to_one_type() {
        let mut seen = BTreeSet::new();
        for kind in MediaType::all() {
            for name in [kind.as_str()].into_iter().chain(kind.aliases()) {
                assert!(seen.insert(name), "{name} twice");
                assert_eq!(MediaType::parse(&name.to_uppercase()), Some(kind));
                assert!(
                    name.bytes()
                        .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
                );
            }
        }
        for extension in extensions() {
            assert!(seen.insert(extension), "{extension} twice");
            assert!(MediaType::from_extension(&extension.to_uppercase()).is_some());
        }
        for extension in ["", "txt", "mp4 ", "exe"] {
            assert_eq!(MediaType::from_extension(extension), None);
        }
    }

    #[test]
    fn a_recording_is_given_to_gemini_as_what_it_is() {
        let m4a = b"\0\0\0\x20ftypM4A \0\0\x02\0M4A mp42isom";
        let aac = MediaType::parse("audio/aac").unwrap();
        assert_eq!(aac.read_as(m4a).unwrap().as_str(), "audio/m4a");
        assert_eq!(
            aac.read_as(b"\xff\xf1\x50\x80\x2e").unwrap().as_str(),
            "audio/aac"
        );
        assert_eq!(
            aac.read_as(b"\xff\xfb\x90\x64\0").unwrap().as_str(),
            "audio/mp3"
        );
        let flac = MediaType::parse("audio/flac").unwrap();
        assert_eq!(
            flac.read_as(b"OggS\0\x02\0\0").unwrap().as_str(),
            "audio/ogg"
        );
        // A tag hides what is behind it.
        let tagged = b"ID3\x04\0\0\x7f\x7f\x7f\x7f";
        assert_eq!(flac.read_as(tagged).unwrap().as_str(), "audio/flac");
        assert_eq!(MediaType::parse("video/mp4").unwrap().read_as(tagged), None);
        let mkv = MediaType::parse("video/x-matroska").unwrap();
        let doc = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska";
        assert_eq!(mkv.read_as(doc).unwrap().as_str(), "video/webm");
    }
}
