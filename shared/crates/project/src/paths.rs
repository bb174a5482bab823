//! Validation of file paths.
//!
//! A valid path stays inside the project, and is stored unchanged by every file system, git and
//! archive.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Maximum bytes of a path: the rest of Windows' 260 after a home and a folder.
pub const MAX_PATH_LENGTH: usize = 180;

/// Maximum bytes of a segment.
pub const MAX_SEGMENT_LENGTH: usize = 100;

pub const MAX_DEPTH: usize = 10;

/// Reason why a path is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPath {
    /// The path is empty, or has nothing between two `/`.
    #[error(
        "a segment is empty; write the path relative to the project's root, without a leading, doubled or trailing slash"
    )]
    Empty,
    /// A segment is `.` or `..`.
    #[error("`.` and `..` are no segments of a path; write it relative to the project's root")]
    Dots,
    /// The path exceeds [`MAX_PATH_LENGTH`], [`MAX_SEGMENT_LENGTH`] or [`MAX_DEPTH`].
    #[error("the path is too long: at most 180 bytes, 100 of each segment, and 10 segments")]
    TooLong,
    /// A backslash, a colon or another character that Windows forbids.
    #[error(
        "the path has a character that not every file system holds: use letters, digits, `-`, `_` and `.`"
    )]
    Character,
    /// An invisible character, or one that changes the display of others.
    #[error("the path has a control character or one without width")]
    Hidden,
    /// The name has a second Unicode form.
    #[error("the path is not in Unicode's normalisation form C")]
    NotComposed,
    /// A space or dot in a position where Windows drops it.
    #[error("a segment begins with a space, or ends with a space or a dot")]
    Ending,
    /// The name of a Windows device.
    #[error(
        "a segment is the name of a device of Windows (CON, PRN, AUX, NUL, COM1, LPT1 and so on)"
    )]
    Device,
    /// Git's own folder, or a name that some file system treats as such.
    #[error("a segment is, or is taken for, Git's own folder")]
    Git,
}

/// Checks that a path is confined and valid on every system.
///
/// # Errors
/// [`NotAPath`] with the reason.
pub fn check(path: &str) -> Result<(), NotAPath> {
    if path.len() > MAX_PATH_LENGTH || path.split('/').count() > MAX_DEPTH {
        return Err(NotAPath::TooLong);
    }
    if path.chars().any(is_hidden) {
        // On Apple file systems, git compares names without zero-width characters.
        let seen: String = path.chars().filter(|c| !is_hidden(*c)).collect();
        let git = seen.split('/').any(is_git);
        return Err(if git { NotAPath::Git } else { NotAPath::Hidden });
    }
    if !is_nfc(path) {
        return Err(NotAPath::NotComposed);
    }
    path.split('/').try_for_each(segment)
}

fn segment(segment: &str) -> Result<(), NotAPath> {
    // <https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions>
    const NOWHERE: [char; 8] = ['\\', ':', '*', '?', '"', '<', '>', '|'];
    match segment {
        "" => Err(NotAPath::Empty),
        "." | ".." => Err(NotAPath::Dots),
        long if long.len() > MAX_SEGMENT_LENGTH => Err(NotAPath::TooLong),
        git if is_git(git) => Err(NotAPath::Git),
        odd if odd.contains(NOWHERE) => Err(NotAPath::Character),
        odd if odd.starts_with(char::is_whitespace) => Err(NotAPath::Ending),
        odd if odd.ends_with('.') || odd.ends_with(char::is_whitespace) => Err(NotAPath::Ending),
        device if is_device(device) => Err(NotAPath::Device),
        _ => Ok(()),
    }
}

/// Returns true for control, direction and zero-width characters. Unicode permits ignoring them in
/// comparisons, and HFS+ does (<https://github.com/git/git/blob/master/utf8.c>, `next_hfs_char`).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns true for `.git` in any case, its NTFS short name, and either with a suffix that NTFS
/// drops (<https://github.com/git/git/blob/master/path.c>, `is_ntfs_dotgit`).
fn is_git(segment: &str) -> bool {
    let name = segment.split(':').next().unwrap_or_default();
    let name = name.trim_end_matches(['.', ' ']).to_lowercase();
    name == ".git" || name == "git~1"
}

/// Returns true for a Windows device name, also before a dot and with superscript digits
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions>).
fn is_device(segment: &str) -> bool {
    let name = segment.split('.').next().unwrap_or_default();
    let name = name.trim_end_matches(' ').to_ascii_uppercase();
    if matches!(
        name.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$"
    ) {
        return true;
    }
    let number = ["COM", "LPT"]
        .iter()
        .find_map(|port| name.strip_prefix(port));
    let mut digits = number.unwrap_or_default().chars();
    let numbered = matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³'));
    numbered && digits.next().is_none()
}

/// Folds the case of a path. Two paths of a project must differ in this form.
#[must_use]
pub fn folded(path: &str) -> String {
    // Upper case first, because it expands characters with several lower-case forms.
    let folded = path.to_uppercase().to_lowercase();
    folded.nfkc().collect()
}

/// Finds for each path an earlier path that it collides with. Paths collide if they differ only in
/// case, or if one is a file where the other has a folder.
#[must_use]
pub fn collisions<'a>(paths: &[&'a str]) -> Vec<Option<&'a str>> {
    let mut files: BTreeMap<String, &'a str> = BTreeMap::new();
    let mut folders: BTreeMap<String, &'a str> = BTreeMap::new();
    let one = |path: &&'a str| {
        let name = folded(path);
        let parents = || name.match_indices('/').map(|(at, _)| &name[..at]);
        let over = parents().find_map(|parent| files.get(parent).copied());
        // Some systems merge folders that differ only in case, others keep both.
        let spelt = parents().find_map(|parent| {
            let depth = parent.split('/').count();
            let other = folders.get(parent)?;
            let same = other.split('/').take(depth).eq(path.split('/').take(depth));
            (!same).then_some(*other)
        });
        let found = files.get(&name).or_else(|| folders.get(&name)).copied();
        for parent in parents() {
            folders.entry(parent.to_owned()).or_insert(path);
        }
        files.entry(name.clone()).or_insert(path);
        found.or(over).or(spelt)
    };
    paths.iter().map(one).collect()
}
