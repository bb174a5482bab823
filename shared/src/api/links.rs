//! Absolute URLs, as the caller reaches us.

use lambda_http::Request;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use eventrelay_core::{ids::JobId, video::VideoKey};
use eventrelay_project::{DeploymentId, ProjectId};

/// Characters escaped in a segment of a path (RFC 3986, section 3.3: all but the unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Builder of links, with the base URL of the API.
#[derive(Clone, Debug)]
pub(super) struct Links {
    base: String,
}

impl Links {
    /// Uses the scheme and host to which this request was sent.
    pub(super) fn new(request: &Request) -> Self {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or("https");
        let authority = uri
            .authority()
            .map(|authority| authority.as_str())
            .unwrap_or_default();
        Self {
            base: format!("{scheme}://{authority}"),
        }
    }

    /// Base URL of the API, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn job(&self, id: &JobId) -> String {
        format!("{}/v1/jobs/{id}", self.base)
    }

    pub(super) fn project(&self, id: &ProjectId) -> String {
        format!("{}/v1/projects/{id}", self.base)
    }

    pub(super) fn project_file(&self, id: &ProjectId, path: &str) -> String {
        let segments = path.split('/');
        let segments = segments.map(|one| utf8_percent_encode(one, SEGMENT).to_string());
        let path = segments.collect::<Vec<_>>().join("/");
        format!("{}/files/{path}", self.project(id))
    }

    pub(super) fn deployment(&self, id: &DeploymentId) -> String {
        format!("{}/v1/deployments/{id}", self.base)
    }

    /// The request again, from this cursor on.
    pub(super) fn next(&self, request: &Request, cursor: &str) -> String {
        use lambda_http::RequestExt;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in request.query_string_parameters().iter() {
            if name != "cursor" {
                query.append_pair(name, value);
            }
        }
        query.append_pair("cursor", cursor);
        format!("{}{}?{}", self.base, request.uri().path(), query.finish())
    }

    /// The analysis of a video of one variant, or the one that is shown without a variant.
    pub(super) fn video(&self, video: &VideoKey, variant: Option<&str>) -> String {
        let base = format!("{}/v1/videos/{video}", self.base);
        variant.map_or(base.clone(), |variant| format!("{base}?variant={variant}"))
    }
}
