//! Files of a project as a git tree for GitHub's Git Data API
//! (<https://docs.github.com/en/rest/git/trees#create-a-tree>).
//!
//! Text is inlined in the entries, so that a project of any number of text files is one call.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{ProjectFile, package::FileMode};
use super::ObjectId;

/// Content of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    Text(&'a str),
    /// Id of a blob that was created from the bytes.
    Object(ObjectId),
    /// Deletion of the file.
    Gone,
}

/// File in a tree to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Path relative to the root, with `/`.
    pub path: &'a str,
    pub mode: FileMode,
    pub content: Content<'a>,
}

/// Bytes that must be uploaded as a blob before the tree that contains them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob<'a> {
    /// Id that git will give the blob.
    pub id: ObjectId,
    pub content: &'a [u8],
}

/// File that exists in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// File mode in octal digits.
    pub mode: String,
    /// Blob id of the content.
    pub id: ObjectId,
}

/// Returns the text of a file if an entry can inline it. The API treats an empty text as a missing
/// content, and git treats a text with NUL as binary.
fn text(file: &ProjectFile) -> Option<&str> {
    let text = std::str::from_utf8(&file.content).ok()?;
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// Lists the blobs to upload before [`entries`], each content once.
#[must_use]
pub fn blobs(files: &[ProjectFile]) -> Vec<Blob<'_>> {
    let binary = files.iter().filter(|file| text(file).is_none());
    let contents: BTreeMap<ObjectId, &[u8]> = binary
        .map(|file| (ObjectId::of_blob(&file.content), file.content.as_slice()))
        .collect();
    let blob = |(id, content)| Blob { id, content };
    contents.into_iter().map(blob).collect()
}

/// Returns all files as entries of a new tree.
#[must_use]
pub fn entries(files: &[ProjectFile]) -> Vec<Entry<'_>> {
    files.iter().map(entry).collect()
}

fn entry(file: &ProjectFile) -> Entry<'_> {
    let content = match text(file) {
        Some(text) => Content::Text(text),
        None => Content::Object(ObjectId::of_blob(&file.content)),
    };
    Entry {
        path: &file.path,
        mode: FileMode::new(file),
        content,
    }
}

/// Lists the changes that make an existing tree contain these files.
///
/// Includes changed files, and deletes files that were deployed `before` and no longer exist. Files
/// of other authors stay. Files that are already missing are not deleted, because the API would
/// refuse that. Empty if nothing changes.
#[must_use]
pub fn changes<'a>(
    files: &'a [ProjectFile],
    before: &'a [String],
    present: &BTreeMap<String, Present>,
) -> Vec<Entry<'a>> {
    let is_there = |file: &ProjectFile| {
        present.get(&file.path).is_some_and(|there| {
            there.mode == FileMode::new(file).into_str()
                && there.id == ObjectId::of_blob(&file.content)
        })
    };
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let gone: BTreeSet<&str> = before
        .iter()
        .map(String::as_str)
        .filter(|path| !paths.contains(path) && present.contains_key(*path))
        .collect();
    let kept = files.iter().filter(|file| !is_there(file)).map(entry);
    let gone = gone.into_iter().map(|path| Entry {
        path,
        mode: FileMode::Regular,
        content: Content::Gone,
    });
    kept.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{file, files};
    use super::*;

    fn present(files: &[ProjectFile]) -> BTreeMap<String, Present> {
        let one = |file: &ProjectFile| {
            let there = Present {
                mode: FileMode::new(file).into_str().to_owned(),
                id: ObjectId::of_blob(&file.content),
            };
            (file.path.clone(), there)
        };
        files.iter().map(one).collect()
    }

    fn paths(entries: &[Entry<'_>]) -> Vec<String> {
        let name = |entry: &Entry<'_>| match entry.content {
            Content::Gone => format!("-{}", entry.path),
            _ => entry.path.to_owned(),
        };
        entries.iter().map(name).collect()
    }

    #[test]
    fn text_is_inline_and_everything_else_is_a_blob_made_once() {
        let files = files();
        let entries = entries(&files);
        assert_eq!(entries.len(), files.len());
        assert_eq!(entries[0].content, Content::Text("node_modules/\n"));
        let modes: Vec<_> = entries.iter().map(|entry| entry.mode.into_str()).collect();
        assert_eq!(modes[..2], ["100644", "100755"]);
        let picture = ObjectId::of_blob(&files[2].content);
        assert_eq!(entries[2].content, Content::Object(picture.clone()));
        assert_eq!(entries[3].content, entries[2].content);
        let nothing = ObjectId::of_blob(b"");
        assert_eq!(entries[5].content, Content::Object(nothing.clone()));
        let blobs = blobs(&files);
        let made: BTreeSet<_> = blobs.iter().map(|blob| blob.id.clone()).collect();
        assert_eq!((blobs.len(), made), (2, BTreeSet::from([picture, nothing])));
        assert!(blobs.iter().any(|blob| blob.content == files[2].content));
        assert!(super::blobs(&[file("a", "a\0b")]).len() == 1);
    }

    #[test]
    fn changes_skip_unchanged_files() {
        let mut files = files();
        let present = present(&files);
        assert_eq!(changes(&files, &[], &present), []);
        files[0].content = b"dist/\n".to_vec();
        files[1].executable = false;
        files.push(file("new.css", "p {}\n"));
        assert_eq!(
            paths(&changes(&files, &[], &present)),
            [".gitignore", "bin/run", "new.css"]
        );
    }

    #[test]
    fn changes_delete_only_existing_files_deployed_before() {
        let all = files();
        let there = present(&all);
        // The last file has another author, who has also deleted one of ours.
        let before: Vec<String> = ["index.html", "images/b.png", "deleted.md"]
            .map(str::to_owned)
            .into();
        let kept: Vec<_> = all
            .iter()
            .filter(|file| file.path == "index.html")
            .cloned()
            .collect();
        assert_eq!(paths(&changes(&kept, &before, &there)), ["-images/b.png"]);
    }
}
