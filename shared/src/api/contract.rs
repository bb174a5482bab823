//! `GET /openapi.json` and `GET /docs`: the contract, as a document and as a page. Open to all.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use sha2::{Digest, Sha256};

use super::{Answer, links::Links, negotiate};
use eventrelay_core::error::Error;
use eventrelay_store::compression;
use eventrelay_workflow::context::Context;

/// Base URL of the API in the document and the page as they are committed: that of `cargo local`.
pub const LOCAL_BASE: &str = "http://127.0.0.1:8787";

/// Covers a reader who navigates back and forth, and expires soon after a deployment.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The contract, as it is sent.
#[derive(Debug)]
pub struct Contract {
    document: Served,
    page: Served,
}

impl Contract {
    /// Serves the document and the page that a test of `infra/contract` writes.
    #[must_use]
    pub fn new(document: &'static str, page: &'static str) -> Self {
        Self {
            document: Served::new(document, "application/json"),
            page: Served::new(page, "text/html; charset=utf-8"),
        }
    }
}

/// A text that names the API's own address.
#[derive(Debug)]
struct Served {
    text: &'static str,
    content_type: &'static str,
    /// Content security policy: allows only the inline style sheet of the text.
    policy: String,
    /// The last representation. An API has one address, seldom two, so one is enough.
    last: Mutex<Option<Arc<Representation>>>,
}

/// The text with the address of the API that serves it.
#[derive(Debug)]
struct Representation {
    base: String,
    text: String,
    gzip: OnceLock<Bytes>,
    etag: String,
}

impl Served {
    fn new(text: &'static str, content_type: &'static str) -> Self {
        let style = text
            .split_once("<style>")
            .and_then(|(_, rest)| rest.split_once("</style>"));
        let style = style.map_or_else(String::new, |(style, _)| {
            format!(
                "; style-src 'sha256-{}'",
                STANDARD.encode(Sha256::digest(style))
            )
        });
        Self {
            text,
            content_type,
            policy: format!(
                "default-src 'none'{style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            last: Mutex::new(None),
        }
    }

    /// The text for callers that reach the API at `base`.
    fn at(&self, base: &str) -> Arc<Representation> {
        // The caller controls the host, so the page only takes characters that are safe in HTML.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/[]".contains(c);
        let base = if base.chars().all(is_plain) {
            base
        } else {
            LOCAL_BASE
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.base == base) {
            return known.clone();
        }
        let text = self.text.replace(LOCAL_BASE, base);
        let made = Arc::new(Representation {
            base: base.to_owned(),
            etag: format!("\"{}\"", &hex::encode(Sha256::digest(&text))[..32]),
            gzip: OnceLock::new(),
            text,
        });
        *last = Some(made.clone());
        made
    }
}

impl Representation {
    fn gzip(&self) -> &Bytes {
        self.gzip
            .get_or_init(|| compression::gzip(self.text.as_bytes()))
    }
}

/// `GET`: the document, or the page where the path says so. Servers and examples in it have the
/// address that the request was sent to.
///
/// # Errors
/// Never.
pub async fn get(_: &Context, request: &Request, contract: &Contract) -> Answer {
    let served = match request.raw_http_path() {
        "/docs" => &contract.page,
        _ => &contract.document,
    };
    let made = served.at(Links::new(request).base());
    let response = Response::builder()
        .header(header::ETAG, &made.etag)
        .header(header::CACHE_CONTROL, CACHE_CONTROL)
        .header(header::VARY, "accept-encoding")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, &served.policy);
    let response = if negotiate::has(request.headers(), &made.etag) {
        response.status(StatusCode::NOT_MODIFIED).body(Body::Empty)
    } else {
        let response = response.header(header::CONTENT_TYPE, served.content_type);
        if negotiate::takes_gzip(request.headers()) {
            response
                .header(header::CONTENT_ENCODING, "gzip")
                .body(Body::Binary(made.gzip().to_vec()))
        } else {
            response.body(made.text.clone().into())
        }
    };
    response.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_policy_allows_only_its_own_style() {
        let contract = Contract::new("{}", "<style>a{}</style><p>");
        let digest = STANDARD.encode(Sha256::digest("a{}"));
        assert!(
            contract
                .page
                .policy
                .contains(&format!("style-src 'sha256-{digest}';"))
        );
        assert!(
            contract
                .document
                .policy
                .starts_with("default-src 'none'; base-uri")
        );
        let (document, page) = (contract.document.at("x"), contract.page.at("x"));
        assert_ne!(page.etag, document.etag);
        assert_eq!(compression::gunzip(document.gzip(), 10).unwrap(), b"{}");
    }

    #[test]
    fn document_names_the_address_of_its_request() {
        let served = Served::new(
            r#"{"url": "http://127.0.0.1:8787", "self": "http://127.0.0.1:8787/v1"}"#,
            "application/json",
        );
        let local = served.at(LOCAL_BASE);
        assert_eq!(local.text, served.text);
        let made = served.at("https://api.example.com");
        assert_eq!(
            made.text,
            r#"{"url": "https://api.example.com", "self": "https://api.example.com/v1"}"#
        );
        assert_ne!(made.etag, local.etag);
        assert!(Arc::ptr_eq(&made, &served.at("https://api.example.com")));
        assert_eq!(served.at("http://[::1]:80").base, "http://[::1]:80");
        for hostile in [
            "https://a\"",
            "https://a'b",
            "https://<b>",
            "https://a&b",
            "https://a b",
        ] {
            assert_eq!(served.at(hostile).text, served.text, "{hostile}");
        }
    }
}
