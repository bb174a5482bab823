//! Trees: git's form of a directory, and a hierarchy of directories that can be changed.

use std::collections::BTreeMap;

use strum::{EnumString, IntoStaticStr};

use super::{Kind, ObjectId};

/// Mode of an entry, as the API writes it. Git writes no other modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(const_into_str)]
pub(in crate::github) enum Mode {
    #[strum(serialize = "100644")]
    File,
    #[strum(serialize = "100755")]
    Executable,
    #[strum(serialize = "120000")]
    Symlink,
    #[strum(serialize = "160000")]
    Submodule,
    #[strum(serialize = "040000")]
    Directory,
}

impl Mode {
    /// Returns the type of the object that the entry names.
    pub(in crate::github) const fn kind(self) -> Kind {
        match self {
            Self::File | Self::Executable | Self::Symlink => Kind::Blob,
            Self::Submodule => Kind::Commit,
            Self::Directory => Kind::Tree,
        }
    }
}

/// Entry of a tree. The path is a name in a single tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::github) struct Entry {
    pub(in crate::github) path: String,
    pub(in crate::github) mode: Mode,
    pub(in crate::github) id: ObjectId,
}

/// Encodes a tree. Git sorts a directory as if its name ended in a slash.
pub(super) fn encode(mut entries: Vec<Entry>) -> Vec<u8> {
    entries.sort_by_cached_key(|entry| match entry.mode {
        Mode::Directory => format!("{}/", entry.path),
        _ => entry.path.clone(),
    });
    let mut data = Vec::new();
    for entry in entries {
        // Git writes no leading zero.
        let mode = entry.mode.into_str().trim_start_matches('0');
        data.extend_from_slice(format!("{mode} {}\0", entry.path).as_bytes());
        data.extend_from_slice(entry.id.as_bytes());
    }
    data
}

pub(super) fn decode(data: &[u8]) -> Vec<Entry> {
    let mut rest = data;
    std::iter::from_fn(|| {
        let (entry, after) = next(rest)?;
        rest = after;
        Some(entry)
    })
    .collect()
}

fn next(data: &[u8]) -> Option<(Entry, &[u8])> {
    let end = data.iter().position(|byte| *byte == 0)?;
    let (head, rest) = data.split_at(end);
    let (mode, path) = std::str::from_utf8(head).ok()?.split_once(' ')?;
    let (id, rest) = rest.get(1..)?.split_first_chunk::<20>()?;
    let entry = Entry {
        path: path.to_owned(),
        mode: format!("{mode:0>6}").parse().ok()?,
        id: ObjectId::new(*id),
    };
    Some((entry, rest))
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Mode, ObjectId),
    Directory(Files),
}

/// A hierarchy of directories in memory.
#[derive(Clone, Debug, Default)]
pub(in crate::github) struct Files(BTreeMap<String, Node>);

impl Files {
    /// Puts an entry at a path, and replaces entries in its way.
    pub(in crate::github) fn put(&mut self, path: &str, mode: Mode, id: ObjectId) {
        self.insert(path, Node::Leaf(mode, id));
    }

    /// Puts a whole directory at a path.
    pub(in crate::github) fn graft(&mut self, path: &str, files: Self) {
        self.insert(path, Node::Directory(files));
    }

    fn insert(&mut self, path: &str, node: Node) {
        match path.split_once('/') {
            None => drop(self.0.insert(path.to_owned(), node)),
            Some((directory, rest)) => self.enter(directory).insert(rest, node),
        }
    }

    fn enter(&mut self, directory: &str) -> &mut Self {
        let node = self.0.entry(directory.to_owned());
        let node = node.or_insert_with(|| Node::Directory(Self::default()));
        if let Node::Leaf(..) = node {
            *node = Node::Directory(Self::default());
        }
        match node {
            Node::Directory(files) => files,
            Node::Leaf(..) => unreachable!("it was replaced above"),
        }
    }

    /// Removes the entry at a path, and directories that become empty, because git stores none.
    /// Returns whether the entry existed.
    pub(in crate::github) fn remove(&mut self, path: &str) -> bool {
        let Some((directory, rest)) = path.split_once('/') else {
            return self.0.remove(path).is_some();
        };
        let Some(Node::Directory(files)) = self.0.get_mut(directory) else {
            return false;
        };
        let removed = files.remove(rest);
        if files.0.is_empty() {
            self.0.remove(directory);
        }
        removed
    }

    /// Returns all files by their whole paths.
    pub(in crate::github) fn flat(&self) -> BTreeMap<String, (Mode, ObjectId)> {
        let mut flat = BTreeMap::new();
        self.flatten("", &mut flat);
        flat
    }

    fn flatten(&self, before: &str, flat: &mut BTreeMap<String, (Mode, ObjectId)>) {
        for (name, node) in &self.0 {
            let path = format!("{before}{name}");
            match node {
                Node::Leaf(mode, id) => drop(flat.insert(path, (*mode, *id))),
                Node::Directory(files) => files.flatten(&format!("{path}/"), flat),
            }
        }
    }

    /// Returns the entries of the top directory. `write` stores a directory and returns its name.
    pub(super) fn entries(&self, write: &mut impl FnMut(&Self) -> ObjectId) -> Vec<Entry> {
        let entry = |(path, node): (&String, &Node)| {
            let (mode, id) = match node {
                Node::Leaf(mode, id) => (*mode, *id),
                Node::Directory(files) => (Mode::Directory, write(files)),
            };
            let path = path.clone();
            Entry { path, mode, id }
        };
        self.0.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> ObjectId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn entry(path: &str, mode: Mode) -> Entry {
        let path = path.to_owned();
        Entry {
            path,
            mode,
            id: id('a'),
        }
    }

    #[test]
    fn directory_is_sorted_as_if_it_ended_in_a_slash() {
        let entries = vec![
            entry("lib", Mode::Directory),
            entry("lib.rs", Mode::File),
            entry("lib-old", Mode::Executable),
        ];
        let decoded = decode(&encode(entries));
        let names: Vec<&str> = decoded.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, ["lib-old", "lib.rs", "lib"]);
        assert_eq!(decoded[2].mode, Mode::Directory);
    }

    #[test]
    fn mode_has_no_leading_zero_in_an_object() {
        let data = encode(vec![entry("a", Mode::Directory)]);
        assert!(data.starts_with(b"40000 a\0"));
    }

    #[test]
    fn put_replaces_entries_in_its_way() {
        let mut files = Files::default();
        files.put("a", Mode::File, id('1'));
        files.put("a/b", Mode::File, id('2'));
        assert_eq!(files.flat().into_keys().collect::<Vec<_>>(), ["a/b"]);
        files.put("a", Mode::File, id('3'));
        assert_eq!(files.flat()["a"], (Mode::File, id('3')));
    }

    #[test]
    fn directory_is_removed_with_its_last_file() {
        let mut files = Files::default();
        files.put("a/b/c", Mode::File, id('1'));
        files.put("d", Mode::File, id('2'));
        assert!(!files.remove("a/x"));
        assert!(!files.remove("d/x"));
        assert!(files.remove("a/b/c"));
        let mut none = |_: &Files| id('0');
        assert_eq!(files.entries(&mut none).len(), 1);
    }
}
