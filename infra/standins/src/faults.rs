//! Faults that are planned for later calls.

use std::sync::Mutex;

use serde::Deserialize;

use crate::standin::lock;

/// A fault with the calls it applies to, as `POST /_control/faults` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Armed<On, Fault> {
    pub(crate) on: On,
    /// Only calls whose path or body contain this.
    #[serde(default, rename = "match")]
    pub(crate) matching: Option<String>,
    /// Number of calls; null means every call.
    #[serde(default = "once")]
    pub(crate) times: Option<u32>,
    pub(crate) fault: Fault,
}

pub(crate) fn once() -> Option<u32> {
    Some(1)
}

/// Planned faults of one stand-in, oldest first.
#[derive(Debug)]
pub(crate) struct Faults<On, Fault>(Mutex<Vec<Armed<On, Fault>>>);

impl<On: PartialEq, Fault: Clone> Faults<On, Fault> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn arm(&self, fault: Armed<On, Fault>) {
        lock(&self.0).push(fault);
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Takes the oldest fault that matches the call, and decrements its number of calls.
    pub(crate) fn take(&self, on: On, path: &str, body: &str) -> Option<Fault> {
        self.take_where(on, path, body, |_| true)
    }

    /// Like [`Self::take`], for faults that also satisfy `strikes`.
    pub(crate) fn take_where(
        &self,
        on: On,
        path: &str,
        body: &str,
        strikes: impl Fn(&Armed<On, Fault>) -> bool,
    ) -> Option<Fault> {
        let mut faults = lock(&self.0);
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

    /// Like [`Self::take`]; falls back to a fault that is planned for every call.
    pub(crate) fn take_for(&self, on: On, any: On, path: &str, body: &str) -> Option<Fault> {
        let meant = self.take(on, path, body);
        meant.or_else(|| self.take(any, path, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(text: &str) -> Armed<u8, String> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn fault_without_times_happens_once() {
        let faults = Faults::new();
        faults.arm(armed(r#"{"on": 1, "fault": "a"}"#));
        faults.arm(armed(r#"{"on": 1, "fault": "b", "times": 2}"#));
        let taken: Vec<_> = (0..4).map(|_| faults.take(1, "/", "")).collect();
        let expected = [Some("a"), Some("b"), Some("b"), None];
        assert_eq!(taken, expected.map(|fault| fault.map(str::to_owned)));
    }

    #[test]
    fn fault_with_null_times_happens_on_every_call() {
        let faults = Faults::new();
        faults.arm(armed(r#"{"on": 1, "fault": "a", "times": null}"#));
        for _ in 0..10 {
            assert!(faults.take(1, "/", "").is_some());
        }
        assert!(faults.take(2, "/", "").is_none());
    }

    #[test]
    fn match_is_searched_in_path_and_body() {
        let faults = Faults::new();
        faults.arm(armed(
            r#"{"on": 1, "fault": "a", "match": "needle", "times": null}"#,
        ));
        assert!(faults.take(1, "/hay", "stack").is_none());
        assert!(faults.take(1, "/needle", "").is_some());
        assert!(faults.take(1, "/hay", "a needle").is_some());
    }
}
