//! Kills of instances at a certain side effect.

use serde::{Deserialize, Serialize};

/// Time of the kill relative to the side effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// The request is dropped.
    Before,
    /// The response is dropped.
    After,
}

/// Body of `POST /faults/kills`: which side effects count, and at which one the instance is killed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Name of the function.
    function: String,
    /// Counts only during invocations whose payload contains this.
    #[serde(rename = "match")]
    matching: String,
    /// Counts only side effects whose name contains this; `None` counts all.
    #[serde(default)]
    effect: Option<String>,
    /// Number of the side effect, counted from 1 over all instances; `None` only counts.
    #[serde(default)]
    at: Option<usize>,
    #[serde(default = "after")]
    when: When,
}

fn after() -> When {
    When::After
}

/// A plan and its results.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Planned {
    #[serde(flatten)]
    plan: Plan,
    /// Service and operation of every side effect so far.
    effects: Vec<String>,
    /// Side effect at which the instance was killed.
    killed_at: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Kills(Vec<Planned>);

impl Kills {
    pub(super) fn plan(&mut self, plan: Plan) {
        self.0.push(Planned {
            plan,
            effects: Vec::new(),
            killed_at: None,
        });
    }

    pub(super) fn all(&self) -> &[Planned] {
        &self.0
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a side effect of an instance of `function` that works on `payload`. Returns when the
    /// instance must be killed.
    pub(super) fn count(&mut self, function: &str, payload: &str, effect: &str) -> Option<When> {
        let mut verdict = None;
        for planned in &mut self.0 {
            let plan = &planned.plan;
            let part = plan.effect.as_deref().unwrap_or_default();
            let is_meant = plan.function == function
                && payload.contains(&plan.matching)
                && effect.contains(part);
            if !is_meant {
                continue;
            }
            planned.effects.push(effect.to_owned());
            if plan.at == Some(planned.effects.len()) {
                planned.killed_at = Some(effect.to_owned());
                verdict = Some(plan.when);
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_counts_matching_effects_and_kills_once() {
        let mut kills = Kills::default();
        let plan = r#"{"function": "F", "match": "job_1", "at": 2}"#;
        kills.plan(serde_json::from_str(plan).unwrap());
        let mut count = |function, payload| kills.count(function, payload, "s3 PUT");
        assert_eq!(count("F", "job_1"), None);
        assert_eq!(count("G", "job_1"), None);
        assert_eq!(count("F", "job_2"), None);
        assert_eq!(count("F", "{job_1}"), Some(When::After));
        assert_eq!(count("F", "job_1"), None);
        let planned = &kills.all()[0];
        assert_eq!(planned.effects.len(), 3);
        assert_eq!(planned.killed_at.as_deref(), Some("s3 PUT"));
    }

    #[test]
    fn plan_matches_a_part_of_the_effect_name() {
        let mut kills = Kills::default();
        let plan = r#"{"function": "F", "match": "job_1", "effect": "Put", "at": 1}"#;
        kills.plan(serde_json::from_str(plan).unwrap());
        assert_eq!(kills.count("F", "job_1", "sqs SendMessage"), None);
        let kill = kills.count("F", "job_1", "dynamodb PutItem");
        assert_eq!(kill, Some(When::After));
        assert_eq!(kills.all()[0].effects, ["dynamodb PutItem"]);
    }
}
