//! Operations of the API.

use http::Method;
use serde::Deserialize;

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    Any,
    User,
    RateLimit,
    CreateRepo,
    GetRepo,
    UpdateRepo,
    DeleteRepo,
    GetRef,
    Ref,
    Blob,
    GetTree,
    Tree,
    GetCommit,
    Commit,
    Branch,
    Contents,
    Pull,
    Topics,
    Pages,
}

impl On {
    pub(super) fn is_of_a_repository(self) -> bool {
        !matches!(
            self,
            Self::Any | Self::User | Self::RateLimit | Self::CreateRepo
        )
    }
}

/// An operation: its kind for faults, and the page that documents it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) on: On,
    pub(super) page: &'static str,
}

impl Operation {
    /// Returns the operation of a method and a path, or `None` if the API has none.
    pub(super) fn from_call(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (on, page) = match (method.as_str(), segments.as_slice()) {
            ("GET", ["user"]) => (On::User, "/users/users#get-the-authenticated-user"),
            ("GET", ["rate_limit"]) => (
                On::RateLimit,
                "/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user",
            ),
            ("POST", ["user", "repos"]) => (
                On::CreateRepo,
                "/repos/repos#create-a-repository-for-the-authenticated-user",
            ),
            ("POST", ["orgs", _, "repos"]) => (
                On::CreateRepo,
                "/repos/repos#create-an-organization-repository",
            ),
            (method, ["repos", _, _, rest @ ..]) => Self::of_repository(method, rest)?,
            _ => return None,
        };
        Some(Self { on, page })
    }

    fn of_repository(method: &str, rest: &[&str]) -> Option<(On, &'static str)> {
        Some(match (method, rest) {
            ("GET", []) => (On::GetRepo, "/repos/repos#get-a-repository"),
            ("PATCH", []) => (On::UpdateRepo, "/repos/repos#update-a-repository"),
            ("DELETE", []) => (On::DeleteRepo, "/repos/repos#delete-a-repository"),
            ("GET", ["git", "ref", ..]) => (On::GetRef, "/git/refs#get-a-reference"),
            ("POST", ["git", "refs"]) => (On::Ref, "/git/refs#create-a-reference"),
            ("PATCH", ["git", "refs", ..]) => (On::Ref, "/git/refs#update-a-reference"),
            ("DELETE", ["git", "refs", ..]) => (On::Ref, "/git/refs#delete-a-reference"),
            ("POST", ["git", "blobs"]) => (On::Blob, "/git/blobs#create-a-blob"),
            ("GET", ["git", "blobs", _]) => (On::Blob, "/git/blobs#get-a-blob"),
            ("POST", ["git", "trees"]) => (On::Tree, "/git/trees#create-a-tree"),
            ("GET", ["git", "trees", ..]) => (On::GetTree, "/git/trees#get-a-tree"),
            ("POST", ["git", "commits"]) => (On::Commit, "/git/commits#create-a-commit"),
            ("GET", ["git", "commits", _]) => (On::GetCommit, "/git/commits#get-a-commit-object"),
            ("GET", ["commits"]) => (On::GetCommit, "/commits/commits#list-commits"),
            ("GET", ["branches", ..]) => (On::Branch, "/branches/branches#get-a-branch"),
            ("GET", ["contents", ..]) => (On::Contents, "/repos/contents#get-repository-content"),
            ("PUT", ["contents", ..]) => (
                On::Contents,
                "/repos/contents#create-or-update-file-contents",
            ),
            ("DELETE", ["contents", ..]) => (On::Contents, "/repos/contents#delete-a-file"),
            ("GET", ["pulls"]) => (On::Pull, "/pulls/pulls#list-pull-requests"),
            ("POST", ["pulls"]) => (On::Pull, "/pulls/pulls#create-a-pull-request"),
            ("GET", ["pulls", _]) => (On::Pull, "/pulls/pulls#get-a-pull-request"),
            ("GET", ["topics"]) => (On::Topics, "/repos/repos#get-all-repository-topics"),
            ("PUT", ["topics"]) => (On::Topics, "/repos/repos#replace-all-repository-topics"),
            ("GET", ["pages"]) => (On::Pages, "/pages/pages#get-a-apiname-pages-site"),
            ("POST", ["pages"]) => (On::Pages, "/pages/pages#create-a-apiname-pages-site"),
            ("GET", ["pages", "builds", "latest"]) => {
                (On::Pages, "/pages/pages#get-latest-pages-build")
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_updating_a_reference_are_two_operations() {
        let on = |method: Method, path: &str| Operation::from_call(&method, path).map(|one| one.on);
        let read = on(Method::GET, "/repos/o/r/git/ref/heads/feature/a");
        assert_eq!(read, Some(On::GetRef));
        let moved = on(Method::PATCH, "/repos/o/r/git/refs/heads/feature/a");
        assert_eq!(moved, Some(On::Ref));
        assert_eq!(on(Method::GET, "/repos/o/r/git/nothing"), None);
        assert_eq!(on(Method::GET, "/users"), None);
    }
}
