//! Reading a JSON body field by field, so that a refusal names the field.

use http::header;
use lambda_http::{Body, Request};
use serde_json::{Map, Value};

use crate::error::Error;

/// Largest body that is looked at: a transcript of its largest size, escaped, and the rest.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// The members of a JSON object that were not taken yet.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body of a request.
    pub(super) fn of(request: &Request) -> Result<Self, Error> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Error::UnsupportedMediaType);
        }
        let body: &[u8] = match request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        };
        if body.len() > LARGEST_BODY {
            return Err(Error::TooLarge {
                what: "request body",
            });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Error::MalformedBody {
                reason: "The body is not a JSON object.".into(),
            }),
            Err(error) => Err(Error::MalformedBody {
                reason: format!(
                    "The body is not JSON: error at line {}, column {}.",
                    error.line(),
                    error.column()
                )
                .into(),
            }),
        }
    }

    /// Takes a string of 1 to `longest` bytes; `null` is as good as nothing.
    pub(super) fn string(
        &mut self,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(Error::invalid(name, "must not be empty"))
            }
            Some(Value::String(text)) if text.len() > longest => Err(Error::invalid(
                name,
                format!("must not be longer than {longest} bytes"),
            )),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "must be a string")),
        }
    }

    /// Takes a point in time: finite seconds from 0 up to a day.
    pub(super) fn seconds(&mut self, name: &'static str) -> Result<Option<f64>, Error> {
        const DAY: f64 = 24.0 * 3600.0;
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(seconds) if (0.0..=DAY).contains(&seconds) => Ok(Some(seconds)),
                Some(_) => Err(Error::invalid(name, "must be between 0 and 86400")),
                None => Err(Error::invalid(name, "must be a number of seconds")),
            },
        }
    }

    /// Takes an amount of US dollars above 0.
    pub(super) fn price(&mut self, name: &'static str) -> Result<Option<f64>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(usd) if usd > 0.0 && usd <= 10_000.0 => Ok(Some(usd)),
                _ => Err(Error::invalid(
                    name,
                    "must be an amount of US dollars above 0 and up to 10000",
                )),
            },
        }
    }

    /// Takes a whole number from 1 to `largest`.
    pub(super) fn size(&mut self, name: &'static str, largest: u64) -> Result<Option<u64>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(size) if (1..=largest).contains(&size) => Ok(Some(size)),
                _ => Err(Error::invalid(
                    name,
                    format!("must be a whole number from 1 to {largest}"),
                )),
            },
        }
    }

    /// Takes a list of 1 to `most` values.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        most: usize,
    ) -> Result<Option<Vec<Value>>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) if (1..=most).contains(&items.len()) => Ok(Some(items)),
            Some(_) => Err(Error::invalid(
                name,
                format!("must be a list of 1 to {most}"),
            )),
        }
    }

    /// Takes a yes or no.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Error> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Error::invalid(name, "must be true or false")),
        }
    }

    /// Refuses what was not taken: a misspelt option that does nothing helps nobody.
    pub(super) fn end(self) -> Result<(), Error> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                Err(Error::invalid(name, "is not a field of this request"))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// A field that has to be there.
pub(super) fn required<T>(name: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(name, "is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(body: impl Into<Body>) -> Result<Fields, Error> {
        let request =
            http::Request::post("/").header("content-type", "Application/JSON; charset=x");
        Fields::of(&request.body(body.into()).unwrap())
    }

    fn field_of(error: Error) -> String {
        match error {
            Error::InvalidInput { field, .. } => field.into_owned(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn takes_what_is_there() {
        let body = r#"{"url": "u", "start_s": 1.5, "size": 3, "force": true, "language": null}"#;
        let mut fields = fields(body).unwrap();
        assert_eq!(fields.string("url", 10).unwrap().as_deref(), Some("u"));
        assert_eq!(fields.string("language", 10).unwrap(), None);
        assert_eq!(fields.seconds("start_s").unwrap(), Some(1.5));
        assert_eq!(fields.size("size", 3).unwrap(), Some(3));
        assert!(fields.flag("force").unwrap());
        fields.end().unwrap();
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        let of = |body: &'static str| fields(body).unwrap();
        assert_eq!(
            field_of(of(r#"{"a": 1}"#).string("a", 10).unwrap_err()),
            "a"
        );
        assert_eq!(
            field_of(of(r#"{"a": " "}"#).string("a", 10).unwrap_err()),
            "a"
        );
        assert_eq!(
            field_of(of(r#"{"a": "long"}"#).string("a", 3).unwrap_err()),
            "a"
        );
        assert_eq!(field_of(of(r#"{"a": -1}"#).seconds("a").unwrap_err()), "a");
        assert_eq!(field_of(of(r#"{"a": "1"}"#).seconds("a").unwrap_err()), "a");
        assert_eq!(field_of(of(r#"{"a": 1.5}"#).size("a", 9).unwrap_err()), "a");
        assert_eq!(field_of(of(r#"{"a": 10}"#).size("a", 9).unwrap_err()), "a");
        assert_eq!(field_of(of(r#"{"a": 1}"#).flag("a").unwrap_err()), "a");
        assert_eq!(field_of(of(r#"{"more": 1}"#).end().unwrap_err()), "more");
    }

    #[test]
    fn refuses_what_is_no_json_object() {
        assert!(matches!(fields("[]"), Err(Error::MalformedBody { .. })));
        assert!(matches!(fields(""), Err(Error::MalformedBody { .. })));
        assert!(matches!(
            fields("[".repeat(100_000)),
            Err(Error::MalformedBody { .. })
        ));
        assert!(matches!(
            fields(" ".repeat(LARGEST_BODY + 1)),
            Err(Error::TooLarge { .. })
        ));
        let form = http::Request::post("/").header("content-type", "text/plain");
        let form = form.body(Body::from("{}")).unwrap();
        assert!(matches!(
            Fields::of(&form),
            Err(Error::UnsupportedMediaType)
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>) {
            let _ = fields(body);
        }
    }
}
