//! Triggers of functions: event source mappings and schedules of the template.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    lambda::Lambda,
    queue_poller::Mapping,
    resources,
    schedule::Schedule,
    template::model::{QueueSource, Template},
};

#[derive(Clone, Debug, Eq, PartialEq)]
enum Trigger {
    Queue(String, QueueSource),
    Schedule(String, Duration),
}

#[derive(Debug)]
pub(crate) struct Wiring {
    lambda: Arc<Lambda>,
    sqs: aws_sdk_sqs::Client,
    sqs_url: String,
    default_concurrency: u32,
    /// Each trigger with the sender that stops it.
    running: Vec<(Trigger, watch::Sender<bool>)>,
    /// Switches of the event source mappings by function.
    enabled: BTreeMap<String, watch::Sender<bool>>,
    tasks: JoinSet<()>,
}

impl Wiring {
    pub(crate) fn new(
        lambda: Arc<Lambda>,
        sqs: aws_sdk_sqs::Client,
        sqs_url: String,
        default_concurrency: u32,
    ) -> Self {
        Self {
            lambda,
            sqs,
            sqs_url,
            default_concurrency,
            running: Vec::new(),
            enabled: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Starts new triggers of the template, and stops those that it no longer declares. Unchanged
    /// triggers keep running. If a mapping stops during a receive, its messages stay invisible for
    /// the visibility timeout.
    pub(crate) fn apply(&mut self, template: &Template) {
        let mut wanted = Vec::new();
        for function in &template.functions {
            let name = &function.name;
            self.enabled
                .entry(name.clone())
                .or_insert_with(|| watch::Sender::new(true));
            let queues = function.queue_sources.iter();
            wanted.extend(queues.map(|source| Trigger::Queue(name.clone(), source.clone())));
            let schedules = function.schedules.iter();
            wanted.extend(schedules.map(|every| Trigger::Schedule(name.clone(), *every)));
        }
        // A trigger without a sender stops.
        self.running.retain(|(trigger, _)| wanted.contains(trigger));
        for trigger in wanted {
            if self.running.iter().all(|(running, _)| *running != trigger) {
                let (stop, stopped) = watch::channel(false);
                self.start(trigger.clone(), stopped);
                self.running.push((trigger, stop));
            }
        }
    }

    fn start(&mut self, trigger: Trigger, stopped: watch::Receiver<bool>) {
        match trigger {
            Trigger::Queue(function, source) => {
                let enabled = match self.enabled.get(&function) {
                    Some(switch) => switch.subscribe(),
                    None => return,
                };
                let mapping = Mapping {
                    function,
                    queue_url: resources::queue_url(&self.sqs_url, &source.queue),
                    queue_arn: resources::queue_arn(&source.queue),
                    source,
                    default_concurrency: self.default_concurrency,
                    enabled,
                    lambda: self.lambda.clone(),
                    sqs: self.sqs.clone(),
                };
                self.tasks.spawn(mapping.run(stopped));
            }
            Trigger::Schedule(function, every) => {
                let schedule = Schedule {
                    function,
                    every,
                    lambda: self.lambda.clone(),
                };
                self.tasks.spawn(schedule.run(stopped));
            }
        }
    }

    pub(crate) fn enabled(&self) -> BTreeMap<String, watch::Sender<bool>> {
        self.enabled.clone()
    }

    pub(crate) async fn stop(mut self) {
        self.running.clear();
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tempfile::TempDir;

    use super::*;
    use crate::lambda::tests::{eventually, probe, start};

    fn template(schedules: &[u64]) -> Template {
        let mut function = probe("Probe");
        function.schedules = schedules
            .iter()
            .copied()
            .map(Duration::from_millis)
            .collect();
        Template {
            functions: vec![function],
            ..Template::default()
        }
    }

    #[tokio::test]
    async fn removed_trigger_stops_and_others_continue() {
        let data = TempDir::new().unwrap();
        let lambda = start(&[probe("Probe")], &data);
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .build();
        let sqs = aws_sdk_sqs::Client::from_conf(config);
        let mut wiring = Wiring::new(lambda.clone(), sqs, "http://127.0.0.1:1".into(), 1);
        wiring.apply(&template(&[3_600_000, 20]));
        eventually("it was invoked", || !lambda.invocations().is_empty()).await;
        let kept = wiring.running[0].1.subscribe();
        wiring.apply(&template(&[3_600_000]));
        assert_eq!(wiring.running.len(), 1);
        assert!(
            kept.same_channel(&wiring.running[0].1.subscribe()),
            "it was started again"
        );
        // The stopped trigger has ended.
        wiring.tasks.join_next().await.unwrap().unwrap();
        wiring.stop().await;
    }
}
