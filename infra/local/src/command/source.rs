//! The video argument of a command, checked before anything is started.

use std::path::{Path, PathBuf};

use eventrelay::{
    analysis::captions,
    error::Error,
    video::{Argument, MediaType, media_type, reference},
};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// A video on YouTube.
    Url(String),
    File {
        path: PathBuf,
        content_type: &'static str,
    },
}

impl Source {
    /// Reads the argument.
    ///
    /// # Errors
    /// Says what is wrong or missing, and what is accepted.
    pub(super) fn read(video: &str) -> Result<Self, String> {
        let path = Path::new(video);
        if Argument::read(video, path.exists()) == Argument::Reference {
            reference::parse(video).map_err(|error| Error::from(error).detail().to_string())?;
            return Ok(Self::Url(video.to_owned()));
        }
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(format!("there is no file {video}; {}", accepted()));
            }
            Err(error) => return Err(format!("cannot read {video}: {error}")),
        };
        if metadata.is_dir() {
            return Err(format!("{video} is a folder; {}", accepted()));
        }
        if metadata.len() == 0 {
            return Err(format!("{video} is empty"));
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let media_type = extension.and_then(MediaType::from_extension);
        let media_type = media_type.ok_or_else(|| {
            format!(
                "{video} does not have the extension of a recording; {}",
                accepted()
            )
        })?;
        Ok(Self::File {
            path: path.to_owned(),
            content_type: media_type.as_str(),
        })
    }
}

/// Lists what is accepted as a video.
fn accepted() -> String {
    let extensions: Vec<&str> = media_type::extensions().collect();
    format!(
        "a video is a YouTube URL or id, or a video or audio file ({})",
        extensions.join(", ")
    )
}

/// Reads a transcript in any encoding of captions.
///
/// # Errors
/// Says why the file cannot be used.
pub(super) fn transcript(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let metadata = path
        .metadata()
        .map_err(|error| format!("cannot read the transcript {shown}: {error}"))?;
    if metadata.is_dir() {
        return Err(format!("the transcript {shown} is a folder"));
    }
    // UTF-16 may take twice the bytes of the text that is sent.
    let limit = 2 * captions::MAX_BYTES as u64 + 4;
    if metadata.len() > limit {
        return Err(too_large(&shown.to_string(), metadata.len()));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| format!("cannot read the transcript {shown}: {error}"))?;
    let text = captions::decode(&bytes).into_owned();
    if text.len() > captions::MAX_BYTES {
        return Err(too_large(&shown.to_string(), text.len() as u64));
    }
    captions::parse(&text).map_err(|error| format!("the transcript {shown}: {error}"))?;
    Ok(text)
}

fn too_large(shown: &str, size_bytes: u64) -> String {
    format!(
        "the transcript {shown} has {size_bytes} bytes; at most {} bytes are accepted",
        captions::MAX_BYTES
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_is_a_reference_or_a_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for (name, content) in [
            ("Talk.MP4", "x"),
            ("a.opus", "x"),
            ("empty.mp4", ""),
            ("a.txt", "x"),
        ] {
            std::fs::write(path(name), content).unwrap();
        }
        let media_type = |name| match Source::read(&path(name)) {
            Ok(Source::File { content_type, .. }) => content_type,
            other => panic!("{other:?}"),
        };
        assert_eq!(media_type("Talk.MP4"), "video/mp4");
        assert_eq!(media_type("a.opus"), "audio/ogg");
        let url = "https://www.youtube.com/watch?v=jNQXAC9IVRw";
        assert_eq!(Source::read(url), Ok(Source::Url(url.to_owned())));
        for (video, reason) in [
            (path("none.mp4"), "there is no file"),
            (path("none.mp4"), "a YouTube URL or id"),
            (path("empty.mp4"), "is empty"),
            (path("a.txt"), "extension"),
            (path("."), "is a folder"),
            (
                "https://www.youtube.com/playlist?list=PLt5yu3".to_owned(),
                "playlist",
            ),
        ] {
            let error = Source::read(&video).unwrap_err();
            assert!(error.contains(reason), "{video}: {error}");
        }
    }

    #[test]
    fn transcript_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let good = write("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n");
        assert!(transcript(&good).is_ok());
        let large = write("b.vtt", &vec![b'x'; captions::MAX_BYTES + 1]);
        let most = format!("at most {} bytes", captions::MAX_BYTES);
        for (path, reason) in [
            (large, most.as_str()),
            (write("c.vtt", b"hello"), "WebVTT"),
            (folder.path().join("none.vtt"), "cannot read"),
            (folder.path().to_owned(), "is a folder"),
        ] {
            let error = transcript(&path).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
