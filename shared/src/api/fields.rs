//! Reading a JSON body field by field, so that a refusal names the field.

use http::{HeaderMap, header};
use lambda_http::{Body, Request};
use serde_json::{Map, Value};

use super::strict;
use eventrelay_core::error::Error;

/// Maximum size of a body that is read, in bytes: a transcript of its maximum size, escaped, and the
/// rest. Lambda takes events of 6 MiB, in which the body is escaped once more.
const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// The members of a JSON object that were not taken yet.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body of a request.
    pub(super) fn new(request: &Request) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::UnsupportedMediaType);
        }
        let body: &[u8] = match request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        };
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::TooLarge {
                what: "request body, whose maximum is 5,242,880 bytes,",
            });
        }
        strict::object(body).map(Self)
    }

    /// Takes a string of 1 to `longest` characters without control characters other than white space;
    /// `null` is as good as nothing.
    pub(super) fn string(
        &mut self,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, Error> {
        let text = self.text(name, longest)?;
        let is_hidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        if text.as_ref().is_some_and(|text| text.contains(is_hidden)) {
            return Err(Error::invalid(name, "must not have control characters"));
        }
        Ok(text)
    }

    /// Takes a string of 1 to `longest` characters, whatever they are; its reader has to see to them.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(Error::invalid(name, "must not be empty"))
            }
            Some(Value::String(text)) if text.chars().count() > longest => Err(Error::invalid(
                name,
                format!("must not be longer than {longest} characters"),
            )),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "must be a string")),
        }
    }

    /// Takes a string of 1 to `max_bytes` bytes in UTF-8, whatever its characters are.
    pub(super) fn bounded(
        &mut self,
        name: &'static str,
        max_bytes: usize,
    ) -> Result<Option<String>, Error> {
        let text = self.text(name, usize::MAX)?;
        match text.as_ref().map_or(0, String::len) {
            bytes if bytes > max_bytes => Err(Error::invalid(
                name,
                format!("has {bytes} bytes; the maximum is {max_bytes} bytes"),
            )),
            _ => Ok(text),
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
            Some(value) => match whole(&value) {
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

    /// Takes a list of at most `most` values.
    pub(super) fn list_or_empty(
        &mut self,
        name: &'static str,
        most: usize,
    ) -> Result<Option<Vec<Value>>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() <= most => Ok(Some(items)),
            Some(_) => Err(Error::invalid(
                name,
                format!("must be a list of at most {most}"),
            )),
        }
    }

    /// Takes an object; its members are named by themselves.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self(fields))),
            Some(_) => Err(Error::invalid(name, "must be an object")),
        }
    }

    /// Takes a yes or no, if it is said.
    pub(super) fn optional_flag(&mut self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::invalid(name, "must be true or false")),
        }
    }

    /// Takes an optional boolean, `false` by default.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Error> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// Refuses members that were not taken, so that a misspelt option is not silently ignored.
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

/// Returns whether the headers declare an unencoded JSON body, exactly once.
///
/// JSON is UTF-8 (RFC 8259, section 8.1) and its type has no parameters. `charset` is tolerated.
fn is_json(headers: &HeaderMap) -> bool {
    let coded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let mut parts = only.to_str().unwrap_or_default().split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let is_utf8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        !name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
    };
    !coded && media_type.eq_ignore_ascii_case("application/json") && parts.all(is_utf8)
}

/// A whole number, also written as `3.0` or `3e0`: in JSON there is one kind of number.
fn whole(value: &Value) -> Option<u64> {
    /// From here on not every whole number is one of these.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || {
        value
            .as_f64()
            .filter(|size| size.fract() == 0.0 && (0.0..EXACT).contains(size))
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    value.as_u64().or_else(|| float().map(|size| size as u64))
}

/// A field that has to be there.
pub(super) fn required<T>(name: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(name, "is missing"))
}

/// Returns the one of `values` that has this name.
pub(super) fn one_of<T: Copy + Into<&'static str>>(
    field: &'static str,
    values: &[T],
    name: &str,
) -> Result<T, Error> {
    let found = values.iter().find(|value| (**value).into() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = values.iter().map(|value| (*value).into()).collect();
        Error::invalid(field, format!("must be one of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(body: impl Into<Body>) -> Result<Fields, Error> {
        let request =
            http::Request::post("/").header("content-type", "Application/JSON; charset=\"UTF-8\"");
        Fields::new(&request.body(body.into()).unwrap())
    }

    fn field_of(error: Error) -> String {
        match error {
            Error::InvalidInput { field, .. } => field.into_owned(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn fields_return_present_members() {
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
    fn invalid_field_is_refused_by_name() {
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
    fn body_other_than_json_object_is_refused() {
        assert!(matches!(fields("[]"), Err(Error::MalformedBody { .. })));
        assert!(matches!(fields(""), Err(Error::MalformedBody { .. })));
        assert!(matches!(
            fields("[".repeat(100_000)),
            Err(Error::MalformedBody { .. })
        ));
        assert!(matches!(
            fields(" ".repeat(MAX_BODY_BYTES + 1)),
            Err(Error::TooLarge { .. })
        ));
    }

    #[test]
    fn body_without_single_json_content_type_is_refused() {
        let read = |headers: &[(&str, &str)]| {
            let mut request = http::Request::post("/");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Fields::new(&request.body(Body::from("{}")).unwrap())
        };
        let json = ("content-type", "application/json");
        assert!(read(&[json]).is_ok());
        assert!(read(&[json, ("content-encoding", "identity")]).is_ok());
        assert!(read(&[("content-type", "application/json;charset=utf-8; v=1")]).is_ok());
        for headers in [
            &[][..],
            &[("content-type", "")],
            &[("content-type", "text/plain")],
            &[("content-type", "text/json")],
            &[("content-type", "application/problem+json")],
            &[("content-type", "application/json, text/plain")],
            &[("content-type", "application/json; charset=utf-16")],
            &[("content-type", "application/json; charset")],
            &[json, json],
            &[json, ("content-type", "text/plain")],
            &[json, ("content-encoding", "gzip")],
        ] {
            let refused = read(headers);
            assert!(
                matches!(refused, Err(Error::UnsupportedMediaType)),
                "{headers:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn oversized_text_is_refused_with_its_size_in_bytes() {
        let mut fields = fields(r#"{"a": "ééé", "b": "éé"}"#).unwrap();
        assert_eq!(fields.bounded("b", 4).unwrap().as_deref(), Some("éé"));
        let error = fields.bounded("a", 5).unwrap_err();
        let detail = error.detail();
        assert!(
            detail.contains("has 6 bytes; the maximum is 5 bytes"),
            "{detail}"
        );
    }

    #[test]
    fn hidden_characters_are_refused_by_default() {
        let body = r#"{"a": "x\u0000", "b": "x\u0000", "c": "x\u0085", "d": "x\ty\r\n"}"#;
        let mut fields = fields(body).unwrap();
        assert_eq!(field_of(fields.string("a", 10).unwrap_err()), "a");
        assert_eq!(fields.text("b", 10).unwrap().as_deref(), Some("x\0"));
        assert_eq!(field_of(fields.string("c", 10).unwrap_err()), "c");
        assert!(fields.string("d", 10).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>) {
            let _ = fields(body);
        }
    }
}
