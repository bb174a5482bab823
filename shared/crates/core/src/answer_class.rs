//! Class of the service that answered.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Class of the service that answered a question, from the least to the most preferred.
///
/// A stored answer is served only if no better class is configured.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[derive(EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "kebab-case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum AnswerClass {
    /// A stand-in of `cargo local`. No AI model was asked.
    StandIn,
    /// A program on this machine that works without a network.
    Offline,
    /// An AI model. Rows older than the class count as this one.
    #[default]
    Model,
}

impl AnswerClass {
    /// Model name in the answers of a stand-in.
    pub const STAND_IN_MODEL: &str = "stand-in";

    /// Returns the class of an answer of the model `name`, received where `configured` is asked. A
    /// stand-in is recognised by its model name, wherever it runs.
    #[must_use]
    pub fn of_answer(configured: Self, name: &str) -> Self {
        match name {
            Self::STAND_IN_MODEL => Self::StandIn,
            _ => configured,
        }
    }

    /// Returns a number that grows with the class, for conditions of the database. Values have gaps
    /// between them.
    #[must_use]
    pub const fn rank(self) -> u64 {
        match self {
            Self::StandIn => 10,
            Self::Offline => 20,
            Self::Model => 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ordered_and_named() {
        assert!(AnswerClass::StandIn < AnswerClass::Offline);
        assert!(AnswerClass::Offline < AnswerClass::Model);
        let all = AnswerClass::VARIANTS;
        assert!(all.is_sorted_by_key(|class| class.rank()));
        for class in all {
            assert_eq!(class.into_str().parse(), Ok(*class));
            assert_eq!(serde_json::json!(class), class.into_str());
        }
        assert!("best".parse::<AnswerClass>().is_err());
    }

    #[test]
    fn a_stand_in_is_recognised_by_its_model_name() {
        let of = AnswerClass::of_answer;
        assert_eq!(of(AnswerClass::Model, "stand-in"), AnswerClass::StandIn);
        assert_eq!(
            of(AnswerClass::Model, "gemini-3.8-flash"),
            AnswerClass::Model
        );
        assert_eq!(
            of(AnswerClass::StandIn, "gemini-3.8-flash"),
            AnswerClass::StandIn
        );
    }
}
