//! A stack with analyses in its index, put there as the worker does it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::AttributeValue::{self, N, S},
};
use eventrelay::{
    analysis::{Analysis, search::Document},
    clock::Timestamp,
    store::{StoredAnalysis, search::Search},
};
use eventrelay_tests::Stack;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const VIDEOS: &str = "VideosTable";
const SEARCH: &str = "SearchTable";

pub(crate) struct Library {
    pub(crate) stack: Stack,
    pub(crate) search: Search,
    dynamodb: Client,
}

impl Library {
    pub(crate) async fn start() -> Self {
        let stack = Stack::start().await.unwrap();
        let dynamodb = stack.dynamodb();
        Self {
            search: search(&stack, dynamodb.clone()),
            dynamodb,
            stack,
        }
    }

    /// Makes an analysis the current one of a video, and findable.
    pub(crate) async fn add(&self, video: &str, analysis: &Analysis) {
        self.index(video, analysis).await;
        let stored = StoredAnalysis {
            variant: "1".to_owned(),
            base_variant: "1".to_owned(),
            etag: etag(video, analysis),
            size_bytes: 1,
            gzip_bytes: 0,
            title: analysis.video.title.clone(),
            category: "devops".to_owned(),
            duration_s: None,
            usage: Default::default(),
            answered_by: Default::default(),
            finished_at: Timestamp(1),
            expires_at: Timestamp(2),
        };
        let doc = serde_json::to_string(&stored).unwrap();
        self.put_row(video, "current", &[("doc", &doc), ("category", "devops")])
            .await;
    }

    /// Makes an analysis findable.
    pub(crate) async fn index(&self, video: &str, analysis: &Analysis) {
        let (key, etag) = (video.parse().unwrap(), etag(video, analysis));
        let document = Document::new(analysis);
        self.search.put(&key, &etag, &document).await.unwrap();
    }

    /// Writes a row of the table of videos.
    pub(crate) async fn put_row(&self, video: &str, sk: &str, attributes: &[(&str, &str)]) {
        let mut put = self
            .dynamodb
            .put_item()
            .table_name(self.stack.name(VIDEOS))
            .item("pk", S(video.to_owned()))
            .item("sk", S(sk.to_owned()))
            .item("finished_at", N("1".to_owned()));
        for (name, value) in attributes {
            put = put.item(*name, S((*value).to_owned()));
        }
        put.send().await.unwrap();
    }

    /// Number of documents in the index.
    pub(crate) async fn documents(&self) -> usize {
        let keys = self.keys().await;
        keys.iter().filter(|key| key.starts_with("d#")).count()
    }

    /// Keys of everything in the index but the counters.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let mut keys = self.keys().await;
        keys.retain(|key| !key.starts_with("corpus "));
        keys
    }

    /// Number of documents and sum of their lengths, as they were counted.
    pub(crate) async fn corpus(&self) -> (i64, i64) {
        let rows = self.rows().await;
        let sum = |name: &str| {
            let counted = rows
                .iter()
                .filter(|row| row["pk"] == S("corpus".to_owned()));
            counted
                .map(|row| row[name].as_n().unwrap().parse::<i64>().unwrap())
                .sum()
        };
        (sum("documents"), sum("length"))
    }

    /// Makes the posting of a word in one video so many bytes larger.
    pub(crate) async fn blow_up(&self, term: &str, number: usize, bytes: usize) {
        let is_posting = |row: &&HashMap<String, AttributeValue>| {
            let head = format!("{term} {} ", video(number));
            row["sk"].as_s().unwrap().starts_with(&head)
        };
        let rows = self.rows().await;
        let mut row = rows.iter().find(is_posting).unwrap().clone();
        row.insert("pad".to_owned(), S("x".repeat(bytes)));
        let put = self.dynamodb.put_item().table_name(self.stack.name(SEARCH));
        put.set_item(Some(row)).send().await.unwrap();
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let rows = self.rows().await;
        let part = |row: &HashMap<String, AttributeValue>, name| row[name].as_s().unwrap().clone();
        rows.iter()
            .map(|row| format!("{} {}", part(row, "pk"), part(row, "sk")))
            .collect()
    }

    async fn rows(&self) -> Vec<HashMap<String, AttributeValue>> {
        let pages = self
            .dynamodb
            .scan()
            .table_name(self.stack.name(SEARCH))
            .into_paginator();
        let items = pages.items().send().collect::<Result<Vec<_>, _>>();
        items.await.unwrap()
    }
}

/// The index of a stack, behind a client.
pub(crate) fn search(stack: &Stack, dynamodb: Client) -> Search {
    let name = |table| stack.name(table).to_owned();
    Search::new(dynamodb, name(SEARCH), name(VIDEOS))
}

/// Key of the nth video.
pub(crate) fn video(number: usize) -> String {
    format!("yt:{number:010}A")
}

/// Entity tag of an analysis. Here and not in the field, each has one of its own.
pub(crate) fn etag(video: &str, analysis: &Analysis) -> String {
    let json = serde_json::to_vec(&(video, analysis)).unwrap();
    hex::encode(Sha256::digest(json))
}

pub(crate) fn analysis(title: &str, content: Value) -> Analysis {
    let mut analysis = json!({
        "schema_version": "1",
        "video": {"id": video(0), "platform": "youtube", "title": title},
        "language": "en",
        "summary": "Unsearched.",
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

pub(crate) fn concept(name: &str, explanation: &str, at_s: Option<f64>) -> Value {
    json!({"name": name, "explanation": explanation, "at_s": at_s})
}

pub(crate) fn chapter(title: &str, start_s: f64) -> Value {
    json!({"title": title, "start_s": start_s, "end_s": start_s + 1.0})
}

pub(crate) fn event(title: &str, at_s: f64) -> Value {
    json!({"type": "topic", "title": title, "at_s": at_s, "confidence": 1.0})
}

pub(crate) fn action(title: &str, at_s: f64) -> Value {
    json!({"title": title, "category": "setup", "priority": "high", "at_s": at_s})
}
