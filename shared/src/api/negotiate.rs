//! Content negotiation: form, encoding and conditional requests (RFC 9110, sections 12 and 13).

use http::{HeaderMap, header};

use eventrelay_core::error::Error;
use eventrelay_store::blobs::Form;

/// Returns the requested form: `?format=` before `Accept`, and JSON by default.
pub(super) fn form(query: Option<&str>, headers: &HeaderMap) -> Result<Form, Error> {
    const FORMS: [(Form, &[&str]); 4] = [
        (Form::Json, &["application/json", "application/*", "*/*"]),
        (Form::Markdown, &["text/markdown", "text/*"]),
        (Form::Vtt, &["text/vtt"]),
        (Form::Srt, &["application/x-subrip", "text/srt"]),
    ];
    if let Some(format) = query {
        let named = FORMS.iter().find(|(form, _)| form.extension() == format);
        let unknown = || Error::invalid("format", "must be one of json, md, vtt, srt");
        return named.map(|(form, _)| *form).ok_or_else(unknown);
    }
    let accepted = weights(headers, header::ACCEPT);
    if accepted.is_empty() {
        return Ok(Form::Json);
    }
    let weight_of = |media_types: &[&str]| {
        // The most specific range that matches says the weight, which is why a range comes after
        // the type in the list above.
        media_types.iter().find_map(|media_type| {
            accepted
                .iter()
                .find(|(range, _)| range == media_type)
                .map(|(_, weight)| *weight)
        })
    };
    let mut best: Option<(Form, u16)> = None;
    for (form, media_types) in FORMS {
        let weight = weight_of(media_types).unwrap_or(0);
        if weight > best.map_or(0, |(_, best)| best) {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form).ok_or(Error::NotAcceptable)
}

/// Returns whether the caller accepts gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = weights(headers, header::ACCEPT_ENCODING);
    let of = |coding: &str| {
        accepted
            .iter()
            .find(|(name, _)| name == coding)
            .map(|(_, q)| *q)
    };
    of("gzip")
        .or_else(|| of("x-gzip"))
        .or_else(|| of("*"))
        .is_some_and(|weight| weight > 0)
}

/// Returns whether `If-None-Match` has this entity tag. The comparison is weak.
pub(super) fn has(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let listed = value.to_str().unwrap_or_default();
        listed
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}

/// The members of a weighted list in lower case with their weights in thousandths.
fn weights(headers: &HeaderMap, name: header::HeaderName) -> Vec<(String, u16)> {
    let values = headers.get_all(name);
    let members = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','));
    members
        .filter_map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let name = parts
                .next()
                .filter(|name| !name.is_empty())?
                .to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 1"
            )]
            Some((name, (weight * 1000.0) as u16))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn negotiation_selects_form_by_format_and_accept() {
        let of = |accept: &str| form(None, &headers(header::ACCEPT, accept));
        assert_eq!(form(None, &HeaderMap::new()).unwrap(), Form::Json);
        assert_eq!(of("*/*").unwrap(), Form::Json);
        assert_eq!(of("text/markdown").unwrap(), Form::Markdown);
        assert_eq!(of("Text/VTT").unwrap(), Form::Vtt);
        assert_eq!(
            of("text/html, application/json;q=0.5, text/markdown;q=0.9").unwrap(),
            Form::Markdown
        );
        assert_eq!(of("text/markdown;q=0.1, */*;q=0.8").unwrap(), Form::Json);
        assert!(matches!(of("image/png"), Err(Error::NotAcceptable)));
        assert!(matches!(
            of("application/json;q=0"),
            Err(Error::NotAcceptable)
        ));
        assert_eq!(
            form(Some("srt"), &headers(header::ACCEPT, "image/png")).unwrap(),
            Form::Srt
        );
        assert!(form(Some("pdf"), &HeaderMap::new()).is_err());
    }

    #[test]
    fn negotiation_detects_gzip_support() {
        for (value, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br", false),
        ] {
            assert_eq!(
                takes_gzip(&headers(header::ACCEPT_ENCODING, value)),
                takes,
                "{value}"
            );
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for (value, has_it) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("a", false),
        ] {
            assert_eq!(
                has(&headers(header::IF_NONE_MATCH, value), "\"a\""),
                has_it,
                "{value}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(value in "[ -~]*") {
            let _ = form(None, &headers(header::ACCEPT, &value));
            let _ = takes_gzip(&headers(header::ACCEPT_ENCODING, &value));
            let _ = has(&headers(header::IF_NONE_MATCH, &value), "\"a\"");
        }
    }
}
