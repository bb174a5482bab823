//! Pull requests: <https://docs.github.com/rest/pulls>.

use std::collections::{BTreeMap, HashSet};

use axum::{Json, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body::not_supplied,
    call::Call,
    created,
    errors::ApiError,
    git::{Mode, ObjectId},
    repository::{Owner, Repository},
    wire::{self, Wire, timestamp},
};
use crate::{json::extend, request};

/// A pull request within one repository.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    /// Name of the source branch.
    pub(super) head: String,
    /// Name of the target branch.
    pub(super) base: String,
    pub(super) draft: bool,
    /// Last known commit of the head.
    pub(super) sha: ObjectId,
    pub(super) user: Owner,
    pub(super) created: Timestamp,
    pub(super) closed: Option<Timestamp>,
}

impl Pull {
    fn state(&self) -> &'static str {
        match self.closed {
            Some(_) => "closed",
            None => "open",
        }
    }

    pub(super) fn to_state(&self) -> Value {
        json!({
            "number": self.number,
            "title": self.title,
            "body": self.body,
            "head": self.head,
            "base": self.base,
            "state": self.state(),
        })
    }
}

#[derive(Debug, Deserialize)]
struct Create {
    title: Option<String>,
    body: Option<String>,
    head: String,
    base: String,
    #[serde(default)]
    draft: bool,
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let user = call.state.user();
    let repository = &mut *call.repository()?;
    let create: Create = call.body()?;
    let title = create.title.ok_or_else(|| not_supplied("title"))?;
    let head = branch_of(&create.head, repository).to_owned();
    let invalid = |field: &str| {
        let error = json!({"resource": "PullRequest", "field": field, "code": "invalid"});
        ApiError::validation_failed(error)
    };
    let base_id = repository.head(&create.base);
    let base_id = base_id.ok_or_else(|| invalid("base"))?;
    let sha = repository.head(&head).ok_or_else(|| invalid("head"))?;
    let custom = |message: String| {
        let error = json!({"resource": "PullRequest", "code": "custom", "message": message});
        ApiError::validation_failed(error)
    };
    let same = |pull: &&Pull| pull.head == head && pull.base == create.base;
    if repository
        .pulls
        .iter()
        .filter(same)
        .any(|pull| pull.closed.is_none())
    {
        let login = &repository.owner.login;
        let message = format!("A pull request already exists for {login}:{head}.");
        return Err(custom(message));
    }
    let Change {
        commits, related, ..
    } = Change::between(repository, base_id, sha);
    if !related {
        let message = format!(
            "The {head} branch has no history in common with {}",
            create.base
        );
        return Err(custom(message));
    }
    if commits == 0 {
        return Err(custom(format!(
            "No commits between {} and {head}",
            create.base
        )));
    }
    let pull = Pull {
        number: repository.pulls.len() as u64 + 1,
        title,
        body: create.body,
        head,
        base: create.base,
        draft: create.draft,
        sha,
        user,
        created: Timestamp::now(),
        closed: None,
    };
    repository.pulls.push(pull.clone());
    Ok(created(full(call.wire(repository), &pull)))
}

/// Returns the branch of `owner:branch` or `branch`.
fn branch_of<'a>(head: &'a str, repository: &Repository) -> &'a str {
    match head.split_once(':') {
        Some((owner, branch)) if owner.eq_ignore_ascii_case(&repository.owner.login) => branch,
        _ => head,
    }
}

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.repository()?;
    let number = call.item.parse().ok();
    let mut pulls = repository.pulls.iter();
    let pull = pulls.find(|pull| Some(pull.number) == number);
    let pull = pull.ok_or_else(ApiError::not_found)?;
    Ok(Json(full(call.wire(repository), pull)))
}

/// Query of a list.
#[derive(Debug, Deserialize)]
struct Which {
    state: Option<String>,
    head: Option<String>,
    base: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

pub(super) async fn list(call: Call) -> Result<Json<Value>, ApiError> {
    let which: Which = call.query()?;
    let repository = &*call.repository()?;
    let wanted = which.state.as_deref().unwrap_or("open");
    // As on GitHub, a head without an owner does not filter.
    let head = which.head.as_deref().filter(|head| head.contains(':'));
    let pulls = repository
        .pulls
        .iter()
        .rev()
        .filter(|pull| wanted == "all" || pull.state() == wanted)
        .filter(|pull| head.is_none_or(|head| branch_of(head, repository) == pull.head))
        .filter(|pull| which.base.as_ref().is_none_or(|base| *base == pull.base))
        .map(|pull| simple(call.wire(repository), pull));
    let size = which.per_page.unwrap_or(30);
    let pulls = request::page(pulls, which.page, size).collect();
    Ok(Json(pulls))
}

fn simple(wire: Wire<'_>, pull: &Pull) -> Value {
    let (repository, number) = (wire.repository, pull.number);
    let sha = repository.head(&pull.head).unwrap_or(pull.sha);
    let base_sha = repository.head(&pull.base).unwrap_or(pull.sha);
    let side = |branch: &str, sha: ObjectId| {
        json!({
            "label": format!("{}:{branch}", repository.owner.login),
            "ref": branch,
            "sha": sha.to_string(),
            "user": wire.owner(),
            "repo": wire.repository(),
        })
    };
    let placeholders = [
        ("@number@", &*number.to_string()),
        ("@sha@", &sha.to_string()),
    ];
    let mut body = wire.response("pull", &placeholders);
    let more = json!({
        "id": repository.id * 1000 + number,
        "number": number,
        "state": pull.state(),
        "title": pull.title,
        "user": wire::user(wire.base, &pull.user),
        "body": pull.body,
        "created_at": timestamp(pull.created),
        "updated_at": timestamp(pull.closed.unwrap_or(pull.created)),
        "closed_at": pull.closed.map(timestamp),
        "draft": pull.draft,
        "head": side(&pull.head, sha),
        "base": side(&pull.base, base_sha),
    });
    extend(&mut body, more);
    body
}

fn full(wire: Wire<'_>, pull: &Pull) -> Value {
    let repository = wire.repository;
    let sha = repository.head(&pull.head).unwrap_or(pull.sha);
    let base = repository.head(&pull.base).unwrap_or(pull.sha);
    let change = Change::between(repository, base, sha);
    let mut body = simple(wire, pull);
    extend(&mut body, wire.response("full_pull", &[]));
    let more = json!({
        "commits": change.commits,
        "additions": change.additions,
        "deletions": change.deletions,
        "changed_files": change.changed_files,
    });
    extend(&mut body, more);
    body
}

/// Difference between two branches.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    commits: usize,
    /// True if the branches have a common ancestor.
    related: bool,
    additions: usize,
    deletions: usize,
    changed_files: usize,
}

impl Change {
    fn between(repository: &Repository, base: ObjectId, head: ObjectId) -> Self {
        let store = &repository.store;
        let known: HashSet<ObjectId> = store.history(base).into_iter().collect();
        let history = store.history(head);
        let common = history.iter().find(|id| known.contains(id));
        let files = |commit: Option<ObjectId>| {
            let tree = commit
                .and_then(|id| store.commit(id))
                .map(|commit| commit.tree);
            let files = tree.and_then(|tree| store.files(tree));
            files.unwrap_or_default().flat()
        };
        let mut change = Self {
            commits: history.iter().filter(|id| !known.contains(id)).count(),
            related: common.is_some(),
            ..Self::default()
        };
        let (before, after) = (files(common.copied()), files(Some(head)));
        let paths: HashSet<&String> = before.keys().chain(after.keys()).collect();
        for path in paths {
            let (old, new) = (before.get(path), after.get(path));
            if old == new {
                continue;
            }
            change.changed_files += 1;
            let (old, new) = (lines(repository, old), lines(repository, new));
            change.additions += without(&new, &old);
            change.deletions += without(&old, &new);
        }
        change
    }
}

/// Counts the occurrences of each line in a blob.
fn lines(repository: &Repository, file: Option<&(Mode, ObjectId)>) -> BTreeMap<Vec<u8>, usize> {
    let mut lines = BTreeMap::new();
    let data = file.and_then(|(_, id)| repository.store.blob(*id));
    let data = data.map(|data| &data[..]).unwrap_or_default();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line.to_vec()).or_default() += 1;
    }
    lines
}

/// Counts the lines that occur more often in `these` than in `those`.
fn without(these: &BTreeMap<Vec<u8>, usize>, those: &BTreeMap<Vec<u8>, usize>) -> usize {
    let more = |(line, count): (&Vec<u8>, &usize)| {
        count.saturating_sub(those.get(line).copied().unwrap_or_default())
    };
    these.iter().map(more).sum()
}
