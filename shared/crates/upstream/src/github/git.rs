//! The Git Data API (<https://docs.github.com/en/rest/git>).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::errors::is_refused_with;
use super::{GitHub, SERVICE};
use crate::bearer::{FREE, accept_none};
use crate::client::malformed;
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::Error;
use eventrelay_core::limit::Cost;
use eventrelay_project::deploy::{Address, Content, Entry, ObjectId, Present};

/// Author of our commits. The domain is reserved (RFC 2606, section 2).
const AUTHOR: (&str, &str) = ("EventRelay", "eventrelay@example.invalid");

/// Maximum size of a tree response. A tree lists its first level, a recursive one up to 100,000
/// entries and 7 MB (<https://docs.github.com/en/rest/git/trees#get-a-tree>).
const TREE_LIMIT: usize = 8 * 1024 * 1024;

/// Commit to create. The same values give the same commit, so creating it is idempotent.
#[derive(Clone, Copy, Debug)]
pub struct NewCommit<'a> {
    /// Tree of the commit.
    pub tree: &'a ObjectId,
    pub parents: &'a [ObjectId],
    pub message: &'a str,
    /// Time of the commit, to the second.
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Object id of the commit.
    pub id: ObjectId,
    /// Tree of the commit.
    pub tree: ObjectId,
    pub parents: Vec<ObjectId>,
}

/// Files of a tree, at every depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub files: BTreeMap<String, Present>,
    /// Indicates that the list is complete. GitHub truncates a very large tree.
    pub is_whole: bool,
}

/// Result of moving a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Done,
    /// A concurrent push has moved the branch to a commit that is no ancestor of the new one.
    NotAFastForward,
}

/// Result of creating a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceCreated {
    Done,
    /// A branch of this name exists, perhaps created by a call whose response was lost.
    Exists,
}

#[derive(Serialize)]
struct WireBlob<'a> {
    content: String,
    encoding: &'a str,
}

#[derive(Serialize)]
struct WireTree<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_tree: Option<&'a ObjectId>,
    tree: Vec<WireEntry<'a>>,
}

struct WireEntry<'a>(&'a Entry<'a>);

impl Serialize for WireEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("path", self.0.path)?;
        map.serialize_entry("mode", self.0.mode.into_str())?;
        map.serialize_entry("type", "blob")?;
        match &self.0.content {
            Content::Text(text) => map.serialize_entry("content", text)?,
            Content::Object(id) => map.serialize_entry("sha", id)?,
            // GitHub refuses an entry without `sha`. A null `sha` deletes the file.
            Content::Gone => map.serialize_entry("sha", &None::<ObjectId>)?,
        }
        map.end()
    }
}

#[derive(Serialize)]
struct WireNewCommit<'a> {
    message: &'a str,
    tree: &'a ObjectId,
    parents: &'a [ObjectId],
    author: WirePerson<'a>,
    committer: WirePerson<'a>,
}

#[derive(Clone, Serialize)]
struct WirePerson<'a> {
    name: &'a str,
    email: &'a str,
    date: String,
}

#[derive(Serialize)]
struct WireNewReference<'a> {
    #[serde(rename = "ref")]
    reference: String,
    sha: &'a ObjectId,
}

#[derive(Serialize)]
struct WireMove<'a> {
    sha: &'a ObjectId,
    force: bool,
}

#[derive(Deserialize)]
struct WireObject {
    sha: ObjectId,
}

#[derive(Deserialize)]
struct WireBranch {
    commit: WireHead,
}

#[derive(Deserialize)]
struct WireHead {
    sha: ObjectId,
    commit: WireHeadCommit,
    parents: Vec<WireObject>,
}

#[derive(Deserialize)]
struct WireHeadCommit {
    tree: WireObject,
}

#[derive(Deserialize)]
struct WireListing {
    tree: Vec<WireListed>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct WireListed {
    path: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    sha: ObjectId,
}

impl GitHub {
    /// Returns the head commit of a branch, or `None` if the branch does not exist or is not
    /// visible yet (<https://docs.github.com/en/rest/branches/branches#get-a-branch>).
    ///
    /// # Errors
    /// As every call.
    pub async fn branch(&self, at: &Address, branch: &str) -> Result<Option<Commit>, Error> {
        let url = self.url_of(at, &format!("branches/{branch}"))?;
        let found: Option<WireBranch> = self.git().find(url).await?;
        Ok(found.map(|WireBranch { commit: head }| Commit {
            id: head.sha,
            tree: head.commit.tree.sha,
            parents: head.parents.into_iter().map(|one| one.sha).collect(),
        }))
    }

    /// Creates a blob of these bytes.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] while the repository is empty.
    pub async fn create_blob(&self, at: &Address, content: &[u8]) -> Result<ObjectId, Error> {
        let body = WireBlob {
            content: STANDARD.encode(content),
            encoding: "base64",
        };
        let id = self.create_object(at, "git/blobs", &body).await?;
        if id == ObjectId::of_blob(content) {
            Ok(id)
        } else {
            Err(malformed(SERVICE, "a blob of other bytes"))
        }
    }

    /// Creates a tree of these entries, on top of `base` if given.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] while the repository is empty or does not know a blob.
    pub async fn create_tree(
        &self,
        at: &Address,
        base: Option<&ObjectId>,
        entries: &[Entry<'_>],
    ) -> Result<ObjectId, Error> {
        let body = WireTree {
            base_tree: base,
            tree: entries.iter().map(WireEntry).collect(),
        };
        self.create_object(at, "git/trees", &body).await
    }

    /// Returns the files of a tree.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] if the tree is not known.
    pub async fn tree(&self, at: &Address, id: &ObjectId) -> Result<Tree, Error> {
        let mut url = self.url_of(at, &format!("git/trees/{id}"))?;
        url.query_pairs_mut().append_pair("recursive", "1");
        let request = self.0.request(Method::GET, url).limit(TREE_LIMIT);
        let answer = self.git().call(FREE, request, accept_none).await?;
        let listing: WireListing = answer.json(SERVICE)?;
        let files = listing.tree.into_iter().filter(|one| one.kind == "blob");
        let present = |one: WireListed| {
            let present = Present {
                mode: one.mode,
                id: one.sha,
            };
            (one.path, present)
        };
        Ok(Tree {
            files: files.map(present).collect(),
            is_whole: !listing.truncated,
        })
    }

    /// Creates a commit.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] while the repository is empty or does not know the tree
    /// or a parent.
    pub async fn commit(&self, at: &Address, new: NewCommit<'_>) -> Result<ObjectId, Error> {
        let (name, email) = AUTHOR;
        // Truncated to seconds, as git stores times.
        let date = Timestamp(new.at.0 / 1000 * 1000).rfc3339();
        let author = WirePerson { name, email, date };
        let body = WireNewCommit {
            message: new.message,
            tree: new.tree,
            parents: new.parents,
            committer: author.clone(),
            author,
        };
        self.create_object(at, "git/commits", &body).await
    }

    /// Creates a branch at a commit.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] while the repository is empty or does not know the commit.
    pub async fn create_reference(
        &self,
        at: &Address,
        branch: &str,
        to: &ObjectId,
    ) -> Result<ReferenceCreated, Error> {
        let body = WireNewReference {
            reference: format!("refs/heads/{branch}"),
            sha: to,
        };
        let url = self.url_of(at, "git/refs")?;
        let request = self.0.json_request(Method::POST, url, &body)?;
        let exists = |answer: &_| is_refused_with(answer, "reference already exists");
        let answer = self.git().call(Cost::CALL, request, exists).await?;
        Ok(if answer.status.is_success() {
            ReferenceCreated::Done
        } else {
            ReferenceCreated::Exists
        })
    }

    /// Fast-forwards a branch to a commit. Idempotent.
    ///
    /// # Errors
    /// As every call; [`Error::NotReady`] while the repository is empty or does not know the branch
    /// or the commit.
    pub async fn move_reference(
        &self,
        at: &Address,
        branch: &str,
        to: &ObjectId,
    ) -> Result<Moved, Error> {
        let url = self.url_of(at, &format!("git/refs/heads/{branch}"))?;
        let body = WireMove {
            sha: to,
            force: false,
        };
        let request = self.0.json_request(Method::PATCH, url, &body)?;
        let is_behind = |answer: &_| is_refused_with(answer, "not a fast forward");
        let request = request.idempotent();
        let answer = self.git().call(Cost::CALL, request, is_behind).await?;
        Ok(if answer.status.is_success() {
            Moved::Done
        } else {
            Moved::NotAFastForward
        })
    }

    /// Creates an object. Its id is a hash of its content, so this is idempotent.
    async fn create_object(
        &self,
        at: &Address,
        path: &str,
        body: &impl Serialize,
    ) -> Result<ObjectId, Error> {
        let url = self.url_of(at, path)?;
        let request = self.0.json_request(Method::POST, url, body)?;
        let request = request.limit(TREE_LIMIT).idempotent();
        let answer = self.git().call(Cost::CALL, request, accept_none).await?;
        Ok(answer.json::<WireObject>(SERVICE)?.sha)
    }
}

#[cfg(test)]
mod tests;
