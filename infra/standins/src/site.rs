//! Responses of a host of static sites.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{StatusCode, header};

/// Serves the first file that may stand for `path`, or a 404 with the text `not_found`.
pub(crate) fn respond(
    path: &str,
    not_found: &'static str,
    file: impl Fn(&str) -> Option<Bytes>,
) -> Response {
    let mut candidates = candidates(path).into_iter();
    let found = candidates.find_map(|path| Some((media_type(&path), file(&path)?)));
    match found {
        Some((media_type, data)) => ([(header::CONTENT_TYPE, media_type)], data).into_response(),
        None => (StatusCode::NOT_FOUND, not_found).into_response(),
    }
}

/// Returns the files that may stand for a path, likeliest first.
fn candidates(path: &str) -> Vec<String> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return vec!["index.html".to_owned()];
    }
    vec![
        path.to_owned(),
        format!("{path}.html"),
        format!("{path}/index.html"),
    ]
}

/// Returns the media type that the name of a file stands for.
pub(crate) fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_is_served_by_its_index() {
        assert_eq!(candidates("/"), ["index.html"]);
        assert!(candidates("docs/").contains(&"docs/index.html".to_owned()));
        assert_eq!(candidates("a.css")[0], "a.css");
    }
}
