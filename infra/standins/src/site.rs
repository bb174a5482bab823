//! What a host of static sites answers at a path.

/// The files that may stand for a path, the likeliest first.
pub(crate) fn candidates(path: &str) -> Vec<String> {
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

/// The media type of a file by its name.
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
    fn a_directory_is_its_index() {
        assert_eq!(candidates("/"), ["index.html"]);
        assert!(candidates("docs/").contains(&"docs/index.html".to_owned()));
        assert_eq!(candidates("a.css")[0], "a.css");
    }
}
