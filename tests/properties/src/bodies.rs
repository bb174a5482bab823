//! Bodies of the API's callers, queries, and records of the queue.

use aws_lambda_events::event::sqs::SqsEvent;
use eventrelay::{
    analysis::search::Query,
    error::{Disposition, Error},
    readers,
    store::queue::Message,
    submission::Submission,
};
use lambda_http::{Body, Request};
use sha2::{Digest, Sha256};

/// A body is what was asked for, within its bounds, or refused as a fault of the caller's. The
/// first byte says which route it is sent to.
pub(crate) fn api_body(data: &[u8]) {
    let Some((route, body)) = data.split_first() else {
        return;
    };
    let request: Request = http::Request::post("/")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .expect("a request");
    match route % 5 {
        0 => match readers::submission(&request) {
            Ok(one) => submission(&one),
            Err(error) => refusal(&error),
        },
        1 => match readers::batch(&request) {
            Ok(all) => {
                assert!((1..=50).contains(&all.len()));
                for one in &all {
                    match one {
                        Ok(one) => submission(one),
                        Err(error) => refusal(error),
                    }
                }
            }
            Err(error) => refusal(&error),
        },
        2 => match readers::playlist(&request) {
            Ok((playlist, _)) => assert!(playlist.as_str().len() <= 64),
            Err(error) => refusal(&error),
        },
        3 => match readers::upload(&request) {
            Ok((hash, recording)) => {
                assert_eq!(hash.as_str().len(), 64);
                assert!((1..=2_000_000_000).contains(&recording.size_bytes));
                assert!((1..=255).contains(&recording.file_name.len()));
                assert!(!recording.file_name.contains(char::is_control));
                assert!(recording.content_type.is_ascii());
            }
            Err(error) => refusal(&error),
        },
        _ => match readers::feedback(&request) {
            Ok((_, rating, comment)) => {
                assert!(rating.is_some() || comment.is_some());
                assert!(rating.is_none_or(|rating| (1..=5).contains(&rating)));
                assert!(comment.is_none_or(|text| (1..=1000).contains(&text.chars().count())));
            }
            Err(error) => refusal(&error),
        },
    }
}

fn submission(one: &Submission) {
    let variant = one.request.variant();
    // A part of keys and of URLs.
    let plain = variant
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    assert!(plain && variant.len() <= 40, "{variant}");
    let hash = one
        .transcript
        .as_ref()
        .map(|text| hex::encode(Sha256::digest(text)));
    assert_eq!(hash, one.request.transcript);
    if let Some(window) = one.request.window {
        assert!(window.start_s >= 0.0 && window.end_s.is_none_or(|end| end > window.start_s));
    }
    let tag = one.request.language.as_deref().unwrap_or("en");
    assert!(tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
}

/// A refusal is the caller's fault, permanent, and its words can be shown.
fn refusal(error: &Error) {
    let status = error.problem().status;
    assert!((400..500).contains(&status), "{status}: {}", error.report());
    assert_eq!(error.disposition(), Disposition::Permanent);
    let detail = error.detail();
    assert!(!detail.is_empty() && detail.len() < 1000, "{detail}");
    assert!(!detail.contains(char::is_control), "{detail:?}");
}

/// Words that are typed at most.
const MAX_WORDS: usize = 8;
/// Bytes of a query at most.
const MAX_QUERY_BYTES: usize = 200;

/// A query is written as it is read, and asks for few things.
pub(crate) fn search_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Query::parse(text) {
        Ok(query) => {
            assert!((1..=16).contains(&query.words().len()));
            let written = query.to_string();
            // A word of some scripts is several terms, which stand as words of their own then.
            let words = written.split_whitespace().count();
            match Query::parse(&written) {
                Ok(again) => assert_eq!(again, query, "{written:?}"),
                Err(error) => assert!(
                    words > MAX_WORDS || written.len() > MAX_QUERY_BYTES,
                    "{written:?}: {}",
                    error.report()
                ),
            }
        }
        Err(error) => refusal(&error),
    }
}

/// A record is a message that is written as it was read, or refused for good.
pub(crate) fn queue_record(data: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<SqsEvent>(data) {
        for record in event.records {
            message(record.body.as_deref().unwrap_or_default());
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        message(text);
    }
}

fn message(body: &str) {
    match Message::parse(body) {
        Ok(message) => {
            let written = serde_json::to_string(&message).expect("a message");
            assert_eq!(Message::parse(&written).ok(), Some(message));
        }
        Err(error) => assert_eq!(error.disposition(), Disposition::Permanent),
    }
}
