//! JSON of users, repositories and git's objects.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    git::{Commit, Entry, Kind, ObjectId, Person, Store},
    repository::{self, Owner, Repository},
};
use crate::json::{data, extend, filled};

/// Members of responses that are constant or consist of placeholders.
static RESPONSES: LazyLock<Value> = LazyLock::new(|| data(include_str!("responses.json")));

pub(super) fn user(base: &str, owner: &Owner) -> Value {
    let (id, login) = (owner.id(), &owner.login);
    let placeholders = [
        ("@base@", base),
        ("@id@", &id.to_string()),
        ("@login@", login),
    ];
    let mut body = filled(RESPONSES["user"].clone(), &placeholders);
    body["id"] = json!(id);
    body["type"] = json!(if owner.is_organization {
        "Organization"
    } else {
        "User"
    });
    body
}

/// Returns the members that only the user itself sees, without those that vary.
pub(super) fn authenticated_user() -> Value {
    RESPONSES["authenticated_user"].clone()
}

/// Serialises a repository and its parts with URLs of the stand-in.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a> {
    pub(super) base: &'a str,
    pub(super) repository: &'a Repository,
}

impl Wire<'_> {
    /// Returns the URL of the repository in the API.
    pub(super) fn api(self) -> String {
        format!("{}/repos/{}", self.base, self.repository.full_name())
    }

    /// Returns the URL of the repository in the browser.
    pub(super) fn web(self) -> String {
        format!("{}/{}", self.base, self.repository.full_name())
    }

    pub(super) fn owner(self) -> Value {
        user(self.base, &self.repository.owner)
    }

    /// Returns a part of `responses.json` with its placeholders filled.
    pub(super) fn response(self, name: &str, placeholders: &[(&str, &str)]) -> Value {
        let (api, web, id) = (self.api(), self.web(), self.repository.id.to_string());
        let own = [("@api@", &*api), ("@web@", &web), ("@id@", &id)];
        filled(filled(RESPONSES[name].clone(), &own), placeholders)
    }

    pub(super) fn repository(self) -> Value {
        let repository = self.repository;
        let host = self.base.trim_start_matches("http://");
        let full_name = repository.full_name();
        let placeholders = [("@host@", host), ("@full_name@", &full_name)];
        let mut body = self.response("repository", &placeholders);
        let open = repository.pulls.iter().filter(|pull| pull.closed.is_none());
        let open = open.count();
        let more = json!({
            "id": repository.id,
            "name": repository.name,
            "private": repository.private,
            "owner": self.owner(),
            "description": repository.description,
            "created_at": timestamp(repository.created),
            "updated_at": timestamp(repository.pushed),
            "pushed_at": timestamp(repository.pushed),
            "homepage": repository.homepage,
            "archived": repository.archived,
            "has_pages": repository.pages.is_some(),
            "open_issues_count": open,
            "open_issues": open,
            "topics": repository.topics,
            "visibility": if repository.private { "private" } else { "public" },
            "default_branch": repository.default_branch,
        });
        extend(&mut body, more);
        body
    }

    pub(super) fn full_repository(self) -> Value {
        let mut body = self.repository();
        extend(&mut body, RESPONSES["full_repository"].clone());
        if self.repository.owner.is_organization {
            body["organization"] = self.owner();
        }
        body
    }

    pub(super) fn reference(self, name: &str, id: ObjectId) -> Value {
        let placeholders = [("@name@", name), ("@sha@", &id.to_string())];
        self.response("reference", &placeholders)
    }

    pub(super) fn tree(self, id: ObjectId, entries: &[Entry]) -> Value {
        let api = self.api();
        let entry = |entry: &Entry| {
            let kind = entry.mode.kind();
            let mut body = json!({
                "path": entry.path,
                "mode": entry.mode.into_str(),
                "type": kind.into_str(),
                "sha": entry.id.to_string(),
            });
            if let Some(blob) = self.repository.store.blob(entry.id) {
                body["size"] = json!(blob.len());
            }
            if kind != Kind::Commit {
                body["url"] = json!(format!("{api}/git/{}s/{}", kind.into_str(), entry.id));
            }
            body
        };
        json!({
            "sha": id.to_string(),
            "url": format!("{api}/git/trees/{id}"),
            "tree": entries.iter().map(entry).collect::<Vec<_>>(),
            "truncated": false,
        })
    }

    pub(super) fn git_commit(self, id: ObjectId, commit: &Commit) -> Value {
        let (sha, tree) = (id.to_string(), commit.tree.to_string());
        let mut body = self.response("git_commit", &[("@sha@", &sha), ("@tree@", &tree)]);
        extend(&mut body, written(commit));
        body["parents"] = self.parents(commit, "git/commits");
        body
    }

    pub(super) fn commit(self, id: ObjectId, commit: &Commit) -> Value {
        let (sha, tree) = (id.to_string(), commit.tree.to_string());
        let mut body = self.response("commit", &[("@sha@", &sha), ("@tree@", &tree)]);
        extend(&mut body["commit"], written(commit));
        let account = |person: &Person| {
            let own = repository::author(&self.repository.owner);
            (person.email == own.email).then(|| self.owner())
        };
        body["author"] = json!(account(&commit.author));
        body["committer"] = json!(account(&commit.committer));
        body["parents"] = self.parents(commit, "commits");
        body
    }

    fn parents(self, commit: &Commit, path: &str) -> Value {
        let parent = |id: &ObjectId| {
            let placeholders = [("@path@", path), ("@sha@", &id.to_string())];
            self.response("parent", &placeholders)
        };
        commit.parents.iter().map(parent).collect()
    }
}

/// Members that the author of a commit writes.
fn written(commit: &Commit) -> Value {
    let person = |person: &Person| {
        let date = person.at.to_rfc3339();
        json!({"name": person.name, "email": person.email, "date": date})
    };
    json!({
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "message": commit.message,
    })
}

/// Formats a time as GitHub does, in whole seconds.
pub(super) fn timestamp(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// Returns all entries below a tree with their whole paths, for `?recursive`.
pub(super) fn recursive(store: &Store, tree: ObjectId, before: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in store.tree(tree)? {
        let path = format!("{before}{}", entry.path);
        let below = match entry.mode.kind() {
            Kind::Tree => recursive(store, entry.id, &format!("{path}/"))?,
            Kind::Blob | Kind::Commit => Vec::new(),
        };
        entries.push(Entry { path, ..entry });
        entries.extend(below);
    }
    Some(entries)
}
