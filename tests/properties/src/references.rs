//! Properties of references to videos and playlists.

use eventrelay::video::{
    MediaType, PlaylistId, VideoKey, YouTubeId, container::Container, playlist, reference,
};

/// Checks that a parsed video or playlist is parsed again from its canonical URL, and as nothing
/// else.
pub(crate) fn video_reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match reference::parse(text) {
        Ok(found) => {
            let id = found.id;
            assert_eq!(YouTubeId::parse(id.as_str()), Ok(id.clone()));
            for again in [id.as_str().to_owned(), id.watch_url()] {
                let again = reference::parse(&again).expect("a canonical reference");
                assert_eq!((again.id, again.start_s), (id.clone(), None));
            }
            let key = VideoKey::YouTube(id.clone());
            assert_eq!(key.to_string().parse(), Ok(key.clone()));
            assert_eq!(key.watch_url(), Some(id.watch_url()));
            let start = found.start_s.unwrap_or(0.0);
            assert!(start.is_finite() && start >= 0.0, "{start}");
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty() && !refusal.kind().is_empty()),
    }
    match playlist::parse(text) {
        Ok(id) => {
            assert_eq!(PlaylistId::parse(id.as_str()), Ok(id.clone()));
            assert_eq!(playlist::parse(&id.url()), Ok(id.clone()));
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty() && !refusal.kind().is_empty()),
    }
    if let Ok(key) = text.parse::<VideoKey>() {
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert!(key.to_string().len() <= 67, "a key is part of other keys");
    }
}

/// A recording is given to Gemini only as a type that its container has, whatever it is declared as.
pub(crate) fn recording_head(data: &[u8]) {
    let container = Container::from_head(data);
    let mut fits = 0;
    for declared in MediaType::all() {
        if let Some(read) = declared.read_as(data) {
            fits += 1;
            assert_eq!(read.read_as(data), Some(read), "{declared:?}");
        }
    }
    assert_eq!(fits > 0, container.is_some(), "{container:?}");
    if let Ok(text) = std::str::from_utf8(data) {
        let known = MediaType::parse(text);
        assert!(known.is_none_or(|known| MediaType::parse(known.as_str()) == Some(known)));
    }
}
