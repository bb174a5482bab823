//! Everything that is no route of the API.

use lambda_http::{Request, RequestExt};

use super::Answer;
use eventrelay_core::error::Error;
use eventrelay_workflow::context::Context;

/// A line for each path: the path, and behind a space its methods.
const ROUTES: &str = include_str!("../../routes.txt");

/// Says so. The gateway sends here what no route of `template.yaml` takes.
///
/// # Errors
/// [`Error::MethodNotAllowed`] on a path that has other methods, else [`Error::NotFound`].
pub async fn refuse(_: &Context, request: &Request) -> Answer {
    Err(match methods(request.raw_http_path()) {
        Some(allow) => Error::MethodNotAllowed { allow },
        None => Error::NotFound { what: "resource" },
    })
}

/// The methods of a path, where it has any; of several templates that it fits, the first.
fn methods(path: &str) -> Option<&'static str> {
    let routes = ROUTES.lines().filter_map(|line| line.split_once(' '));
    let mut fitting = routes.filter(|(template, _)| fits(template, path));
    fitting.next().map(|(_, methods)| methods)
}

/// Returns whether a path matches a template. A segment `{path}` matches the rest of the path.
fn fits(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let Some(segment) = segments.next() else {
            return false;
        };
        let is_right = match expected {
            "{path}" => return !segment.is_empty(),
            _ if expected.starts_with('{') => !segment.is_empty(),
            _ => segment == expected,
        };
        if !is_right {
            return false;
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_matches_methods_of_its_route_only() {
        for (path, expected) in [
            ("/health", Some("GET")),
            ("/v1/videos", Some("DELETE, GET, POST")),
            ("/v1/videos/batch", Some("POST")),
            ("/v1/jobs/job_1", Some("DELETE, GET")),
            ("/v1/projects/p/files/a/b.txt", Some("GET")),
            ("/", None),
            ("/v1", None),
            ("/v1/videos/", None),
            ("/v1/jobs/a/b", None),
            ("/v1/projects/p/files/", None),
        ] {
            assert_eq!(methods(path), expected, "{path}");
        }
    }
}
