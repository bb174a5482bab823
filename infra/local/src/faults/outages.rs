//! Outages of services, which last until they are removed.

use serde::{Deserialize, Serialize};

use super::target::Target;

/// Calls that a service refuses with status 503; an item of `PUT /faults/outages`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outage {
    service: Target,
    /// Only calls whose body contains this text, such as the name of a table. Empty matches all
    /// calls.
    #[serde(rename = "match", default)]
    matching: String,
    /// Number of refused calls.
    #[serde(skip_deserializing)]
    refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Outages(Vec<Outage>);

impl Outages {
    pub(super) fn replace(&mut self, outages: Vec<Outage>) {
        self.0 = outages;
    }

    pub(super) fn all(&self) -> &[Outage] {
        &self.0
    }

    /// Returns whether [`Outages::refuses`] needs the body of a call.
    pub(super) fn concern(&self, target: Target) -> bool {
        self.0.iter().any(|outage| outage.service == target)
    }

    /// Counts and refuses a call that an outage matches.
    pub(super) fn refuses(&mut self, target: Target, body: &[u8]) -> bool {
        let body = String::from_utf8_lossy(body);
        let outage = self
            .0
            .iter_mut()
            .find(|outage| outage.service == target && body.contains(&outage.matching));
        match outage {
            Some(outage) => {
                outage.refused += 1;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outage_refuses_matching_calls_of_its_service_and_counts_them() {
        let mut outages = Outages::default();
        assert!(!outages.concern(Target::DynamoDb));
        let one = r#"[{"service": "dynamodb", "match": "search"}]"#;
        outages.replace(serde_json::from_str(one).unwrap());
        assert!(outages.concern(Target::DynamoDb) && !outages.concern(Target::S3));
        assert!(outages.refuses(Target::DynamoDb, b"{\"TableName\": \"search\"}"));
        assert!(!outages.refuses(Target::DynamoDb, b"{\"TableName\": \"jobs\"}"));
        assert!(!outages.refuses(Target::S3, b"search"));
        assert_eq!(outages.all()[0].refused, 1);
        outages.replace(Vec::new());
        assert!(!outages.refuses(Target::DynamoDb, b"search"));
    }

    #[test]
    fn outage_of_an_unknown_service_is_refused_with_the_names_of_all() {
        let error = serde_json::from_str::<Outage>(r#"{"service": "dynamo"}"#).unwrap_err();
        assert!(error.to_string().contains("`dynamodb`"), "{error}");
        let all = [
            Target::DynamoDb,
            Target::S3,
            Target::Sqs,
            Target::Gemini,
            Target::YouTube,
            Target::GitHub,
            Target::Vercel,
            Target::Netlify,
        ];
        for target in all {
            let name = serde_json::to_value(target).unwrap();
            assert_eq!(name, target.into_str(), "one name everywhere");
        }
    }
}
