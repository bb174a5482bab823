//! Properties of Gemini's responses.

use bytes::Bytes;
use eventrelay::{
    analysis::{Analysis, Draft, Facts, assemble, captions, markdown, search::Document},
    error::Error,
    readers,
    store::{compression, packed},
    upstream::gemini::File,
    usage::Usage,
    video::VideoKey,
};
use http::StatusCode;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

const VIDEO: &str = "yt:dQw4w9WgXcQ";
const WATCH: &str = "https://youtu.be/dQw4w9WgXcQ";

/// An answer of any status is a text or an error that says nothing of it outside. The first byte
/// picks the status.
pub(crate) fn gemini_answer(data: &[u8]) {
    const STATUSES: [u16; 12] = [200, 200, 200, 400, 403, 404, 408, 413, 429, 500, 503, 302];
    let Some((status, body)) = data.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let status = StatusCode::from_u16(status).expect("a status");
    match readers::generated(status, Bytes::copy_from_slice(body)) {
        Ok(generated) => {
            assert!(status.is_success());
            assert!(!generated.text.trim().is_empty());
            draft(&generated.text, generated.model_version.unwrap_or_default());
        }
        Err(error) => shown(&error),
    }
}

/// The same for the text of an answer.
pub(crate) fn gemini_draft(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        draft(text, "model".to_owned());
    }
}

/// The description of a file is bounded where it is read.
pub(crate) fn gemini_file(data: &[u8]) {
    if let Ok(file) = serde_json::from_slice::<File>(data) {
        let id = file.name.strip_prefix("files/").expect("a file's name");
        assert!(
            !id.is_empty()
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert!(file.name.len() <= 70 && file.uri.len() <= 1024 && file.mime_type.len() <= 127);
        assert!(
            file.duration_s
                .is_none_or(|length| length.is_finite() && length >= 0.0)
        );
    }
}

fn shown(error: &Error) {
    let (detail, kind) = (error.detail(), error.problem());
    assert!((400..600).contains(&kind.status));
    assert!(
        detail.len() < 300 && !detail.contains(char::is_control),
        "{detail:?}"
    );
}

/// Checks the analysis made of a response: it is of the requested video, survives a round trip
/// through the store, and escapes the model's words.
fn draft(text: &str, model: String) {
    let Ok(draft) = Draft::parse(text) else {
        return;
    };
    let key: VideoKey = VIDEO.parse().expect("a key");
    let facts = Facts {
        key,
        title: None,
        channel: None,
        duration_s: None,
        window: None,
        transcript: None,
        language: None,
        model,
        prompt_sha256: "ab".repeat(32),
        analyzed_at: "2026-11-24T12:00:00Z".to_owned(),
        usage: Usage::default(),
    };
    let Ok(analysis) = assemble(draft, facts) else {
        return;
    };
    assert_eq!(analysis.video.id, VIDEO);
    assert_eq!(
        analysis.video.url.as_deref(),
        Some("https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    );
    assert!(!analysis.video.title.is_empty() && !analysis.video.title.contains(char::is_control));
    stored(&analysis);
    captioned(&analysis);
    inert(&markdown::render(&analysis));
    let _ = Document::new(&analysis);
}

fn stored(analysis: &Analysis) {
    let json = serde_json::to_string(analysis).expect("a document");
    let again: Analysis = serde_json::from_str(&json).expect("its own document");
    assert_eq!(&again, analysis);
    let packed = packed::pack(&json).expect("a document with its head");
    assert_eq!(
        compression::gunzip(&packed.gzip, 1 << 26).expect("gzip"),
        json.as_bytes()
    );
    for name in ["summary", "events", "transcript", "provenance"] {
        let cut = packed
            .parts
            .cut(&[name], &packed.gzip)
            .expect("a selection");
        let cut = compression::gunzip(&cut, 1 << 26).expect("gzip");
        let cut: serde_json::Value = serde_json::from_slice(&cut).expect("JSON");
        let whole: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(cut["video"], whole["video"]);
        assert_eq!(cut[name], whole[name]);
    }
}

fn captioned(analysis: &Analysis) {
    let transcript = &analysis.content.transcript;
    let vtt = captions::to_vtt(transcript);
    assert_eq!(vtt.matches("-->").count(), transcript.len(), "{vtt}");
    if !transcript.is_empty() && vtt.len() <= captions::MAX_BYTES {
        let words = |segments: &[eventrelay::analysis::Segment]| -> Vec<String> {
            segments
                .iter()
                .map(|segment| segment.text.clone())
                .collect()
        };
        let again = captions::parse(&vtt).expect("our own WebVTT");
        assert_eq!(words(&again.segments), words(transcript));
        let mut silent = transcript.clone();
        silent.iter_mut().for_each(|segment| segment.speaker = None);
        let again = captions::parse(&captions::to_srt(&silent)).expect("our own SubRip");
        assert_eq!(words(&again.segments), words(transcript));
    }
}

/// No element, link or picture but those that the form itself makes.
fn inert(markdown: &str) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut titles = 0;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let rest = dest_url.strip_prefix(WATCH).expect("a link to the video");
                let place = rest.strip_prefix("?t=").unwrap_or("0");
                assert!(place.bytes().all(|b| b.is_ascii_digit()), "{dest_url}");
            }
            Event::Start(Tag::Heading { level, .. }) => {
                titles += usize::from(level == HeadingLevel::H1);
                assert!(
                    matches!(level, HeadingLevel::H1 | HeadingLevel::H2),
                    "{markdown}"
                );
            }
            Event::Start(
                Tag::Image { .. }
                | Tag::HtmlBlock
                | Tag::BlockQuote(_)
                | Tag::FootnoteDefinition(_)
                | Tag::MetadataBlock(_)
                | Tag::Strikethrough
                | Tag::Emphasis,
            )
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule => panic!("{event:?} in\n{markdown}"),
            _ => {}
        }
    }
    assert_eq!(titles, 1, "{markdown}");
}
