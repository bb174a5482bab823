//! Build log (<https://vercel.com/docs/rest-api/deployments/get-deployment-events>).

use serde::Deserialize;
use serde_json::Value;

use eventrelay_analysis::text;

pub(super) const MAX_COUNT: usize = 100;
/// Maximum length of a line, in characters.
const MAX_LINE_LENGTH: usize = 300;

/// Kinds of events in a log. Other events are about states and requests.
const KINDS: [&str; 5] = ["command", "stdout", "stderr", "fatal", "exit"];

/// Event, in either of two forms.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEvent {
    #[serde(rename = "type")]
    kind: String,
    created: f64,
    text: Option<String>,
    payload: WirePayload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePayload {
    text: Option<String>,
}

/// Returns the lines of a log, oldest first, or `None` if it is no log. The body is a JSON array or
/// has one event per line.
pub(super) fn lines(body: &[u8]) -> Option<Vec<String>> {
    let values: Vec<Value> = match serde_json::from_slice::<Option<Vec<Value>>>(body) {
        Ok(list) => list.unwrap_or_default(),
        Err(_) => {
            let values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
            values.collect::<Result<_, _>>().ok()?
        }
    };
    // An unreadable event is skipped.
    let read = |value| serde_json::from_value::<WireEvent>(value).ok();
    let mut events: Vec<WireEvent> = values.into_iter().filter_map(read).collect();
    let ends = events.first().zip(events.last());
    if ends.is_some_and(|(first, last)| first.created > last.created) {
        events.reverse();
    }
    let lines = events
        .into_iter()
        .filter(|event| KINDS.contains(&event.kind.as_str()))
        .filter_map(|event| event.text.or(event.payload.text));
    let lines: Vec<String> = lines
        .map(|line| text::line(&without_colours(&line), MAX_LINE_LENGTH))
        .filter(|line| !line.is_empty())
        .collect();
    let first = lines.len().saturating_sub(MAX_COUNT);
    Some(lines[first..].to_vec())
}

/// Removes the control sequences of a terminal (ECMA-48, section 5.4).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = sequence.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
        rest = end.map_or("", |end| &sequence[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_log_is_read_in_both_forms_and_orders() {
        let list = r#"[
            {"type":"stderr","created":3,"date":3,"deploymentId":"d","id":"3","serial":"c","info":{"name":"b","type":"build"},"text":"\u001b[31mError:\u001b[0m Type 'x'"},
            {"type":"deployment-state","created":2,"date":2,"deploymentId":"d","id":"2","info":{"name":"b","type":"build","readyState":"BUILDING"},"text":"no line"},
            {"type":"command","created":1,"payload":{"date":1,"deploymentId":"d","id":"1","serial":"a","text":"npm run build"}},
            {"type":7}
        ]"#;
        let expected = ["npm run build", "Error: Type 'x'"];
        assert_eq!(lines(list.as_bytes()).unwrap(), expected);
        let stream = "{\"type\":\"stdout\",\"created\":1,\"text\":\"a\"}\n{\"type\":\"stdout\",\"created\":1,\"text\":\"b\"}\n";
        assert_eq!(lines(stream.as_bytes()).unwrap(), ["a", "b"]);
        assert_eq!(lines(b"null"), Some(Vec::new()));
        assert_eq!(lines(b""), Some(Vec::new()));
        assert_eq!(lines(b"<html>"), None);
    }

    #[test]
    fn a_log_has_an_end() {
        let event = |i| {
            format!(
                r#"{{"type":"stdout","created":{i},"text":"{i} {}"}}"#,
                "x".repeat(999)
            )
        };
        let events: Vec<String> = (0..150).map(event).collect();
        let lines = lines(format!("[{}]", events.join(",")).as_bytes()).unwrap();
        assert_eq!(lines.len(), MAX_COUNT);
        assert!(lines[99].starts_with("149 ") && lines[99].chars().count() <= MAX_LINE_LENGTH);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>, text: String) {
            lines(&body);
            without_colours(&format!("\u{1b}[{text}"));
        }
    }
}
