//! JSON of users, repositories and git's objects.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    git::{Commit, Entry, Kind, ObjectId, Person, Store},
    repository::{Owner, Repository},
};
use crate::request;

/// Members of a repository that are URLs below its own.
const BELOW: [(&str, &str); 36] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// Serialises with URLs of the stand-in.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a> {
    pub(super) base: &'a str,
}

impl Wire<'_> {
    pub(super) fn user(self, owner: &Owner) -> Value {
        let (login, base) = (&owner.login, self.base);
        let url = format!("{base}/users/{login}");
        let kind = if owner.is_organization {
            "Organization"
        } else {
            "User"
        };
        json!({
            "login": login,
            "id": owner.id(),
            "node_id": format!("U_{}", owner.id()),
            "avatar_url": format!("{base}/avatars/{login}"),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{base}/{login}"),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// Returns the URL of a repository in the API.
    pub(super) fn api(self, repository: &Repository) -> String {
        format!("{}/repos/{}", self.base, repository.full_name())
    }

    /// Returns the URL of a repository in the browser.
    pub(super) fn web(self, repository: &Repository) -> String {
        format!("{}/{}", self.base, repository.full_name())
    }

    pub(super) fn repository(self, repository: &Repository) -> Value {
        let (api, web) = (self.api(repository), self.web(repository));
        let host = self.base.trim_start_matches("http://");
        let full_name = repository.full_name();
        let open = repository.pulls.iter().filter(|pull| pull.closed.is_none());
        let open = open.count();
        let mut body = json!({
            "id": repository.id,
            "node_id": format!("R_{}", repository.id),
            "name": repository.name,
            "full_name": full_name,
            "private": repository.private,
            "owner": self.user(&repository.owner),
            "html_url": web,
            "description": repository.description,
            "fork": false,
            "url": api,
            "created_at": timestamp(repository.created),
            "updated_at": timestamp(repository.pushed),
            "pushed_at": timestamp(repository.pushed),
            "git_url": format!("git://{host}/{full_name}.git"),
            "ssh_url": format!("git@{host}:{full_name}.git"),
            "clone_url": format!("{web}.git"),
            "svn_url": web,
            "homepage": repository.homepage,
            "archived": repository.archived,
            "has_pages": repository.pages.is_some(),
            "open_issues_count": open,
            "open_issues": open,
            "topics": repository.topics,
            "visibility": visibility(repository),
            "default_branch": repository.default_branch,
        });
        extend(&mut body, always());
        for (name, path) in BELOW {
            body[name] = json!(format!("{api}{path}"));
        }
        body
    }

    pub(super) fn full_repository(self, repository: &Repository) -> Value {
        let mut body = self.repository(repository);
        let more = json!({
            "permissions": {"admin": true, "maintain": true, "push": true, "triage": true,
                "pull": true},
            "allow_squash_merge": true,
            "allow_merge_commit": true,
            "allow_rebase_merge": true,
            "allow_auto_merge": false,
            "delete_branch_on_merge": false,
            "allow_update_branch": false,
            "squash_merge_commit_message": "COMMIT_MESSAGES",
            "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
            "merge_commit_message": "PR_TITLE",
            "merge_commit_title": "MERGE_MESSAGE",
            "network_count": 0,
            "subscribers_count": 1,
        });
        extend(&mut body, more);
        if repository.owner.is_organization {
            body["organization"] = self.user(&repository.owner);
        }
        body
    }

    pub(super) fn reference(self, repository: &Repository, name: &str, id: ObjectId) -> Value {
        let api = self.api(repository);
        json!({
            "ref": name,
            "node_id": format!("REF_{}_{name}", repository.id),
            "url": format!("{api}/git/{name}"),
            "object": {
                "type": Kind::Commit.into_str(),
                "sha": id.to_string(),
                "url": format!("{api}/git/commits/{id}"),
            },
        })
    }

    pub(super) fn tree(self, repository: &Repository, id: ObjectId, entries: &[Entry]) -> Value {
        let api = self.api(repository);
        let entry = |entry: &Entry| {
            let kind = entry.mode.kind();
            let mut body = json!({
                "path": entry.path,
                "mode": entry.mode.into_str(),
                "type": kind.into_str(),
                "sha": entry.id.to_string(),
            });
            if let Some(blob) = repository.store.blob(entry.id) {
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

    pub(super) fn git_commit(
        self,
        repository: &Repository,
        id: ObjectId,
        commit: &Commit,
    ) -> Value {
        let (api, web) = (self.api(repository), self.web(repository));
        let mut body = json!({
            "sha": id.to_string(),
            "node_id": format!("C_{}_{id}", repository.id),
            "url": format!("{api}/git/commits/{id}"),
            "html_url": format!("{web}/commit/{id}"),
        });
        extend(&mut body, inside(commit, &api));
        body["parents"] = self.parents(repository, commit, "git/commits");
        body
    }

    pub(super) fn commit(self, repository: &Repository, id: ObjectId, commit: &Commit) -> Value {
        let (api, web) = (self.api(repository), self.web(repository));
        let url = format!("{api}/commits/{id}");
        let mut about = inside(commit, &api);
        about["url"] = json!(format!("{api}/git/commits/{id}"));
        about["comment_count"] = json!(0);
        let account = |person: &Person| {
            let own = super::repository::author(&repository.owner);
            (person.email == own.email).then(|| self.user(&repository.owner))
        };
        json!({
            "sha": id.to_string(),
            "node_id": format!("C_{}_{id}", repository.id),
            "commit": about,
            "url": url,
            "html_url": format!("{web}/commit/{id}"),
            "comments_url": format!("{url}/comments"),
            "author": account(&commit.author),
            "committer": account(&commit.committer),
            "parents": self.parents(repository, commit, "commits"),
        })
    }

    fn parents(self, repository: &Repository, commit: &Commit, path: &str) -> Value {
        let (api, web) = (self.api(repository), self.web(repository));
        let parent = |id: &ObjectId| {
            json!({
                "sha": id.to_string(),
                "url": format!("{api}/{path}/{id}"),
                "html_url": format!("{web}/commit/{id}"),
            })
        };
        commit.parents.iter().map(parent).collect()
    }
}

/// Members that all repositories share.
fn always() -> Value {
    json!({
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": null,
        "has_issues": true,
        "has_projects": true,
        "has_downloads": true,
        "has_wiki": true,
        "has_discussions": false,
        "forks_count": 0,
        "mirror_url": null,
        "disabled": false,
        "license": null,
        "allow_forking": true,
        "is_template": false,
        "web_commit_signoff_required": false,
        "forks": 0,
        "watchers": 0,
    })
}

/// Members that both forms of a commit share.
fn inside(commit: &Commit, api: &str) -> Value {
    let person = |person: &Person| json!({"name": person.name, "email": person.email, "date": person.at.to_rfc3339()});
    json!({
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "message": commit.message,
        "tree": {
            "sha": commit.tree.to_string(),
            "url": format!("{api}/git/trees/{}", commit.tree),
        },
        "verification": {
            "verified": false,
            "reason": "unsigned",
            "signature": null,
            "payload": null,
            "verified_at": null,
        },
    })
}

pub(super) fn visibility(repository: &Repository) -> &'static str {
    if repository.private {
        "private"
    } else {
        "public"
    }
}

/// Formats a time as GitHub does, in whole seconds.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    request::timestamp(time.truncate_to_second())
}

/// Adds members to an object.
pub(super) fn extend(body: &mut Value, more: Value) {
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
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
