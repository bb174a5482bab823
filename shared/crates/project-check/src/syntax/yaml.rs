//! YAML 1.2 syntax check over events, so that neither depth nor aliases increase memory use.

use std::collections::HashSet;

use saphyr_parser::{Event, Parser};

use super::super::finding::{Findings, Rule, excerpt};

const MAX_DEPTH: usize = 64;

/// Open mapping or sequence.
enum Open {
    Sequence,
    /// Keys so far, and true if a key comes next.
    Mapping(HashSet<String>, bool),
}

pub(super) fn check(text: &str, findings: &mut Findings) {
    let line = |line: usize| u32::try_from(line).unwrap_or(u32::MAX).max(1);
    let shown = |at: usize| excerpt(text.lines().nth(at.saturating_sub(1)).unwrap_or_default());
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().line();
                let message = format!("{}: {}", error.info(), shown(at));
                return findings.error(line(at), Rule::Syntax, message);
            }
        };
        let at = span.start.line();
        let key = match &event {
            Event::Scalar(text, ..) => Some(text.as_ref()),
            _ => None,
        };
        let ends = matches!(event, Event::SequenceEnd | Event::MappingEnd);
        if ends {
            open.pop();
        }
        let begins = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        let is_node = begins || key.is_some() || matches!(event, Event::Alias(_));
        if let (true, Some(Open::Mapping(keys, is_key))) = (is_node, open.last_mut()) {
            let twice =
                key.filter(|key| *is_key && *key != "<<" && !keys.insert((*key).to_owned()));
            if let Some(key) = twice {
                let message = format!("the key {} stands twice in one mapping", excerpt(key));
                return findings.error(line(at), Rule::DuplicateKey, message);
            }
            *is_key = !*is_key;
        }
        match event {
            Event::SequenceStart(..) => open.push(Open::Sequence),
            Event::MappingStart(..) => open.push(Open::Mapping(HashSet::new(), true)),
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return findings.error(line(at), Rule::Syntax, "nested too deeply");
        }
    }
}
