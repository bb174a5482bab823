//! Parsers of option values, based on the types of the API.

use clap::{
    ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser},
};
use eventrelay::{
    project::{Framework, Language, ProjectType, deploy::Target},
    video::Resolution,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parser for the API names of a value of `T`. Clap lists the names in help and errors.
fn choice<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
) -> ValueParser {
    let names = names.into_iter().map(PossibleValue::new);
    PossibleValuesParser::new(names)
        .try_map(|name| serde_json::from_value::<T>(Value::String(name)))
        .into()
}

pub(super) fn project_type() -> ValueParser {
    choice::<ProjectType>(ProjectType::ALL.iter().map(ProjectType::into_str))
}

pub(super) fn framework() -> ValueParser {
    choice::<Framework>(Framework::ALL.iter().map(Framework::into_str))
}

pub(super) fn programming_language() -> ValueParser {
    choice::<Language>(Language::OF_FRAMEWORKS.iter().map(Language::into_str))
}

pub(super) fn target() -> ValueParser {
    choice::<Target>(Target::ALL.iter().map(Target::into_str))
}

pub(super) fn resolution() -> ValueParser {
    choice::<Resolution>(["low", "medium", "high"])
}

/// Parses seconds of a video with the limits of the API.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    const DAY_S: f64 = 24.0 * 3600.0;
    match text.parse() {
        Ok(seconds) if (0.0..=DAY_S).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 86400 is expected".to_owned()),
    }
}

/// Parses an amount of US dollars with the limits of the API.
pub(super) fn price_usd(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(usd) if usd > 0.0 && usd <= 10_000.0 => Ok(usd),
        _ => Err("an amount of US dollars above 0 and up to 10000 is expected".to_owned()),
    }
}

/// Parses a BCP 47 language tag with the rules of the API. The primary subtag has two or three
/// letters: longer ones are reserved, and none is registered (RFC 5646, section 2.2.1).
pub(super) fn language_tag(text: &str) -> Result<String, String> {
    let tag = eventrelay::api::submissions::language(text.to_owned()).ok();
    tag.filter(|tag| tag.split('-').next().is_some_and(|code| code.len() <= 3))
        .ok_or_else(|| "a BCP 47 language tag is expected, such as en, de or pt-BR".to_owned())
}

/// Output format of an analysis.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Md,
    Vtt,
    Srt,
}

impl Format {
    /// Returns the value of the query parameter `format`. The API's default is JSON.
    pub(crate) const fn query(self) -> Option<&'static str> {
        match self {
            Self::Json => None,
            Self::Md => Some("md"),
            Self::Vtt => Some("vtt"),
            Self::Srt => Some("srt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_values_follow_the_api() {
        assert_eq!(seconds("1.5"), Ok(1.5));
        for wrong in ["-1", "90000", "NaN", "inf", "1:30", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(price_usd("0.05"), Ok(0.05));
        for wrong in ["0", "-1", "NaN", "10001", "$1"] {
            assert!(price_usd(wrong).is_err(), "{wrong}");
        }
        assert!(language_tag("pt-BR").is_ok());
        for wrong in ["english", "en_US", "x", "de;q=1", "klingon-x", ""] {
            assert!(language_tag(wrong).is_err(), "{wrong}");
        }
    }
}
