use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::search::{Corpus, Posting, Query, Word, rank};

fn analysis(title: &str, content: Value) -> Analysis {
    let mut analysis = json!({
        "schema_version": "1",
        "video": {"id": "yt:dQw4w9WgXcQ", "platform": "youtube", "title": title},
        "language": "en",
        "summary": "Not searched.",
        "sources": {},
        "provenance": {
            "model": "m", "pipeline_version": "1", "prompt_sha256": "", "analyzed_at": "",
            "usage": {"input_tokens": 0, "output_tokens": 0, "thinking_tokens": 0, "model_calls": 0},
        },
    });
    for (name, value) in content.as_object().unwrap() {
        analysis[name] = value.clone();
    }
    serde_json::from_value(analysis).unwrap()
}

fn event(title: &str, description: &str, at_s: f64) -> Value {
    json!({"type": "tool", "title": title, "description": description, "at_s": at_s, "confidence": 1.0})
}

fn action(title: &str) -> Value {
    json!({"title": title, "category": "setup", "priority": "high", "at_s": 20.5})
}

fn small() -> Document {
    Document::new(&analysis(
        "A web server",
        json!({
            "key_concepts": [{"name": "Router", "explanation": "Finds\n the  handler.", "at_s": 30.0}, {"name": "Web", "explanation": ""}],
            "chapters": [{"title": "Setup", "start_s": 0.0, "end_s": 65.0, "summary": "Web tools."}],
            "events": [event("", "The server starts.", 12.0), event(" ", "", 13.0)],
            "actions": [action("Start the server")],
            "transcript": [{"start_s": 0.0, "end_s": 1.0, "text": "Unheard"}],
        }),
    ))
}

#[test]
fn the_searched_parts_are_one_line_each_with_their_second() {
    let document = small();
    let entry = |part, at_s, text: &str| Entry {
        part,
        at_s,
        text: text.to_owned(),
    };
    assert_eq!(
        document.entries(),
        [
            entry(Part::Title, None, "A web server"),
            entry(Part::KeyConcepts, Some(30.0), "Router: Finds the handler."),
            entry(Part::KeyConcepts, None, "Web"),
            entry(Part::Chapters, Some(0.0), "Setup: Web tools."),
            entry(Part::Events, Some(12.0), "The server starts."),
            entry(Part::Actions, Some(20.5), "Start the server"),
        ]
    );
}

#[test]
fn word_frequency_is_weighted_by_part() {
    let document = small();
    let terms: BTreeMap<_, _> = document.terms().collect();
    let web = Occurrence {
        frequency: 6 + 3 + 2,
        entries: vec![0, 2, 3],
    };
    let server = Occurrence {
        frequency: 6 + 1 + 1,
        entries: vec![0, 4, 5],
    };
    assert_eq!((terms["web"], terms["server"]), (&web, &server));
    assert!(!terms.contains_key("unheard") && !terms.contains_key("searched"));
    assert_eq!(document.length(), 3 * 6 + 5 * 3 + 3 * 2 + 3 + 3);
}

/// The largest stored analysis, of the longest characters, is found in all parts and stays within
/// its row's limits.
#[test]
fn very_long_analysis_is_cut_evenly_in_all_parts() {
    let long = |seed: u32| -> String {
        let character = |n: u32| char::from_u32(0x2_0000 + (seed * 31 + n * n) % 40_000).unwrap();
        (0..4_000).map(character).collect()
    };
    let events: Vec<_> = (0..500)
        .map(|n| event(&format!("number{n}"), &long(n), 1.0))
        .collect();
    let actions: Vec<_> = (0..200).map(|n| action(&long(n))).collect();
    let document = Document::new(&analysis(
        "Long",
        json!({"events": events, "actions": actions}),
    ));
    assert_eq!(document.entries().len(), 701);
    let terms: Vec<_> = document.terms().collect();
    assert!(
        (TERMS / 2..=TERMS).contains(&terms.len()),
        "{}",
        terms.len()
    );
    assert!(
        terms
            .iter()
            .all(|(_, term)| term.entries.len() <= ENTRIES_OF_TERM)
    );
    assert!(terms.iter().any(|(term, _)| *term == "number499"));
}

#[test]
fn more_entries_than_can_be_counted_are_left_out() {
    let events: Vec<_> = (0..100_000)
        .map(|n| event("", &format!("e{n}"), 1.0))
        .collect();
    let document = Document::new(&analysis("", json!({"events": events})));
    assert_eq!(document.entries().len(), ENTRIES);
}

/// Matches like the index: each word of a query finds the terms it names.
fn finds(document: &Document, query: &Query) -> bool {
    let postings = |word: &Word| {
        let names = |term: &str| match word {
            Word::Exact(exact) => term == exact,
            Word::Prefix(beginning) => term.starts_with(beginning.as_str()),
        };
        let found = document.terms().filter(|(term, _)| names(term));
        let posting = |(_, occurrence): (&str, &Occurrence)| Posting {
            document: "d".to_owned(),
            frequency: occurrence.frequency,
            length: document.length(),
            entries: occurrence.entries.clone(),
        };
        found.map(posting).collect()
    };
    let words = query.words().iter().map(postings).collect();
    !rank(words, Corpus::default()).is_empty()
}

proptest! {
    #[test]
    fn a_document_is_found_by_each_of_its_terms(
        title: String, name in "[\\PC]{0,60}", text in "[\\p{Latin}\\p{Han}\\p{Thai}ガ0-9 .+#-]{0,60}",
    ) {
        let concept = json!({"name": name, "explanation": text});
        let document = Document::new(&analysis(&title, json!({"key_concepts": [concept]})));
        for (term, occurrence) in document.terms() {
            let query = Query::parse(term).unwrap();
            prop_assert!(finds(&document, &query), "{term}: {query}");
            prop_assert!(occurrence.frequency > 0 && !occurrence.entries.is_empty());
        }
    }

    #[test]
    fn a_document_is_found_by_what_it_says(text in "[\\p{Latin}\\p{Han}\\p{Hiragana}\\p{Hangul} .+#-]{0,30}") {
        let document = Document::new(&analysis(&text, json!({})));
        if let Ok(query) = Query::parse(&text) {
            prop_assert!(finds(&document, &query), "{query}");
        }
    }

    #[test]
    fn a_beginning_finds_what_its_word_finds(
        text in "[\\p{Latin}\\p{Cyrillic}\\p{Devanagari}0-9.+]{1,60}", length in 2..30usize,
    ) {
        let document = Document::new(&analysis(&text, json!({})));
        for (term, _) in document.terms() {
            let beginning: String = term.chars().take(length).collect();
            if let Ok(query) = Query::parse(&format!("{beginning}*")) {
                prop_assert!(finds(&document, &query), "{term}: {query}");
            }
        }
    }
}
