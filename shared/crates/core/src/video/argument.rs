//! Meaning of the argument of a command line that names a video.

use std::path::Path;

use super::{MediaType, NotAVideo, NotAnAddress, reference};

/// Meaning of an argument that names a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The path of a recording.
    File,
    /// A reference, which [`reference::parse`] reads or refuses as the API does.
    Reference,
}

impl Argument {
    /// Tells whether `text` is a path or a reference. A path that exists is a file, also if its name
    /// could be a bare id. Other texts are references if they name a video, or if their refusal says
    /// more than that there is no such file.
    #[must_use]
    pub fn read(text: &str, path_exists: bool) -> Self {
        if path_exists {
            return Self::File;
        }
        let is_path = |text: &str| {
            let starts = ["/", "./", "../", "~", ".\\", "..\\"];
            starts.iter().any(|start| text.starts_with(start)) || text == "." || text == ".."
        };
        match reference::parse(text) {
            Ok(_) => Self::Reference,
            Err(_) if text.contains("://") => Self::Reference,
            Err(_) if is_path(text) || has_media_extension(text) => Self::File,
            // Neither a host of YouTube nor a link: most likely a path with a mistake in it.
            Err(NotAVideo::Address(
                NotAnAddress::Empty | NotAnAddress::NotAUrl | NotAnAddress::UnsupportedHost,
            )) => Self::File,
            Err(_) => Self::Reference,
        }
    }
}

fn has_media_extension(text: &str) -> bool {
    let extension = Path::new(text)
        .extension()
        .and_then(|extension| extension.to_str());
    extension.and_then(MediaType::from_extension).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_is_a_reference_if_it_names_a_video_and_no_path() {
        for text in [
            "dQw4w9WgXcQ",
            "youtu.be/dQw4w9WgXcQ",
            "HTTPS://WWW.YOUTUBE.COM/watch?v=dQw4w9WgXcQ",
            "Look: https://youtu.be/dQw4w9WgXcQ!",
            "yt:dQw4w9WgXcQ",
            // Refused, and for a better reason than that there is no such file.
            "www.youtube.com/playlist?list=PL0123456789ABCDEF",
            "youtube.com/watch?v=dQw4w9WgXc",
            "https://example.com/talk.mp4",
            "www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
        ] {
            assert_eq!(Argument::read(text, false), Argument::Reference, "{text}");
        }
    }

    #[test]
    fn argument_is_a_file_if_it_exists_or_looks_like_a_path() {
        assert_eq!(Argument::read("dQw4w9WgXcQ", true), Argument::File);
        for text in [
            "talk.mp4",
            "folder/Talk.M2TS",
            "./youtube.com",
            "/tmp/talk",
            "../talk.txt",
            "youtube.com/talk.mp4",
            "talk.txt",
            "talk",
            "",
        ] {
            assert_eq!(Argument::read(text, false), Argument::File, "{text}");
        }
    }
}
