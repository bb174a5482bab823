//! Escaping of untrusted text for the language of a file.

use std::fmt::{Result, Write};

use askama::filters::Escaper;

use eventrelay_analysis::markdown;

/// Text between double quotes in JSON, TOML, YAML, JavaScript and TypeScript.
///
/// Backslash, quote and four hexadecimal digits mean the same in all of them (RFC 8259, 7; TOML
/// 1.0, "String"; YAML 1.2, 5.7; ECMAScript, 12.9.4). The escape applies to characters that one of
/// them forbids or an editor hides: controls, line separators, byte order marks and direction
/// marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted;

impl Escaper for Quoted {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> Result {
        for character in text.chars() {
            match character {
                '"' | '\\' => {
                    to.write_char('\\')?;
                    to.write_char(character)?;
                }
                '\u{0}'..='\u{1f}'
                | '\u{7f}'..='\u{9f}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fffe}'..='\u{ffff}' => write!(to, "\\u{:04x}", u32::from(character))?,
                other => to.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Text in a line of Markdown. Only strings may be passed whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> Result {
        to.write_str(&markdown::inline(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = String::from('"');
        Quoted.write_escaped_str(&mut out, text).unwrap();
        out + "\""
    }

    #[test]
    fn every_character_reads_back_in_every_language() {
        use saphyr::{LoadableYamlNode, Yaml};
        for character in '\u{0}'..=char::MAX {
            // Planes of letters, emoji and private use are written unchanged.
            if ('\u{2100}'..='\u{fdff}').contains(&character) || character > '\u{1f600}' {
                continue;
            }
            let text = format!("a{character} b");
            let quoted = quoted(&text);
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
            let toml: toml::Table = toml::from_str(&format!("x = {quoted}")).unwrap();
            assert_eq!(toml["x"].as_str(), Some(text.as_str()));
            let yaml = Yaml::load_from_str(&quoted).unwrap();
            assert_eq!(yaml[0].as_str(), Some(text.as_str()), "{character:?}");
        }
    }

    #[test]
    fn a_text_does_not_end_its_string() {
        assert_eq!(quoted("a\"; b\\\n\u{202e}"), r#""a\"; b\\\u000a\u202e""#);
    }
}
