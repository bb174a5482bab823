//! Objects of a repository.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::{Commit, Entry, Files, Kind, Mode, Object, ObjectId, tree};

/// All objects ever written. GitHub also keeps unreachable objects that can be read.
#[derive(Clone, Debug, Default)]
pub(in crate::github) struct Store {
    objects: HashMap<ObjectId, Object>,
    /// Decoded copies of the commits.
    commits: HashMap<ObjectId, Commit>,
}

impl Store {
    pub(in crate::github) fn get(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(&id)
    }

    pub(in crate::github) fn is(&self, id: ObjectId, kind: Kind) -> bool {
        self.get(id).is_some_and(|object| object.kind == kind)
    }

    pub(in crate::github) fn blob(&self, id: ObjectId) -> Option<&Bytes> {
        let object = self.get(id).filter(|object| object.kind == Kind::Blob)?;
        Some(&object.data)
    }

    pub(in crate::github) fn tree(&self, id: ObjectId) -> Option<Vec<Entry>> {
        let object = self.get(id).filter(|object| object.kind == Kind::Tree)?;
        Some(tree::decode(&object.data))
    }

    pub(in crate::github) fn commit(&self, id: ObjectId) -> Option<&Commit> {
        self.commits.get(&id)
    }

    pub(in crate::github) fn write_blob(&mut self, data: impl Into<Bytes>) -> ObjectId {
        self.write(Kind::Blob, data.into())
    }

    pub(in crate::github) fn write_commit(&mut self, commit: Commit) -> ObjectId {
        let id = self.write(Kind::Commit, commit.encode().into());
        self.commits.insert(id, commit);
        id
    }

    /// Writes a hierarchy of trees, deepest first.
    pub(in crate::github) fn write_files(&mut self, files: &Files) -> ObjectId {
        let entries = files.entries(&mut |directory| self.write_files(directory));
        self.write(Kind::Tree, tree::encode(entries).into())
    }

    fn write(&mut self, kind: Kind, data: Bytes) -> ObjectId {
        let object = Object { kind, data };
        let id = object.id();
        self.objects.insert(id, object);
        id
    }

    /// Returns the whole hierarchy below a tree.
    pub(in crate::github) fn files(&self, tree: ObjectId) -> Option<Files> {
        let mut files = Files::default();
        for entry in self.tree(tree)? {
            match entry.mode {
                Mode::Directory => files.graft(&entry.path, self.files(entry.id)?),
                mode => files.put(&entry.path, mode, entry.id),
            }
        }
        Some(files)
    }

    /// Returns the entry at a path below a tree.
    pub(in crate::github) fn find(&self, tree: ObjectId, path: &str) -> Option<Entry> {
        let (name, rest) = match path.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let entries = self.tree(tree)?;
        let entry = entries.into_iter().find(|entry| entry.path == name)?;
        match rest {
            None => Some(entry),
            Some(rest) => self.find(entry.id, rest),
        }
    }

    /// Returns a commit and its ancestors, breadth first.
    pub(in crate::github) fn history(&self, from: ObjectId) -> Vec<ObjectId> {
        let mut history = Vec::new();
        let mut seen = HashSet::from([from]);
        let mut level = vec![from];
        while !level.is_empty() {
            let mut parents = Vec::new();
            for id in level {
                history.push(id);
                let commit = self.commit(id);
                let before = commit.map_or(&[][..], |commit| &commit.parents);
                parents.extend(before.iter().copied().filter(|parent| seen.insert(*parent)));
            }
            level = parents;
        }
        history
    }
}
