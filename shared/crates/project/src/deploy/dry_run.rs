//! Dry run of a deployment.

use serde::Serialize;

use super::super::ProjectFile;
use super::{Content, Entry, Owner, RepositoryName, Target};
use super::{blobs, digests, entries, is_published};

/// Default branch of a new repository.
const BRANCH: &str = "main";

/// Files and API calls of a deployment that was not executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DryRunCalls")
)]
pub struct DryRun {
    pub target: Target,
    /// Name of the project at the target.
    pub name: String,
    /// Files that would be deployed.
    pub files: Vec<DryFile>,
    /// Total size of all files in bytes.
    pub bytes: u64,
    /// API calls in order.
    pub calls: Vec<Call>,
}

/// File that would be deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct DryFile {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// File mode in git.
    pub mode: &'static str,
    /// True if the file is part of a shared call, false if it has its own.
    pub inline: bool,
}

/// API call that would be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DryCall")
)]
pub struct Call {
    /// HTTP method of the call.
    pub method: &'static str,
    /// Path of the call; values from earlier responses are in braces.
    pub path: String,
    /// Number of calls; a minimum if the call is a poll.
    pub times: usize,
}

/// Destination of a project.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    pub target: Target,
    /// Owner of the repository; the owner of the token if `None`.
    pub owner: Option<&'a Owner>,
    /// Name of the repository.
    pub repository: &'a RepositoryName,
    /// Name at a host ([`super::host_name`]).
    pub host: &'a str,
}

fn call(method: &'static str, path: impl Into<String>, times: usize) -> Call {
    Call {
        method,
        path: path.into(),
        times,
    }
}

/// Lists what the first deployment of these files would do.
#[must_use]
pub fn dry_run(to: Where<'_>, files: &[ProjectFile]) -> DryRun {
    let sent = |file: &ProjectFile| match to.target {
        Target::Netlify => is_published(&file.path),
        Target::GitHub | Target::GitHubPages | Target::Vercel => true,
    };
    let entries = files.iter().zip(entries(files));
    let dry_file = |(file, entry): (&ProjectFile, Entry<'_>)| DryFile {
        path: file.path.clone(),
        bytes: file.content.len() as u64,
        mode: entry.mode.into_str(),
        inline: match to.target {
            Target::GitHub | Target::GitHubPages => matches!(entry.content, Content::Text(_)),
            Target::Vercel => true,
            Target::Netlify => false,
        },
    };
    let files_sent = entries.filter(|(file, _)| sent(file));
    let files_sent: Vec<DryFile> = files_sent.map(dry_file).collect();
    let (name, calls) = match to.target {
        Target::GitHub | Target::GitHubPages => github(to, files),
        Target::Vercel => (to.host.to_owned(), vercel()),
        Target::Netlify => (to.host.to_owned(), netlify(files)),
    };
    DryRun {
        target: to.target,
        name,
        bytes: files_sent.iter().map(|file| file.bytes).sum(),
        files: files_sent,
        calls,
    }
}

fn github(to: Where<'_>, files: &[ProjectFile]) -> (String, Vec<Call>) {
    let owner = to.owner.map_or("{owner}", Owner::as_str);
    let name = to.repository.as_str();
    let path = |rest: &str| format!("/repos/{owner}/{name}{rest}");
    let create = match to.owner {
        Some(owner) => format!("/orgs/{owner}/repos"),
        None => "/user/repos".to_owned(),
    };
    let mut calls = vec![
        call("POST", create, 1),
        call("GET", path(&format!("/branches/{BRANCH}")), 1),
        call("POST", path("/git/blobs"), blobs(files).len()),
        call("POST", path("/git/trees"), 1),
        call("POST", path("/git/commits"), 1),
        call("PATCH", path(&format!("/git/refs/heads/{BRANCH}")), 1),
    ];
    if to.target == Target::GitHubPages {
        calls.push(call("POST", path("/pages"), 1));
        calls.push(call("GET", path("/pages/builds/latest"), 1));
        calls.push(call("GET", path("/pages"), 1));
    }
    calls.retain(|call| call.times > 0);
    let address = to.owner.map(|owner| format!("{owner}/{name}"));
    (address.unwrap_or_else(|| name.to_owned()), calls)
}

fn vercel() -> Vec<Call> {
    vec![
        call("POST", "/v13/deployments", 1),
        call("GET", "/v13/deployments/{id}", 1),
    ]
}

fn netlify(files: &[ProjectFile]) -> Vec<Call> {
    let digests = digests(files);
    // Each distinct content is uploaded once.
    let contents: std::collections::BTreeSet<_> = digests.values().collect();
    vec![
        call("POST", "/api/v1/sites", 1),
        call("POST", "/api/v1/sites/{site}/deploys", 1),
        call("PUT", "/api/v1/deploys/{id}/files/{path}", contents.len()),
        call("GET", "/api/v1/deploys/{id}", 1),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{file, files};
    use super::*;

    fn run(target: Target, owner: Option<&Owner>, files: &[ProjectFile]) -> DryRun {
        let to = Where {
            target,
            owner,
            repository: &"weather-app".parse().unwrap(),
            host: "weather-app-0123456789",
        };
        dry_run(to, files)
    }

    fn count(run: &DryRun) -> usize {
        run.calls.iter().map(|call| call.times).sum()
    }

    #[test]
    fn any_number_of_text_files_is_five_calls() {
        for number in [1, 30, 100] {
            let files: Vec<_> = (0..number)
                .map(|i| file(&format!("src/{i}.py"), "x = 1\n"))
                .collect();
            let run = run(Target::GitHub, None, &files);
            assert_eq!((count(&run), run.files.len()), (5, number));
            assert_eq!(run.bytes, 6 * number as u64);
            assert_eq!(run.calls[0].path, "/user/repos");
            assert_eq!(run.name, "weather-app");
        }
    }

    #[test]
    fn dry_run_adds_a_call_per_blob_and_three_for_pages() {
        let owner = "octo-org".parse().unwrap();
        let files = files();
        let github = run(Target::GitHub, Some(&owner), &files);
        assert_eq!(github.name, "octo-org/weather-app");
        assert_eq!(github.calls[0].path, "/orgs/octo-org/repos");
        assert_eq!(count(&github), 7);
        let alone = github.files.iter().filter(|file| !file.inline).count();
        assert_eq!((alone, github.files[1].mode), (3, "100755"));
        assert_eq!(count(&run(Target::GitHubPages, None, &files)), 10);
    }

    #[test]
    fn hosts_get_what_they_serve() {
        let files = files();
        let netlify = run(Target::Netlify, None, &files);
        assert_eq!(netlify.name, "weather-app-0123456789");
        assert!(netlify.files.iter().all(|file| file.path != ".gitignore"));
        // Two of the five files are equal.
        assert_eq!((netlify.files.len(), netlify.calls[2].times), (5, 4));
        let vercel = run(Target::Vercel, None, &files);
        assert_eq!((count(&vercel), vercel.files.len()), (2, files.len()));
    }
}
