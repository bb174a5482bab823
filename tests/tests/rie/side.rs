//! One of the two stacks, what it was asked and what it said.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eventrelay_tests::{
    PATIENCE, Stack,
    events::{Source, Trigger, triggers},
    read, until,
};
use flate2::read::MultiGzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    blur::{Names, differing},
    emulator::Emulator,
};

/// Nothing is held to a rate, and playlists can be read.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("YOUTUBE_API_KEY", "a-youtube-key"),
    ("GITHUB_WRITES_PER_SECOND", "0"),
    ("GITHUB_WRITES_PER_MINUTE", "0"),
    ("GITHUB_WRITES_PER_HOUR", "0"),
    ("CIRCUIT_BREAKERS", "off"),
    // A lookup is counted before it is answered, not some time after.
    ("COUNT_LOOKUPS_EVERY_S", "0"),
    // An instance answers from memory for some seconds after a video was deleted.
    ("MEMORY_TTL_S", "0"),
];

/// A stack and who invokes its functions.
pub(crate) struct Side {
    pub(crate) stack: Stack,
    emulator: Option<Emulator>,
    triggers: BTreeMap<String, Trigger>,
    /// Values of the event files, and their replacements in this stack.
    meant: Vec<(String, String)>,
    names: Names,
    triggered: BTreeSet<String>,
    /// Requests and responses, in the order of the story.
    told: Vec<(String, Value)>,
    /// The different answers to messages, by function.
    worked: BTreeMap<String, BTreeSet<String>>,
    messages: usize,
    state: Vec<String>,
}

/// Name of a trigger in reports.
pub(crate) fn label(trigger: &Trigger) -> String {
    format!("{}/{}", trigger.function, trigger.name)
}

impl Side {
    /// A stack that does nothing by itself.
    pub(crate) async fn start(emulator: Option<Emulator>) -> anyhow::Result<Self> {
        let stack = Stack::with(&ENVIRONMENT).await?;
        let triggers = triggers()?.into_iter();
        let triggers: BTreeMap<_, _> = triggers.map(|one| (label(&one), one)).collect();
        for trigger in triggers.values() {
            if matches!(trigger.source, Source::Queue { .. }) {
                stack.read_queue(&trigger.function, false).await?;
            }
        }
        let mut side = Self {
            stack,
            emulator,
            triggers,
            meant: Vec::new(),
            names: Names::default(),
            triggered: BTreeSet::new(),
            told: Vec::new(),
            worked: BTreeMap::new(),
            messages: 0,
            state: Vec::new(),
        };
        let functions = side.stack.admin(Method::GET, "/functions", Value::Null);
        let functions = functions.await?;
        if let Some(emulator) = &mut side.emulator {
            emulator.carry(functions)?;
        }
        Ok(side)
    }

    /// Replaces ids of the event files by ids that exist.
    pub(crate) fn mean(&mut self, example: &str, real: &Value) -> anyhow::Result<()> {
        let real = real.as_str().context("no text")?.to_owned();
        self.meant.retain(|(known, _)| known != example);
        self.meant.push((example.to_owned(), real));
        Ok(())
    }

    /// Invokes a function with the event of a trigger, as it is.
    pub(crate) async fn ask(&mut self, trigger: &str) -> anyhow::Result<Value> {
        self.ask_with(trigger, "", |_| {}).await
    }

    /// The same with a change of the event, which is called `what`. The answer, a body of it read.
    pub(crate) async fn ask_with(
        &mut self,
        trigger: &str,
        what: &str,
        change: impl FnOnce(&mut Value),
    ) -> anyhow::Result<Value> {
        let told = self.triggers.get(trigger).context("no such trigger")?;
        let function = told.function.clone();
        let mut text = told.event()?.to_string();
        for (example, real) in &self.meant {
            text = text.replace(example, real);
        }
        let mut event = serde_json::from_str(&text)?;
        change(&mut event);
        self.triggered.insert(trigger.to_owned());
        self.record(&format!("{trigger} {what}"), &function, &event)
            .await
    }

    /// Invokes a function with any event.
    pub(crate) async fn record(
        &mut self,
        label: &str,
        function: &str,
        event: &Value,
    ) -> anyhow::Result<Value> {
        let answer = opened(self.invoke(function, event).await?);
        let blurred = self.names.blurred(&answer);
        self.told.push((label.to_owned(), blurred));
        Ok(answer)
    }

    /// The answer must have this status.
    pub(crate) async fn expect(&mut self, trigger: &str, status: u16) -> anyhow::Result<Value> {
        let answer = self.ask(trigger).await?;
        ensure!(answer["statusCode"] == status, "{trigger}: {answer:#}");
        Ok(answer)
    }

    async fn invoke(&mut self, function: &str, event: &Value) -> anyhow::Result<Value> {
        match &mut self.emulator {
            Some(emulator) => emulator.invoke(function, event).await,
            None => {
                let admin = &self.stack.ready.admin;
                let url = format!("{admin}/2015-03-31/functions/{function}/invocations");
                let request = self.stack.client().post(url).body(event.to_string());
                let answer = read(request.header("content-type", "application/json")).await?;
                ensure!(answer.status == 200, "{function}: {}", answer.text());
                Ok(answer.json())
            }
        }
    }

    /// Does what is in the queues until the job of an answer has ended well.
    pub(crate) async fn work_off(&mut self, accepted: &Value) -> anyhow::Result<()> {
        let job = accepted["body"]["job_id"].as_str().context("no job")?;
        let path = format!("/v1/jobs/{job}");
        until(PATIENCE, async || {
            self.work(false).await?;
            let job = self.stack.get_json(&path).await?;
            ensure!(job["status"] != "failed", "{job:#}");
            Ok((job["status"] == "done").then_some(()))
        })
        .await
        .with_context(|| format!("{accepted:#}"))
    }

    /// Has the functions deal with what is in the queues, or in those of dead letters, as many at a
    /// time as their mappings would.
    pub(crate) async fn work(&mut self, is_dead: bool) -> anyhow::Result<()> {
        let sources = self.triggers.values().filter_map(|one| match &one.source {
            Source::Queue { queue, batch_size } => Some((one.clone(), queue.clone(), *batch_size)),
            _ => None,
        });
        let sources = sources.filter(|(_, queue, _)| queue.ends_with("DeadLetters") == is_dead);
        for (trigger, queue, most) in sources.collect::<Vec<_>>() {
            let url = self.stack.queue_url(&queue);
            let sqs = self.stack.sqs();
            let received = sqs.receive_message().queue_url(&url);
            let received = received
                .max_number_of_messages(most)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                continue;
            }
            let answer = self.work_on(&trigger, &messages).await?;
            let failed = answer["batchItemFailures"].to_string();
            for message in messages {
                let id = message.message_id().context("no id")?;
                if !failed.contains(id) {
                    let deleted = sqs.delete_message().queue_url(&url);
                    deleted
                        .set_receipt_handle(message.receipt_handle)
                        .send()
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn work_on(&mut self, trigger: &Trigger, batch: &[Message]) -> anyhow::Result<Value> {
        let bodies = batch.iter().map(|message| json!({"body": message.body()}));
        let own = json!({"Records": bodies.collect::<Vec<_>>()});
        let mut event = trigger.envelope(&own)?;
        for (record, message) in event["Records"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .zip(batch)
        {
            record["messageId"] = message.message_id().into();
            record["receiptHandle"] = message.receipt_handle().into();
            for (name, value) in message.attributes().into_iter().flatten() {
                record["attributes"][name.as_str()] = value.as_str().into();
            }
        }
        let answer = self.invoke(&trigger.function, &event).await?;
        self.messages += batch.len();
        self.triggered.insert(label(trigger));
        let answers = self.worked.entry(trigger.function.clone()).or_default();
        answers.insert(self.names.blurred(&answer).to_string());
        Ok(answer)
    }

    /// Takes down what is stored now.
    pub(crate) async fn take_state(&mut self) -> anyhow::Result<()> {
        self.state
            .extend(crate::state::snapshot(&self.stack).await?);
        Ok(())
    }

    /// Triggers that have not been told of.
    pub(crate) fn untold(&self) -> Vec<String> {
        let all = self.triggers.keys();
        let untold = all.filter(|label| !self.triggered.contains(*label));
        untold.cloned().collect()
    }

    /// Names of all functions.
    pub(crate) fn functions(&self) -> BTreeSet<String> {
        let triggers = self.triggers.values();
        triggers.map(|one| one.function.clone()).collect()
    }

    pub(crate) fn triggers(&self) -> usize {
        self.triggers.len()
    }

    pub(crate) fn events(&self) -> usize {
        self.told.len()
    }

    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// Describes the differences to the other side.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for ((asked, ours), (label, theirs)) in self.told.iter().zip(&other.told) {
            assert_eq!(asked, label, "the story is the same");
            differing(asked, ours, theirs, &mut differences);
        }
        if self.told.len() != other.told.len() {
            differences.push("one was asked more".to_owned());
        }
        if self.worked != other.worked {
            let (ours, theirs) = (&self.worked, &other.worked);
            differences.push(format!(
                "messages\n  local    {ours:?}\n  emulated {theirs:?}"
            ));
        }
        let ours: BTreeSet<_> = self.state.iter().collect();
        let theirs: BTreeSet<_> = other.state.iter().collect();
        for only in ours.symmetric_difference(&theirs) {
            differences.push(format!("stored by one alone: {only}"));
        }
        if self.state.len() != other.state.len() {
            differences.push("more is stored by one".to_owned());
        }
        differences
    }
}

/// An answer with its body read: unpacked, and as JSON where it is that.
fn opened(mut answer: Value) -> Value {
    let Some(body) = answer["body"].as_str() else {
        return answer;
    };
    let mut bytes = body.as_bytes().to_vec();
    if answer["isBase64Encoded"] == true {
        bytes = STANDARD.decode(body).unwrap();
    }
    if answer["headers"]["content-encoding"] == "gzip" {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut unpacked)
            .unwrap();
        bytes = unpacked;
    }
    answer["body"] = match serde_json::from_slice(&bytes) {
        Ok(document) => document,
        Err(_) => String::from_utf8(bytes)
            .unwrap_or_else(|error| STANDARD.encode(error.as_bytes()))
            .into(),
    };
    answer
}
