//! JSON of callers: no deeper than anything of ours, and without a member that is there twice.
//!
//! Of two members of a name every reader takes another (RFC 8259, section 4), so that one who
//! checks a document and one who acts on it may see different ones.

use std::{borrow::Cow, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Number, Value};

use eventrelay_core::error::Error;

/// Levels of objects and lists. A batch has three: itself, its list, a video.
const MAX_DEPTH: u8 = 8;

/// Most values in a body, members and items of all levels; a batch of fifty has a few hundred.
const MAX_VALUES: u32 = 10_000;

/// Reads a body that is one JSON object.
///
/// # Errors
/// [`Error::MalformedBody`], which quotes nothing of the body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Error> {
    let mut read = serde_json::Deserializer::from_slice(body);
    let mut values = 0;
    let strict = Strict {
        depth: 0,
        values: &mut values,
    };
    let value = strict.deserialize(&mut read);
    match value.and_then(|value| read.end().map(|()| value)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Error::MalformedBody {
            reason: "The body is not a JSON object.".into(),
        }),
        Err(error) => Err(Error::MalformedBody {
            reason: reason(&error),
        }),
    }
}

fn reason(error: &serde_json::Error) -> Cow<'static, str> {
    let place = format!("line {}, column {}", error.line(), error.column());
    // What is not of the grammar is a data error, and there are only ours of these.
    if error.is_data() {
        let told = [TOO_DEEP, TOO_MANY, TWICE];
        let all = error.to_string();
        if let Some(told) = told.into_iter().find(|told| all.starts_with(told)) {
            return format!("The body {told}: at {place}.").into();
        }
    }
    format!("The body is not JSON: error at {place}.").into()
}

const TOO_DEEP: &str = "is nested too deeply";
const TOO_MANY: &str = "has too many values";
const TWICE: &str = "has a member twice";

/// Reads one value at a depth, and counts it.
struct Strict<'a> {
    depth: u8,
    values: &'a mut u32,
}

impl Strict<'_> {
    fn below(&mut self) -> Strict<'_> {
        Strict {
            depth: self.depth + 1,
            values: self.values,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, read: D) -> Result<Value, D::Error> {
        *self.values += 1;
        if *self.values > MAX_VALUES {
            return Err(D::Error::custom(TOO_MANY));
        }
        read.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let wrong = || E::invalid_value(Unexpected::Float(value), &"a finite number");
        Number::from_f64(value).map(Value::Number).ok_or_else(wrong)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.below())? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.below())?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(body: impl AsRef<[u8]>) -> String {
        match object(body.as_ref()) {
            Err(Error::MalformedBody { reason }) => reason.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn nested(levels: usize) -> String {
        format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn valid_json_is_parsed_unchanged() {
        let text =
            r#"{"a": [null, true, -1, 1.5, 18446744073709551615, "\u00e9\ud83d\ude00"], "b": {}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), expected);
    }

    #[test]
    fn invalid_json_is_refused_with_reason_and_position() {
        for (body, expected) in [
            ("", "The body is not JSON: error at line 1, column 0."),
            ("[1]", "The body is not a JSON object."),
            ("\"a\"", "The body is not a JSON object."),
            ("{} {}", "The body is not JSON: error at line 1, column 4."),
            (
                "{\"a\": 1e999}",
                "The body is not JSON: error at line 1, column 11.",
            ),
            (
                "{\"a\": NaN}",
                "The body is not JSON: error at line 1, column 7.",
            ),
            (
                "{\"a\": \"\\ud800\"}",
                "The body is not JSON: error at line 1, column 14.",
            ),
            (
                "{\"a\": \"\0\"}",
                "The body is not JSON: error at line 1, column 8.",
            ),
            (
                "\u{feff}{}",
                "The body is not JSON: error at line 1, column 1.",
            ),
            (
                "{\"a\": 1,\n\"\\u0061\": 1}",
                "The body has a member twice: at line 2, column 12.",
            ),
            (
                "{\"b\": [{\"a\": 1, \"a\": 1}]}",
                "The body has a member twice: at line 1, column 23.",
            ),
        ] {
            assert_eq!(refusal(body), expected, "{body}");
        }
        assert!(refusal(b"{\"a\": \"\xff\"}").starts_with("The body is not JSON"));
    }

    #[test]
    fn json_with_too_many_or_too_deep_values_is_refused() {
        assert!(object(nested(7).as_bytes()).is_ok());
        for levels in [8, 127, 100_000] {
            assert!(
                refusal(nested(levels)).starts_with("The body is nested too deeply"),
                "{levels}"
            );
        }
        assert!(refusal("[".repeat(1_000_000)).starts_with("The body is nested too deeply"));
        assert!(refusal("{\"a\":".repeat(100_000)).starts_with("The body is nested too deeply"));
        let list = |items: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(items - 1));
        assert!(object(list(9_998).as_bytes()).is_ok());
        assert!(refusal(list(9_999)).starts_with("The body has too many values"));
    }

    proptest! {
        #[test]
        fn parser_agrees_with_serde_or_gives_a_reason(text in r#"[{}\[\]",:0-9a-b\\ue+. -]{0,40}"#) {
            match (object(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
                (Ok(object), value) => prop_assert_eq!(Value::Object(object), value.unwrap()),
                (Err(Error::MalformedBody { .. }), _) => {}
                (Err(other), _) => prop_assert!(false, "{}", other),
            }
        }
    }
}
