//! Server of the dumb protocol, for `git clone`:
//! <https://git-scm.com/book/en/v2/Git-Internals-Transfer-Protocols>.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, header};

use super::{GitHub, git::ObjectId, repository::Repository};

/// Middleware: serves the requests of `git clone`, and passes on all others.
pub(super) async fn serve_git(
    State(state): State<Arc<GitHub>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    match split(&path) {
        Some((owner, name, file)) if request.method() == Method::GET => {
            serve(&state, owner, name, file)
        }
        _ => next.run(request).await,
    }
}

/// Splits `/{owner}/{name}.git/{file}` into owner, name and file.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let (owner, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (name, file) = rest.split_once('/')?;
    Some((owner, name.strip_suffix(".git")?, file))
}

fn serve(state: &GitHub, owner: &str, name: &str, file: &str) -> Response {
    let found = state.repository(owner, name).ok();
    let answer = found.and_then(|repository| match file {
        "HEAD" => Some(text(format!(
            "ref: refs/heads/{}\n",
            repository.default_branch
        ))),
        "info/refs" => {
            let lines = repository.refs.iter();
            let lines = lines.map(|(name, id)| format!("{id}\t{name}\n"));
            Some(text(lines.collect()))
        }
        _ => object(&repository, file.strip_prefix("objects/")?),
    });
    answer.unwrap_or_else(|| (StatusCode::NOT_FOUND, "Not Found").into_response())
}

fn text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], text).into_response()
}

/// Returns an object by the first two and the other digits of its name.
fn object(repository: &Repository, path: &str) -> Option<Response> {
    let (first, others) = path.split_once('/')?;
    let id: ObjectId = format!("{first}{others}").parse().ok()?;
    let file = repository.store.get(id)?.loose().ok()?;
    let media_type = "application/x-git-loose-object";
    Some(([(header::CONTENT_TYPE, media_type)], file).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_a_repository_are_split() {
        let expected = Some(("o", "a.b", "objects/ab/cd"));
        assert_eq!(split("/o/a.b.git/objects/ab/cd"), expected);
        for path in ["/repos/o/r/git/refs", "/o/r.git", "/user", "/o/r/info/refs"] {
            assert_eq!(split(path), None, "{path}");
        }
    }
}
