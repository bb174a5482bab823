//! Faults that wait for the call they are meant for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// A fault with the calls it applies to, as `POST /_control/faults` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Armed<On, Fault> {
    /// Which kind of call.
    pub(crate) on: On,
    /// Only calls whose path or body contain this.
    #[serde(default, rename = "match")]
    pub(crate) matching: Option<String>,
    /// How many calls; null is all of them.
    #[serde(default = "once")]
    pub(crate) times: Option<u32>,
    /// What happens.
    pub(crate) fault: Fault,
}

fn once() -> Option<u32> {
    Some(1)
}

/// The faults of one stand-in, in the order they were set.
#[derive(Debug)]
pub(crate) struct Faults<On, Fault>(Mutex<Vec<Armed<On, Fault>>>);

impl<On: PartialEq, Fault: Clone> Faults<On, Fault> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn arm(&self, fault: Armed<On, Fault>) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Takes the oldest fault that is meant for this call, and counts it down.
    pub(crate) fn take(&self, on: On, path: &str, body: &str) -> Option<Fault> {
        self.take_where(on, path, body, |_| true)
    }

    /// As [`Self::take`], of those faults only that can strike this call.
    pub(crate) fn take_where(
        &self,
        on: On,
        path: &str,
        body: &str,
        strikes: impl Fn(&Armed<On, Fault>) -> bool,
    ) -> Option<Fault> {
        let mut faults = self.lock();
        let position = faults.iter().position(|armed| {
            let meant = |text: &String| path.contains(text) || body.contains(text);
            armed.on == on
                && armed.times != Some(0)
                && armed.matching.as_ref().is_none_or(meant)
                && strikes(armed)
        })?;
        let armed = &mut faults[position];
        armed.times = armed.times.map(|times| times - 1);
        let fault = armed.fault.clone();
        if armed.times == Some(0) {
            faults.remove(position);
        }
        Some(fault)
    }

    /// As [`Self::take`], and then what is meant for every call.
    pub(crate) fn take_for(&self, on: On, any: On, path: &str, body: &str) -> Option<Fault> {
        let meant = self.take(on, path, body);
        meant.or_else(|| self.take(any, path, body))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed<On, Fault>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(text: &str) -> Armed<u8, String> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_strikes_once_unless_told_otherwise() {
        let faults = Faults::new();
        faults.arm(armed(r#"{"on": 1, "fault": "a"}"#));
        faults.arm(armed(r#"{"on": 1, "fault": "b", "times": 2}"#));
        let taken: Vec<_> = (0..4).map(|_| faults.take(1, "/", "")).collect();
        let expected = [Some("a"), Some("b"), Some("b"), None];
        assert_eq!(taken, expected.map(|fault| fault.map(str::to_owned)));
    }

    #[test]
    fn null_times_is_always() {
        let faults = Faults::new();
        faults.arm(armed(r#"{"on": 1, "fault": "a", "times": null}"#));
        for _ in 0..10 {
            assert!(faults.take(1, "/", "").is_some());
        }
        assert!(faults.take(2, "/", "").is_none());
    }

    #[test]
    fn a_match_looks_at_path_and_body() {
        let faults = Faults::new();
        faults.arm(armed(
            r#"{"on": 1, "fault": "a", "match": "needle", "times": null}"#,
        ));
        assert!(faults.take(1, "/hay", "stack").is_none());
        assert!(faults.take(1, "/needle", "").is_some());
        assert!(faults.take(1, "/hay", "a needle").is_some());
    }
}
