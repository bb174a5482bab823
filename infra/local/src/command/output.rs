//! Output of a command: the result on stdout, notes about it on stderr.

use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
};

use anyhow::Context as _;

use crate::{Exit, data::Ready};

pub(super) struct Answer {
    pub(super) text: String,
    /// True if a stand-in made the result without a transcript.
    pub(super) is_only_standin: bool,
}

impl Answer {
    /// Writes the result to `file` or stdout, with notes about its links on stderr. `is_own` is
    /// whether the system ends with this command.
    pub(super) fn deliver(
        &self,
        file: Option<&Path>,
        ready: &Ready,
        is_own: bool,
    ) -> anyhow::Result<Exit> {
        write(&self.text, file)?;
        for line in link_notes(&self.text, ready, is_own) {
            eprintln!("{line}");
        }
        Ok(if self.is_only_standin {
            Exit::OnlyStandIn
        } else {
            Exit::Done
        })
    }
}

/// Writes the result to stdout or into a file.
pub(super) fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    let text = if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    };
    if let Some(path) = file {
        return std::fs::write(path, text)
            .with_context(|| format!("cannot write {}", path.display()));
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Returns whether a person reads the result.
pub(super) fn is_for_person(file: Option<&Path>) -> bool {
    file.is_some() || std::io::stdout().is_terminal()
}

/// Indents a JSON document. The order of members and the digits of numbers stay the same.
pub(super) fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = json
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
        .peekable();
    let break_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(char) = rest.next() {
        if in_string {
            out.push(char);
            match char {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match char {
            ' ' => {}
            '"' => {
                in_string = true;
                out.push(char);
            }
            '{' | '[' => {
                out.push(char);
                while rest.peek() == Some(&' ') {
                    rest.next();
                }
                if let Some(close) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(char);
            }
            ',' => {
                out.push(char);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(char),
        }
    }
    out
}

/// Prints on stderr which services are stand-ins, before the work begins. `has_transcript` is
/// whether the stand-in of Gemini has words to work with.
pub(super) fn announce_standins(ready: &Ready, has_transcript: bool) {
    if !ready.standins.contains_key("gemini") {
        return;
    }
    eprintln!("No model is configured, so a stand-in answers in place of Gemini.");
    let has_key = std::env::var("GEMINI_API_KEY").is_ok_and(|key| !key.trim().is_empty());
    if has_key {
        eprintln!("The system at {} was started without the key.", ready.api);
        eprintln!("For a real result, stop it and start it with GEMINI_API_KEY.");
    } else if has_transcript {
        eprintln!("It derives its answer from the transcript alone. For a real one, set");
        eprintln!("GEMINI_API_KEY (get a key at https://aistudio.google.com/apikey).");
    } else {
        eprintln!("For a real result, set GEMINI_API_KEY (get a key at");
        eprintln!("https://aistudio.google.com/apikey), or give the words with --transcript FILE.");
    }
}

/// Returns a note for each address in `text` that ends with a system.
fn link_notes(text: &str, ready: &Ready, is_own: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if text.contains(&ready.api) {
        let port = ready.api.rsplit(':').next().unwrap_or_default();
        notes.push(if is_own {
            format!(
                "Links to {} end with this command.\n`cargo local --port {port}` on the same data \
                 folder serves them again.",
                ready.api
            )
        } else {
            format!(
                "Links to {} work as long as the system there runs.",
                ready.api
            )
        });
    }
    let shown = ready.standins.iter().filter(|(_, url)| text.contains(*url));
    notes.extend(
        shown.map(|(name, url)| format!("{url} is a stand-in of {name} and ends with the system.")),
    );
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::Endpoints;

    #[test]
    fn json_is_indented_and_nothing_else() {
        let json = r#"{"b":1.50,"a":[],"c":{},"t":"x: {\"y\", [\\","l":[1,{"z":null}]}"#;
        let expected = "{\n  \"b\": 1.50,\n  \"a\": [],\n  \"c\": {},\n  \"t\": \"x: {\\\"y\\\", [\\\\\",\n  \"l\": [\n    1,\n    {\n      \"z\": null\n    }\n  ]\n}";
        assert_eq!(pretty(json), expected);
        // Indenting is idempotent.
        assert_eq!(pretty(expected), expected);
        for text in ["[]", "{ }", "\"a\"", "1", ""] {
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            assert_eq!(value(&pretty(text)), value(text), "{text}");
        }
    }

    fn ready() -> Ready {
        let standins = [("github", "http://127.0.0.1:4000")];
        Ready {
            api: "http://127.0.0.1:8787".into(),
            api_key: String::new(),
            aws: Endpoints {
                dynamodb: String::new(),
                s3: String::new(),
                secrets_manager: String::new(),
                sqs: String::new(),
            },
            standins: BTreeMap::from(standins.map(|(name, url)| (name.into(), url.into()))),
            admin: String::new(),
            resources: BTreeMap::new(),
        }
    }

    #[test]
    fn links_that_end_are_announced() {
        let ready = ready();
        assert_eq!(link_notes("no links", &ready, true), [""; 0]);
        let notes = link_notes("http://127.0.0.1:8787/v1/jobs/x", &ready, true);
        assert!(notes[0].contains("`cargo local --port 8787`"), "{notes:?}");
        let notes = link_notes(
            "http://127.0.0.1:8787 http://127.0.0.1:4000/a",
            &ready,
            false,
        );
        assert!(notes[0].contains("as long as"), "{notes:?}");
        assert!(notes[1].contains("stand-in of github"), "{notes:?}");
        for line in notes.iter().flat_map(|note| note.lines()) {
            assert!(line.len() <= 80, "{line}");
        }
    }
}
