//! Lambda authorizers of type REQUEST with simple responses, and the cache of their decisions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::event::Call;
use crate::{
    lambda::{Answer, Lambda, WhenBusy},
    sync,
    template::model::Api,
};

/// Maximum number of cached identities.
const CAPACITY: usize = 10_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// Allowed, with the context for the function.
    Allowed(Value),
    Denied,
    /// A header of the identity is missing, so the authorizer is not invoked.
    Unidentified,
    Failed,
}

/// Decision and expiry by authorizer and identity.
type Cache = HashMap<(String, Vec<String>), (Instant, Decision)>;

pub(super) struct Authorizers {
    api: Api,
    lambda: Arc<Lambda>,
    cache: Mutex<Cache>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimpleResponse {
    is_authorized: bool,
    #[serde(default)]
    context: Option<Value>,
}

impl Authorizers {
    pub(super) fn new(api: &Api, lambda: Arc<Lambda>) -> Self {
        Self {
            api: api.clone(),
            lambda,
            cache: Mutex::default(),
        }
    }

    pub(super) async fn decide(&self, name: &str, call: &Call) -> Decision {
        let Some(authorizer) = self.api.authorizers.get(name) else {
            return Decision::Failed;
        };
        let Some(identity) = call.identity(authorizer) else {
            return Decision::Unidentified;
        };
        let key = (name.to_owned(), identity);
        let remembered = self.cache().get(&key).cloned();
        if let Some((until, decision)) = remembered
            && until > Instant::now()
        {
            return decision;
        }
        let event = call.authorizer_event(&key.1).to_string().into();
        let answer = self
            .lambda
            .invoke_for(call.trace, &authorizer.function, event, WhenBusy::Throttle)
            .await;
        let decision = match answer {
            Answer::Payload(payload) => match serde_json::from_slice(&payload) {
                Ok(SimpleResponse {
                    is_authorized: true,
                    context,
                }) => Decision::Allowed(context.unwrap_or_else(|| json!({}))),
                Ok(SimpleResponse {
                    is_authorized: false,
                    ..
                }) => Decision::Denied,
                Err(_) => Decision::Failed,
            },
            Answer::FunctionError(_) | Answer::Throttled | Answer::TooLarge => Decision::Failed,
        };
        if decision != Decision::Failed && !authorizer.reauthorize_every.is_zero() {
            let now = Instant::now();
            let mut cache = self.cache();
            if cache.len() >= CAPACITY {
                cache.retain(|_, (until, _)| *until > now);
            }
            if cache.len() < CAPACITY {
                cache.insert(key, (now + authorizer.reauthorize_every, decision.clone()));
            }
        }
        decision
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        sync::lock(&self.cache)
    }
}
