//! The files of a project as a tree of git, as GitHub's Git Data API takes it
//! (<https://docs.github.com/en/rest/git/trees#create-a-tree>): text stands in the entry itself, so
//! that a project of any number of text files is one call.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ProjectFile;
use super::ObjectId;

/// What kind of file an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A plain file.
    File,
    /// One that may be run.
    Executable,
}

impl Mode {
    /// As git writes it, in octal digits.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
        }
    }

    const fn new(file: &ProjectFile) -> Self {
        if file.executable {
            Self::Executable
        } else {
            Self::File
        }
    }
}

/// What an entry says of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Its text.
    Text(&'a str),
    /// The blob that has been made of its bytes.
    Object(ObjectId),
    /// It is there no more.
    Gone,
}

/// A file in a tree that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Relative to the root, with `/`.
    pub path: &'a str,
    /// What kind of file.
    pub mode: Mode,
    /// What is in it.
    pub content: Content<'a>,
}

/// Bytes that must be a blob before there is a tree with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob<'a> {
    /// What they will be called.
    pub id: ObjectId,
    /// The bytes.
    pub content: &'a [u8],
}

/// A file that stands in a repository already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its mode, in octal digits.
    pub mode: String,
    /// What is in it.
    pub id: ObjectId,
}

/// The text of a file that may stand in an entry. An empty one may not: the API takes it for an
/// entry without a content. Nor may one with a NUL, which git takes for binary.
fn text(file: &ProjectFile) -> Option<&str> {
    let text = std::str::from_utf8(&file.content).ok()?;
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// What must be a blob before [`entries`] can be sent, each content once.
#[must_use]
pub fn blobs(files: &[ProjectFile]) -> Vec<Blob<'_>> {
    let binary = files.iter().filter(|file| text(file).is_none());
    let contents: BTreeMap<ObjectId, &[u8]> = binary
        .map(|file| (ObjectId::of_blob(&file.content), file.content.as_slice()))
        .collect();
    let blob = |(id, content)| Blob { id, content };
    contents.into_iter().map(blob).collect()
}

/// All files as entries of a tree that has no other ones.
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
        mode: Mode::new(file),
        content,
    }
}

/// What must be said of a tree for it to hold these files: those that it does not hold as they are,
/// and those that were deployed `before` and are no more. What somebody else has put there stays.
/// What is not there is not deleted, which the API would refuse. Nothing, if the tree holds them.
#[must_use]
pub fn changes<'a>(
    files: &'a [ProjectFile],
    before: &'a [String],
    present: &BTreeMap<String, Present>,
) -> Vec<Entry<'a>> {
    let is_there = |file: &ProjectFile| {
        present.get(&file.path).is_some_and(|there| {
            there.mode == Mode::new(file).as_str() && there.id == ObjectId::of_blob(&file.content)
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
        mode: Mode::File,
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
                mode: Mode::new(file).as_str().to_owned(),
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
        let modes: Vec<_> = entries.iter().map(|entry| entry.mode.as_str()).collect();
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
    fn what_is_there_already_is_not_sent_again() {
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
    fn only_what_we_deployed_and_is_still_there_is_deleted() {
        let all = files();
        let there = present(&all);
        // The last is of somebody else, and one of ours has been deleted by them.
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
