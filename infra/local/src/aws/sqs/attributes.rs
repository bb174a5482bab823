//! Attributes of a queue, with their ranges and defaults.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{ACCOUNT_ID, REGION},
    message::MAX_BYTES,
    protocol::{Code, Failure},
};

/// Attributes by name, as the protocol sends them.
pub(super) type Named = BTreeMap<String, String>;

/// Numeric attributes: name, range and default.
const NUMBERS: [(&str, i64, i64, i64); 6] = [
    ("DelaySeconds", 0, 900, 0),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400, 300),
    ("MaximumMessageSize", 1024, MAX_BYTES, MAX_BYTES),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, MAX_VISIBILITY_S, 30),
];

/// Attributes that are stored and returned, but have no effect.
const INERT: [&str; 4] = [
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// Maximum visibility timeout, in seconds.
pub(super) const MAX_VISIBILITY_S: i64 = 43_200;

/// Attributes of a queue. Times are in seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Settings {
    pub(super) delay_s: i64,
    pub(super) max_bytes: i64,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) visibility_s: i64,
    pub(super) redrive: Option<Redrive>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Redrive {
    pub(super) target: String,
    /// Number of receives after which the next receive moves the message.
    pub(super) max_receive_count: i64,
}

impl Settings {
    /// Reads the attributes of a request.
    ///
    /// # Errors
    /// `InvalidAttributeName` or `InvalidAttributeValue`.
    pub(super) fn parse(attributes: &Named) -> Result<Self, Failure> {
        for name in attributes.keys() {
            if !is_settable(name) {
                return Err(unknown(name));
            }
        }
        for (name, ..) in NUMBERS {
            number(attributes, name)?;
        }
        let policy = attributes
            .get("RedrivePolicy")
            .filter(|policy| !policy.is_empty());
        Ok(Self {
            delay_s: number(attributes, "DelaySeconds")?,
            max_bytes: number(attributes, "MaximumMessageSize")?,
            retention_s: number(attributes, "MessageRetentionPeriod")?,
            wait_s: number(attributes, "ReceiveMessageWaitTimeSeconds")?,
            visibility_s: number(attributes, "VisibilityTimeout")?,
            redrive: policy.map(|policy| Redrive::parse(policy)).transpose()?,
        })
    }
}

impl Redrive {
    fn parse(policy: &str) -> Result<Self, Failure> {
        let read = || {
            let policy: Value = serde_json::from_str(policy).ok()?;
            let target = policy.get("deadLetterTargetArn")?.as_str()?;
            // CloudFormation sends a number, the console a string.
            let count = policy.get("maxReceiveCount")?;
            let count = count.as_i64().or_else(|| count.as_str()?.parse().ok())?;
            Some(Self {
                target: name_in_arn(target)?.to_owned(),
                max_receive_count: Some(count).filter(|count| (1..=1000).contains(count))?,
            })
        };
        read().ok_or_else(|| invalid("RedrivePolicy", policy))
    }
}

/// Returns all attributes of a queue, including defaults.
pub(super) fn effective(attributes: &Named) -> Named {
    let mut all: Named = NUMBERS
        .iter()
        .map(|(name, .., default)| ((*name).to_owned(), default.to_string()))
        .collect();
    if !attributes.contains_key("KmsMasterKeyId") {
        all.remove("KmsDataKeyReusePeriodSeconds");
    }
    all.insert("SqsManagedSseEnabled".to_owned(), "true".to_owned());
    for (name, value) in attributes {
        all.insert(name.clone(), value.clone());
    }
    all.retain(|_, value| !value.is_empty());
    if let Some(redrive) = all
        .get("RedrivePolicy")
        .and_then(|it| Redrive::parse(it).ok())
    {
        let policy = json!({
            "deadLetterTargetArn": arn(&redrive.target),
            "maxReceiveCount": redrive.max_receive_count,
        });
        all.insert("RedrivePolicy".to_owned(), policy.to_string());
    }
    all
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}")
}

fn name_in_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.strip_prefix("arn:aws:sqs:")?.split(':');
    let (_region, _account) = (parts.next()?, parts.next()?);
    parts
        .next()
        .filter(|name| !name.is_empty() && parts.next().is_none())
}

/// Returns whether a request can set this attribute.
pub(super) fn is_settable(name: &str) -> bool {
    let number = NUMBERS.iter().any(|(known, ..)| *known == name);
    number || name == "RedrivePolicy" || INERT.contains(&name)
}

/// Error for an unknown attribute.
pub(super) fn unknown(name: &str) -> Failure {
    Failure::new(
        Code::InvalidAttributeName,
        format!("Unknown Attribute {name}."),
    )
}

fn invalid(name: &str, value: &str) -> Failure {
    let message = format!("Invalid value for the parameter {name}: {value}.");
    Failure::new(Code::InvalidAttributeValue, message)
}

fn number(attributes: &Named, name: &str) -> Result<i64, Failure> {
    let (_, low, high, default) = NUMBERS
        .into_iter()
        .find(|(known, ..)| *known == name)
        .ok_or_else(|| unknown(name))?;
    match attributes.get(name) {
        None => Ok(default),
        Some(value) => value
            .parse()
            .ok()
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| invalid(name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Settings, Code> {
        let attributes = Named::from([(name.to_owned(), value.to_owned())]);
        Settings::parse(&attributes).map_err(|failure| failure.code)
    }

    #[test]
    fn attribute_out_of_its_range_is_refused() {
        for (name, low, high, _) in NUMBERS {
            for (value, valid) in [
                (low - 1, false),
                (low, true),
                (high, true),
                (high + 1, false),
            ] {
                assert_eq!(
                    parse(name, &value.to_string()).is_ok(),
                    valid,
                    "{name} {value}"
                );
            }
        }
        assert_eq!(
            parse("VisibilityTimeout", "soon"),
            Err(Code::InvalidAttributeValue)
        );
        assert_eq!(parse("FifoQueue", "true"), Err(Code::InvalidAttributeName));
    }

    #[test]
    fn redrive_policy_accepts_numbers_and_strings() {
        for count in ["3", "\"3\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":{count}}}"#
            );
            let redrive = parse("RedrivePolicy", &policy).expect("valid").redrive;
            assert_eq!(
                redrive,
                Some(Redrive {
                    target: "dead".to_owned(),
                    max_receive_count: 3
                })
            );
        }
        for policy in [
            "{}",
            "x",
            r#"{"deadLetterTargetArn":"dead","maxReceiveCount":3}"#,
        ] {
            assert_eq!(
                parse("RedrivePolicy", policy),
                Err(Code::InvalidAttributeValue)
            );
        }
        assert_eq!(
            parse("RedrivePolicy", "").expect("removes it").redrive,
            None
        );
    }
}
