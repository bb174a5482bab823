//! `GenerateContentRequest`: the parts that a stand-in needs, and the checks of Google.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Gemini, errors::ApiError, files::FileState, project::Question, transcript, wire};

/// Maximum videos in a request: <https://ai.google.dev/gemini-api/docs/video-understanding>.
const MAX_VIDEOS: usize = 10;
/// Tokens per second of video at the default and at low resolution (same page).
const TOKENS_PER_SECOND: f64 = 300.0;
const TOKENS_PER_SECOND_LOW: f64 = 100.0;
const LOW: &str = "MEDIA_RESOLUTION_LOW";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GenerateContent {
    contents: Vec<Content>,
    system_instruction: Content,
    pub(super) generation_config: GenerationConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    role: String,
    parts: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    text: Option<String>,
    file_data: Option<FileData>,
    video_metadata: VideoMetadata,
    media_resolution: PartMediaResolution,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FileData {
    file_uri: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VideoMetadata {
    start_offset: Option<String>,
    end_offset: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartMediaResolution {
    level: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GenerationConfig {
    pub(super) max_output_tokens: Option<u64>,
    pub(super) response_mime_type: String,
    response_schema: Option<Value>,
    response_json_schema: Option<Value>,
    media_resolution: String,
    thinking_config: ThinkingConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ThinkingConfig {
    thinking_budget: Option<Value>,
    thinking_level: Option<Value>,
}

/// Tokens of a prompt by modality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PromptTokens {
    pub(super) text: u64,
    pub(super) video: u64,
}

impl PromptTokens {
    pub(super) fn total(self) -> u64 {
        self.text + self.video
    }
}

impl GenerateContent {
    /// Parses a body, with the checks of Google.
    pub(super) fn parse(state: &Gemini, body: &[u8]) -> Result<Self, ApiError> {
        let body = wire::parse("GenerateContentRequest", body);
        Self::checked(state, body.map_err(|all| ApiError::bad_json(&all))?)
    }

    /// Parses the body of `countTokens`: contents alone, or a whole request.
    pub(super) fn parse_count(state: &Gemini, body: &[u8]) -> Result<Self, ApiError> {
        let body = wire::parse("CountTokensRequest", body);
        let mut body = body.map_err(|all| ApiError::bad_json(&all))?;
        match body.get_mut("generateContentRequest") {
            Some(request) => Self::checked(state, request.take()),
            None => Self::checked(state, body),
        }
    }

    fn checked(state: &Gemini, body: Value) -> Result<Self, ApiError> {
        let request: Self = serde_json::from_value(body)
            .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
        ApiError::check(
            !request.contents.is_empty(),
            "* GenerateContentRequest.contents: contents is not specified\n",
        )?;
        let known_role = |content: &Content| matches!(content.role.as_str(), "" | "user" | "model");
        ApiError::check(
            request.contents.iter().all(known_role),
            "Please use a valid role: user, model.",
        )?;
        let config = &request.generation_config;
        ApiError::check(
            config.response_schema.is_none() || config.response_json_schema.is_none(),
            "Only one of response_schema and response_json_schema can be set.",
        )?;
        let thinking = &config.thinking_config;
        ApiError::check(
            thinking.thinking_budget.is_none() || thinking.thinking_level.is_none(),
            "You can only set only one of thinking budget and thinking level.",
        )?;
        let files: Vec<&str> = request.file_uris().collect();
        ApiError::check(
            files.len() <= MAX_VIDEOS,
            format!("Please provide at most {MAX_VIDEOS} videos in a request."),
        )?;
        files
            .into_iter()
            .try_for_each(|uri| check_file(state, uri))?;
        Ok(request)
    }

    /// Returns the schema of the answer, of either kind.
    pub(super) fn schema(&self) -> Option<&Value> {
        let config = &self.generation_config;
        config
            .response_json_schema
            .as_ref()
            .or(config.response_schema.as_ref())
    }

    /// Returns the cues of the first text part that is a transcript.
    pub(super) fn transcript(&self) -> Option<Vec<transcript::Cue>> {
        self.texts().find_map(transcript::parse)
    }

    /// Returns the first text part that is a question about software, with its text.
    pub(super) fn question(&self) -> Option<(Question, &str)> {
        let read = |text| Some((Question::parse(text)?, text));
        self.texts().find_map(read)
    }

    /// Returns the first text part that is no question, or else the first text of the system
    /// instruction.
    pub(super) fn instruction(&self) -> &str {
        let system = self.system_instruction.parts.iter();
        let system = system.filter_map(|part| part.text.as_deref());
        let own = self.texts().filter(|text| Question::parse(text).is_none());
        own.chain(system).next().unwrap_or_default()
    }

    /// Returns the words of all texts; of a transcript, the spoken words.
    pub(super) fn said(&self) -> String {
        let words = self.texts().map(|text| match transcript::parse(text) {
            Some(cues) => {
                let cues: Vec<String> = cues.into_iter().map(|cue| cue.text).collect();
                cues.join(" ")
            }
            None => text.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Counts text by bytes, and video by seconds if its length is known.
    pub(super) fn prompt_tokens(&self, video_duration_s: Option<f64>) -> PromptTokens {
        let mut tokens = PromptTokens::default();
        let system = self.system_instruction.parts.iter();
        for part in self.parts().chain(system) {
            if let Some(text) = &part.text {
                tokens.text += super::answer::text_tokens(text);
            }
            if part.file_data.is_some() {
                let low = part.media_resolution.level == LOW
                    || self.generation_config.media_resolution == LOW;
                let rate = if low {
                    TOKENS_PER_SECOND_LOW
                } else {
                    TOKENS_PER_SECOND
                };
                let length = part.video_metadata.length(video_duration_s);
                tokens.video += (length.unwrap_or(0.0) * rate).round() as u64;
            }
        }
        tokens
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.contents.iter().flat_map(|content| &content.parts)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| part.text.as_deref())
    }

    fn file_uris(&self) -> impl Iterator<Item = &str> {
        self.parts()
            .filter_map(|part| part.file_data.as_ref())
            .map(|file| file.file_uri.as_str())
    }
}

impl VideoMetadata {
    /// Returns the seconds that remain of a video of this length.
    fn length(&self, video_duration_s: Option<f64>) -> Option<f64> {
        let offset = |offset: &Option<String>| offset.as_deref().and_then(wire::seconds);
        let start = offset(&self.start_offset).unwrap_or(0.0);
        let end = match (offset(&self.end_offset), video_duration_s) {
            (Some(end), Some(length)) => end.min(length),
            (Some(end), None) => end,
            (None, length) => length?,
        };
        Some((end - start).max(0.0))
    }
}

/// Checks that a `fileUri` is an active file of the caller or a public YouTube video.
fn check_file(state: &Gemini, uri: &str) -> Result<(), ApiError> {
    if let Some(id) = own_file(&state.base_url, uri) {
        let files = &state.state().files;
        return match files.get(id).map(super::files::File::state) {
            None => Err(ApiError::no_such_file(id)),
            Some(FileState::Active) => Ok(()),
            Some(FileState::Processing | FileState::Failed) => Err(ApiError::failed_precondition(
                format!("The File {id} is not in an ACTIVE state and usage is not allowed."),
            )),
        };
    }
    let message = format!("Invalid or unsupported file uri: {uri}");
    ApiError::check(is_watch_url(uri), message)
}

fn own_file<'a>(base_url: &str, uri: &'a str) -> Option<&'a str> {
    let path = uri.strip_prefix(base_url)?;
    let id = path
        .strip_prefix("/v1beta/files/")
        .or_else(|| path.strip_prefix("/v1/files/"))?;
    (!id.is_empty() && !id.contains(['/', '?'])).then_some(id)
}

fn is_watch_url(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let host = matches!(url.host_str(), Some("www.youtube.com" | "youtube.com"));
    let id = url
        .query_pairs()
        .find(|(name, _)| name == "v")
        .map(|(_, id)| id);
    url.scheme() == "https"
        && host
        && url.path() == "/watch"
        && id.is_some_and(|id| crate::youtube::is_video_id(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_watch_urls_name_a_video() {
        assert!(is_watch_url("https://www.youtube.com/watch?v=9hE5-98ZeCg"));
        assert!(is_watch_url(
            "https://www.youtube.com/watch?t=1&v=9hE5-98ZeCg"
        ));
        for other in [
            "http://www.youtube.com/watch?v=9hE5-98ZeCg",
            "https://www.youtube.com/watch?v=short",
            "https://www.youtube.com/playlist?list=9hE5-98ZeCg",
            "https://youtube.com.evil.example/watch?v=9hE5-98ZeCg",
            "https://example.com/video.mp4",
            "gs://bucket/video.mp4",
            "",
        ] {
            assert!(!is_watch_url(other), "{other}");
        }
    }

    #[test]
    fn offsets_shorten_a_video() {
        let metadata = |start: Option<&str>, end: Option<&str>| VideoMetadata {
            start_offset: start.map(str::to_owned),
            end_offset: end.map(str::to_owned),
        };
        assert_eq!(metadata(None, None).length(None), None);
        assert_eq!(metadata(None, None).length(Some(60.0)), Some(60.0));
        assert_eq!(metadata(Some("40s"), Some("80s")).length(None), Some(40.0));
        assert_eq!(
            metadata(Some("40s"), Some("80s")).length(Some(60.0)),
            Some(20.0)
        );
        assert_eq!(metadata(Some("90s"), None).length(Some(60.0)), Some(0.0));
    }
}
