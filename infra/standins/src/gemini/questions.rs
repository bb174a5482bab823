//! What was asked about software: the log behind `GET /_control/questions`.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use serde_json::{Value, json};

use super::lock;

/// Questions kept. Older ones are forgotten, so that a long run does not grow without end.
const KEPT: usize = 500;

/// The log.
pub(super) struct Questions {
    started: Instant,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    forgotten: u64,
    asked: VecDeque<Asked>,
}

struct Asked {
    /// As it came: parsed it would take many times as much memory, and few look.
    text: Box<str>,
    from_ms: u64,
    until_ms: Option<u64>,
}

/// A question that is under way until this is dropped.
pub(super) struct UnderWay<'a> {
    log: &'a Questions,
    number: u64,
}

impl Questions {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            log: Mutex::default(),
        }
    }

    /// A text that is a question has arrived.
    pub(super) fn begin(&self, text: &str) -> UnderWay<'_> {
        let asked = Asked {
            text: text.into(),
            from_ms: self.now_ms(),
            until_ms: None,
        };
        let mut log = self.log();
        if log.asked.len() == KEPT {
            log.asked.pop_front();
            log.forgotten += 1;
        }
        log.asked.push_back(asked);
        let number = log.forgotten + log.asked.len() as u64 - 1;
        UnderWay { log: self, number }
    }

    /// In order of arrival.
    pub(super) fn to_json(&self) -> Value {
        let log = self.log();
        let asked = log.asked.iter().map(|asked| {
            let document: Value = serde_json::from_str(&asked.text).unwrap_or_default();
            json!({
                "document": document,
                "from_ms": asked.from_ms,
                "until_ms": asked.until_ms,
            })
        });
        Value::Array(asked.collect())
    }

    pub(super) fn clear(&self) {
        let mut log = self.log();
        log.forgotten += log.asked.len() as u64;
        log.asked.clear();
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let now = self.log.now_ms();
        let mut log = self.log.log();
        let place = self.number.checked_sub(log.forgotten);
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(asked) = place.and_then(|place| log.asked.get_mut(place)) {
            asked.until_ms = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_under_way_until_it_is_answered() {
        let questions = Questions::new();
        let first = questions.begin(r#"{"task": "plan"}"#);
        let second = questions.begin(r#"{"task": "file"}"#);
        drop(second);
        let log = questions.to_json();
        assert_eq!(log[0]["document"], json!({"task": "plan"}));
        assert_eq!(log[0]["until_ms"], Value::Null);
        assert!(log[1]["until_ms"].as_u64() >= log[1]["from_ms"].as_u64());
        // What was begun before a reset is not taken for what comes after it.
        questions.clear();
        let _third = questions.begin("{}");
        drop(first);
        assert_eq!(questions.to_json()[0]["until_ms"], Value::Null);
    }
}
