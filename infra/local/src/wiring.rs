//! What invokes functions by itself: event source mappings and schedules, as the template has them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    lambda::Lambda,
    queue_poller::Mapping,
    resources,
    schedule::Schedule,
    template::model::{QueueSource, Template},
};

/// What invokes a function.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Trigger {
    Queue(String, QueueSource),
    Schedule(String, Duration),
}

/// All of it that runs.
#[derive(Debug)]
pub(crate) struct Wiring {
    lambda: Arc<Lambda>,
    sqs: aws_sdk_sqs::Client,
    /// Base URL of SQS.
    sqs_url: String,
    default_concurrency: u32,
    /// Each with what stops it.
    running: Vec<(Trigger, watch::Sender<bool>)>,
    /// Whether the event source mappings of each function are enabled.
    enabled: BTreeMap<String, watch::Sender<bool>>,
    tasks: JoinSet<()>,
}

impl Wiring {
    /// Nothing yet.
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

    /// Starts what the template has and does not run, and stops what it has no longer. What is as
    /// it was goes on: a mapping that is stopped in the midst of a receive may have messages that
    /// are then hidden from its successor for the visibility timeout.
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
        // What has no sender any more stops.
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

    /// The switches of the mappings.
    pub(crate) fn enabled(&self) -> BTreeMap<String, watch::Sender<bool>> {
        self.enabled.clone()
    }

    /// Stops everything.
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
    async fn what_the_template_has_no_longer_stops_and_the_rest_goes_on() {
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
        // The one that stopped is over.
        wiring.tasks.join_next().await.unwrap().unwrap();
        wiring.stop().await;
    }
}
