use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    errors::ApiError,
    git::{Commit, Files, ObjectId, Person, Store},
    pages::Pages,
    pulls::Pull,
};

/// Owner of a repository.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) login: String,
    pub(super) is_organization: bool,
}

impl Owner {
    /// Returns an id that depends on the login alone.
    pub(super) fn id(&self) -> u64 {
        let hash = |hash: u64, byte: u8| (hash * 31 + u64::from(byte)) % 100_000_000;
        self.login.to_lowercase().bytes().fold(7, hash)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) owner: Owner,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) default_branch: String,
    pub(super) topics: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) pushed: Timestamp,
    pub(super) store: Store,
    /// By full name, such as `refs/heads/main`.
    pub(super) refs: BTreeMap<String, ObjectId>,
    pub(super) pulls: Vec<Pull>,
    pub(super) pages: Option<Pages>,
    /// Time at which the first commit becomes visible, and how long it was hidden.
    visible: (Instant, Duration),
}

/// Visible part of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visible {
    Nothing,
    Objects,
    All,
}

impl Visible {
    /// Returns the visible part while `left` of the hidden time remains.
    fn with(left: Duration, time: Duration) -> Self {
        match left {
            left if left.is_zero() => Self::All,
            left if left > time / 2 => Self::Nothing,
            _ => Self::Objects,
        }
    }
}

impl Repository {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner.login, self.name)
    }

    /// Hides the first commit for a while.
    pub(super) fn hide_for(&mut self, time: Duration) {
        self.visible = (Instant::now() + time, time);
    }

    fn visible(&self) -> Visible {
        let (from, time) = self.visible;
        Visible::with(from.saturating_duration_since(Instant::now()), time)
    }

    /// Returns whether the API shows the repository as empty.
    pub(super) fn is_empty(&self) -> bool {
        self.refs.is_empty() || self.visible() == Visible::Nothing
    }

    /// # Errors
    /// If the repository is empty: git's database is not available then.
    pub(super) fn require_objects(&self) -> Result<(), ApiError> {
        if self.is_empty() {
            return Err(ApiError::empty_repository());
        }
        Ok(())
    }

    /// Returns the target of a reference, if it is visible.
    pub(super) fn reference(&self, name: &str) -> Option<ObjectId> {
        let seen = self.visible() == Visible::All;
        self.refs.get(name).copied().filter(|_| seen)
    }

    /// Returns the newest commit of a branch.
    pub(super) fn head(&self, branch: &str) -> Option<ObjectId> {
        self.reference(&format!("refs/heads/{branch}"))
    }

    /// Moves a reference, and builds Pages if they use it.
    pub(super) fn set_reference(&mut self, name: &str, id: ObjectId) {
        self.refs.insert(name.to_owned(), id);
        self.pushed = Timestamp::now();
        if let (Some(branch), Some(pages)) = (name.strip_prefix("refs/heads/"), &mut self.pages)
            && pages.branch == branch
        {
            pages.build(id);
        }
    }

    /// Removes a reference and closes its pull requests.
    pub(super) fn remove_reference(&mut self, name: &str) -> bool {
        let branch = name.strip_prefix("refs/heads/");
        for pull in &mut self.pulls {
            if branch == Some(pull.head.as_str()) && pull.closed.is_none() {
                pull.closed = Some(Timestamp::now());
            }
        }
        self.refs.remove(name).is_some()
    }

    /// Returns the files of a branch's newest commit.
    pub(super) fn files(&self, branch: &str) -> Option<Files> {
        let commit = self.refs.get(&format!("refs/heads/{branch}"))?;
        self.store.files(self.store.commit(*commit)?.tree)
    }

    /// Commits a change to a branch. The first commit of an empty repository creates its first
    /// branch.
    pub(super) fn commit_to(
        &mut self,
        branch: &str,
        (author, committer): (Person, Person),
        message: String,
        change: impl FnOnce(&mut Files),
    ) -> Result<ObjectId, ApiError> {
        let reference = format!("refs/heads/{branch}");
        let head = self.refs.get(&reference).copied();
        if head.is_none() && !(self.refs.is_empty() && branch == self.default_branch) {
            return Err(ApiError::no_branch(branch));
        }
        let mut files = self.files(branch).unwrap_or_default();
        change(&mut files);
        let tree = self.store.write_files(&files);
        let commit = self.store.write_commit(Commit {
            tree,
            parents: head.into_iter().collect(),
            author,
            committer,
            message,
        });
        self.set_reference(&reference, commit);
        Ok(commit)
    }

    /// Returns the whole state for the control surface, including hidden parts.
    pub(super) fn to_state(&self) -> Value {
        let refs: BTreeMap<&String, String> = self
            .refs
            .iter()
            .map(|(name, id)| (name, id.to_string()))
            .collect();
        let head = self
            .refs
            .get(&format!("refs/heads/{}", self.default_branch));
        let files = self.files(&self.default_branch).unwrap_or_default().flat();
        let file = |(path, (mode, id)): (String, (super::git::Mode, ObjectId))| {
            let size = self.store.blob(id).map(bytes::Bytes::len);
            let about = json!({"mode": mode.into_str(), "sha": id.to_string(), "size": size});
            (path, about)
        };
        let files: BTreeMap<String, Value> = files.into_iter().map(file).collect();
        let pulls: Vec<Value> = self.pulls.iter().map(Pull::to_state).collect();
        json!({
            "full_name": self.full_name(),
            "private": self.private,
            "description": self.description,
            "default_branch": self.default_branch,
            "topics": self.topics,
            "refs": refs,
            "commits": head.map_or(0, |head| self.store.history(*head).len()),
            "files": files,
            "pulls": pulls,
            "pages": self.pages.is_some(),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Repositories {
    made: u64,
    all: Vec<Repository>,
}

impl Repositories {
    pub(super) fn all(&self) -> impl Iterator<Item = &Repository> {
        self.all.iter()
    }

    /// Returns the position of a repository. Letter case does not matter.
    pub(super) fn position(&self, owner: &str, name: &str) -> Result<usize, ApiError> {
        let position = self.all.iter().position(|repository| {
            repository.owner.login.eq_ignore_ascii_case(owner)
                && repository.name.eq_ignore_ascii_case(name)
        });
        position.ok_or_else(ApiError::not_found)
    }

    pub(super) fn at(&self, position: usize) -> &Repository {
        &self.all[position]
    }

    pub(super) fn at_mut(&mut self, position: usize) -> &mut Repository {
        &mut self.all[position]
    }

    /// Adds a public repository without a description.
    pub(super) fn create(
        &mut self,
        owner: Owner,
        name: String,
    ) -> Result<&mut Repository, ApiError> {
        if self.position(&owner.login, &name).is_ok() {
            let message = "name already exists on this account";
            return Err(ApiError::bad_repository("name", message));
        }
        self.made += 1;
        let now = Timestamp::now();
        self.all.push(Repository {
            id: 1_000_000_000 + self.made,
            owner,
            name,
            description: None,
            homepage: None,
            private: false,
            archived: false,
            default_branch: "main".to_owned(),
            topics: Vec::new(),
            created: now,
            pushed: now,
            store: Store::default(),
            refs: BTreeMap::new(),
            pulls: Vec::new(),
            pages: None,
            visible: (Instant::now(), Duration::ZERO),
        });
        let last = self.all.len() - 1;
        Ok(&mut self.all[last])
    }

    pub(super) fn rename(&mut self, position: usize, name: &str) -> Result<(), ApiError> {
        let other = self.position(&self.all[position].owner.login, name);
        if other.is_ok_and(|other| other != position) {
            return Err(ApiError::validation_failed(json!({
                "resource": "Repository",
                "code": "custom",
                "field": "name",
                "message": "name already exists on this account",
            })));
        }
        self.all[position].name = name.to_owned();
        Ok(())
    }

    pub(super) fn delete(&mut self, owner: &str, name: &str) -> Result<(), ApiError> {
        let position = self.position(owner, name)?;
        self.all.remove(position);
        Ok(())
    }
}

/// Returns the committer of changes through the web.
pub(super) fn web_flow() -> Person {
    Person::now("GitHub", "noreply@github.com")
}

/// Returns a user as the author of commits through the API.
pub(super) fn author(owner: &Owner) -> Person {
    let (id, login) = (owner.id(), &owner.login);
    Person::now(login, &format!("{id}+{login}@users.noreply.github.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_repository_becomes_visible_in_steps() {
        let time = Duration::from_millis(100);
        let with = |left| Visible::with(Duration::from_millis(left), time);
        let seen = [100, 51, 50, 1, 0].map(with);
        use Visible::{All, Nothing, Objects};
        assert_eq!(seen, [Nothing, Nothing, Objects, Objects, All]);
    }

    #[test]
    fn owner_id_ignores_letter_case() {
        let owner = |login: &str| Owner {
            login: login.to_owned(),
            is_organization: false,
        };
        assert_eq!(owner("Mona").id(), owner("mona").id());
        assert_ne!(owner("mona").id(), owner("lisa").id());
    }
}
