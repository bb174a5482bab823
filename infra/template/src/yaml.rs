//! YAML in CloudFormation's form, converted to JSON: `!Ref x` becomes `{"Ref": "x"}`, `!GetAtt a.b`
//! becomes `{"Fn::GetAtt": "a.b"}`.

use std::borrow::Cow;

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::Refused;

/// Maximum size of a template in S3, in bytes
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
const MAX_BYTES: usize = 1024 * 1024;

/// Maximum nesting, because every level takes a stack frame.
const MAX_DEPTH: usize = 64;

/// Reads one document, and expands intrinsic functions.
///
/// # Errors
/// If the text is no YAML, or uses features that templates do not.
pub fn parse(text: &str) -> Result<Value, Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::new("", "is larger than 1 MiB"));
    }
    let mut reader = Reader {
        events: Parser::new_from_str(text),
    };
    let mut document = None;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => break,
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _) => {}
            (event, span) => {
                if document.is_some() {
                    return Err(at(&span, "a second document"));
                }
                document = Some(reader.node(event, &span, 0)?);
            }
        }
    }
    document.ok_or_else(|| Refused::new("", "is empty"))
}

struct Reader<'input> {
    events: Parser<'input, StrInput<'input>>,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Result<(Event<'input>, Span), Refused> {
        match self.events.next_event() {
            Some(event) => event.map_err(|error: ScanError| Refused::new("", error.to_string())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'input>, span: &Span, depth: usize) -> Result<Value, Refused> {
        if depth > MAX_DEPTH {
            return Err(at(span, "is nested too deeply"));
        }
        match event {
            Event::Scalar(text, style, _, tag) => {
                let core = tag.as_ref().filter(|tag| tag.is_yaml_core_schema());
                let scalar = Scalar::parse_from_cow_and_metadata(text, style, core)
                    .ok_or_else(|| at(span, "a value that does not match its tag"))?;
                tagged(tag, json(scalar), span)
            }
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, &span, depth + 1)?),
                    }
                }
                tagged(tag, Value::Array(items), span)
            }
            Event::MappingStart(_, tag) => {
                let mut fields = Map::new();
                loop {
                    let (event, key_span) = self.next()?;
                    if event == Event::MappingEnd {
                        break;
                    }
                    let key = match self.node(event, &key_span, depth + 1)? {
                        Value::String(key) => key,
                        key @ (Value::Number(_) | Value::Bool(_)) => key.to_string(),
                        _ => return Err(at(&key_span, "a key that is no text")),
                    };
                    let (event, value_span) = self.next()?;
                    let value = self.node(event, &value_span, depth + 1)?;
                    if fields.contains_key(&key) {
                        return Err(at(&key_span, format!("`{key}` is given twice")));
                    }
                    fields.insert(key, value);
                }
                tagged(tag, Value::Object(fields), span)
            }
            Event::Alias(_) => Err(at(span, "YAML aliases are not supported")),
            _ => Err(at(span, "is no YAML value")),
        }
    }
}

fn json(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => flag.into(),
        Scalar::Integer(number) => number.into(),
        Scalar::FloatingPoint(number) => number.into_inner().into(),
        Scalar::String(text) => text.into_owned().into(),
    }
}

/// Expands the short form of an intrinsic function.
fn tagged(tag: Option<Cow<'_, Tag>>, value: Value, span: &Span) -> Result<Value, Refused> {
    let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else {
        return Ok(value);
    };
    if tag.handle != "!" {
        return Err(at(
            span,
            format!("unknown tag `{}{}`", tag.handle, tag.suffix),
        ));
    }
    let name = match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

fn at(span: &Span, reason: impl Into<String>) -> Refused {
    Refused::new(format!("line {}", span.start.line()), reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn short_forms_become_long_forms() {
        let value =
            parse("a: !Ref X\nb: !GetAtt X.Arn\nc: !If [C, 1, \"\"]\nd: !Sub '${X}'").unwrap();
        assert_eq!(
            value,
            json!({
                "a": {"Ref": "X"},
                "b": {"Fn::GetAtt": "X.Arn"},
                "c": {"Fn::If": ["C", 1, ""]},
                "d": {"Fn::Sub": "${X}"},
            })
        );
    }

    #[test]
    fn invalid_yaml_is_refused() {
        for (text, reason) in [
            ("", "is empty"),
            ("a: 1\n---\nb: 2", "a second document"),
            ("a: &x 1\nb: *x", "YAML aliases are not supported"),
            ("a: 1\na: 2", "`a` is given twice"),
            ("a: !!python/object x", "does not match its tag"),
            ("a: [", ""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert!(parse(&deep).is_err());
        assert!(parse(&"- ".repeat(5000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[-:!&*?|>'\"{}\\[\\],#%@`a \n\t]{0,200}") {
            let _ = parse(&text);
        }
    }
}
