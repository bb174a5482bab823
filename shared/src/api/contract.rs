//! `GET /openapi.json` and `GET /docs`: the contract, as a document and as a page. Open to all.

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use sha2::{Digest, Sha256};

use super::{Answer, negotiate};
use crate::{context::Context, error::Error, store::compression};

/// Long enough for a reader who goes back and forth, and short against a deployment.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The contract, as it is sent.
#[derive(Debug)]
pub struct Contract {
    document: Kept,
    page: Kept,
}

impl Contract {
    /// Of the document and the page that a test of `infra/contract` writes.
    #[must_use]
    pub fn new(document: &'static str, page: &'static str) -> Self {
        Self {
            document: Kept::new(document, "application/json"),
            page: Kept::new(page, "text/html; charset=utf-8"),
        }
    }
}

#[derive(Debug)]
struct Kept {
    text: &'static str,
    /// Made when it is asked for first: neither Init nor who asks for the other waits for it.
    gzip: OnceLock<Bytes>,
    etag: String,
    content_type: &'static str,
    /// What a browser may do with it, which is to show it by the one style sheet that is in it.
    policy: String,
}

impl Kept {
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
            gzip: OnceLock::new(),
            etag: format!("\"{}\"", &hex::encode(Sha256::digest(text))[..32]),
            content_type,
            policy: format!(
                "default-src 'none'{style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
        }
    }

    fn gzip(&self) -> &Bytes {
        self.gzip
            .get_or_init(|| compression::gzip(self.text.as_bytes()))
    }
}

/// `GET`: the document, or the page where the path says so.
///
/// # Errors
/// Never.
pub async fn get(_: &Context, request: &Request, contract: &Contract) -> Answer {
    let kept = match request.raw_http_path() {
        "/docs" => &contract.page,
        _ => &contract.document,
    };
    let response = Response::builder()
        .header(header::ETAG, &kept.etag)
        .header(header::CACHE_CONTROL, CACHE_CONTROL)
        .header(header::VARY, "accept-encoding")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, &kept.policy);
    let response = if negotiate::has(request.headers(), &kept.etag) {
        response.status(StatusCode::NOT_MODIFIED).body(Body::Empty)
    } else {
        let response = response.header(header::CONTENT_TYPE, kept.content_type);
        match negotiate::takes_gzip(request.headers()) {
            true => response
                .header(header::CONTENT_ENCODING, "gzip")
                .body(Body::Binary(kept.gzip().to_vec())),
            false => response.body(kept.text.into()),
        }
    };
    response.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_show_itself_by_its_own_style_and_nothing_else() {
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
        assert_ne!(contract.page.etag, contract.document.etag);
        let plain = compression::gunzip(contract.document.gzip(), 10).unwrap();
        assert_eq!(plain, b"{}");
    }
}
