//! Size, digests and allowed contents of a message.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};

use super::protocol::{Code, Failure, MessageAttribute, MessageAttributes};

/// Maximum size of a message or a batch in bytes, including attributes.
pub(super) const MAX_BYTES: i64 = 1 << 20;

const MAX_ATTRIBUTES: usize = 10;

/// Returns the MD5 of a body in lowercase hexadecimal digits.
pub(super) fn md5_of_body(body: &str) -> String {
    hex::encode(Md5::digest(body))
}

/// Returns the MD5 that the SDKs compare. It covers the attributes by name: length (4 bytes,
/// big-endian) and bytes of name and type, one byte for the kind, and length and bytes of the
/// value.
pub(super) fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    fn field(digest: &mut Md5, bytes: &[u8]) {
        // The size of a message limits the length.
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        field(&mut digest, name.as_bytes());
        field(&mut digest, attribute.data_type.as_bytes());
        digest.update([if attribute.is_binary() { 2 } else { 1 }]);
        field(&mut digest, &attribute.value());
    }
    (!attributes.is_empty()).then(|| hex::encode(digest.finalize()))
}

/// Returns the size that counts against the limit: body and all attributes.
pub(super) fn size(body: &str, attributes: &MessageAttributes) -> i64 {
    let attribute = |(name, it): (&String, &MessageAttribute)| {
        name.len() + it.data_type.len() + it.value().len()
    };
    let bytes = body.len() + attributes.iter().map(attribute).sum::<usize>();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// # Errors
/// `MissingParameter` for an empty body, `InvalidMessageContents` for characters outside XML 1.0,
/// `InvalidParameterValue` for attributes that have no value or no known type.
pub(super) fn check(body: &str, attributes: &MessageAttributes) -> Result<(), Failure> {
    if body.is_empty() {
        return Err(Failure::new(
            Code::MissingParameter,
            "The request must contain the parameter MessageBody.",
        ));
    }
    if !body.chars().all(is_allowed) {
        return Err(Failure::new(
            Code::InvalidMessageContents,
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ));
    }
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(Failure::new(
            Code::InvalidParameterValue,
            format!(
                "Number of message attributes [{}] exceeds the allowed maximum [10].",
                attributes.len()
            ),
        ));
    }
    for (name, attribute) in attributes {
        attribute.check(name)?;
    }
    Ok(())
}

/// <https://www.w3.org/TR/REC-xml/#charsets>; a `char` is no surrogate.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

impl MessageAttribute {
    fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }

    fn value(&self) -> Vec<u8> {
        match (&self.binary_value, &self.string_value) {
            (Some(value), _) if self.is_binary() => STANDARD.decode(value).unwrap_or_default(),
            (_, Some(value)) => value.clone().into_bytes(),
            _ => Vec::new(),
        }
    }

    fn check(&self, name: &str) -> Result<(), Failure> {
        let invalid = |message: String| Err(Failure::new(Code::InvalidParameterValue, message));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
            return invalid(format!("The message attribute name '{name}' is invalid."));
        }
        if !matches!(
            self.data_type.split('.').next(),
            Some("String" | "Number" | "Binary")
        ) {
            return invalid(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            ));
        }
        let broken = self
            .binary_value
            .as_ref()
            .is_some_and(|it| STANDARD.decode(it).is_err());
        if broken || self.value().is_empty() {
            return invalid(format!(
                "The message attribute '{name}' must contain a non-empty message attribute value of its type."
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(data_type: &str, string: Option<&str>, binary: Option<&[u8]>) -> MessageAttribute {
        MessageAttribute {
            data_type: data_type.to_owned(),
            string_value: string.map(str::to_owned),
            binary_value: binary.map(|bytes| STANDARD.encode(bytes)),
        }
    }

    #[test]
    fn md5_of_attributes_covers_name_type_and_value() {
        let attributes = MessageAttributes::from([
            ("b".to_owned(), attribute("Binary", None, Some(&[0xff]))),
            ("a".to_owned(), attribute("String", Some("x"), None)),
        ]);
        let expected = b"\0\0\0\x01a\0\0\0\x06String\x01\0\0\0\x01x\0\0\0\x01b\0\0\0\x06Binary\x02\0\0\0\x01\xff";
        assert_eq!(
            md5_of_attributes(&attributes),
            Some(hex::encode(Md5::digest(expected)))
        );
        assert_eq!(md5_of_attributes(&MessageAttributes::new()), None);
        assert_eq!(size("body", &attributes), 4 + (1 + 6 + 1) + (1 + 6 + 1));
    }

    #[test]
    fn message_with_control_characters_or_empty_parts_is_refused() {
        let refused = |body: &str, attributes: &[(&str, MessageAttribute)]| {
            let all = attributes
                .iter()
                .map(|(name, it)| ((*name).to_owned(), it.clone()));
            check(body, &all.collect())
                .err()
                .map(|failure| failure.code)
        };
        assert_eq!(refused("tab\tnewline\n\u{10ffff}", &[]), None);
        assert_eq!(refused("", &[]), Some(Code::MissingParameter));
        assert_eq!(
            refused("bell\u{7}", &[]),
            Some(Code::InvalidMessageContents)
        );
        assert_eq!(refused("\u{ffff}", &[]), Some(Code::InvalidMessageContents));
        let invalid = Some(Code::InvalidParameterValue);
        assert_eq!(
            refused("x", &[("a", attribute("String.label", Some("v"), None))]),
            None
        );
        assert_eq!(
            refused("x", &[("a", attribute("String", Some(""), None))]),
            invalid
        );
        assert_eq!(
            refused("x", &[("a", attribute("Boolean", Some("v"), None))]),
            invalid
        );
        assert_eq!(
            refused("x", &[("a b", attribute("String", Some("v"), None))]),
            invalid
        );
    }
}
