//! Implementation of the commands.

use std::{io::Write, path::Path};

use anyhow::{Result, bail};

use crate::{
    companion::{ACTION_ITEMS, CHAPTERS, SUMMARY, TITLE},
    progress,
    time::{chapter_at, clock},
};

/// Formats title and summary.
pub fn about(out: &mut impl Write) -> Result<()> {
    writeln!(out, "{TITLE}\n\n{SUMMARY}")?;
    Ok(())
}

/// Formats the chapters whose title contains all words.
pub fn chapters(out: &mut impl Write, words: &[String]) -> Result<()> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    for chapter in CHAPTERS {
        let title = chapter.title.to_lowercase();
        if words.iter().all(|word| title.contains(word)) {
            let (from, to) = (clock(chapter.start_s), clock(chapter.end_s));
            writeln!(out, "{from:>8} {to:>8}  {}", chapter.title)?;
        }
    }
    Ok(())
}

/// Formats the chapter at a time.
pub fn at(out: &mut impl Write, second: f64) -> Result<()> {
    let Some(chapter) = chapter_at(CHAPTERS, second) else {
        bail!("there is no chapter at {}", clock(second));
    };
    writeln!(out, "{}", chapter.title)?;
    Ok(())
}

/// Formats the action items, with a mark on those that are done.
pub fn actions(out: &mut impl Write, path: &Path) -> Result<()> {
    let progress = progress::read(path)?;
    for item in ACTION_ITEMS {
        let mark = if progress.done.contains(&item.number) {
            'x'
        } else {
            ' '
        };
        let at = clock(item.at_s);
        writeln!(out, "[{mark}] {:>3} {at:>8}  {}", item.number, item.title)?;
    }
    Ok(())
}

/// Marks an action item as done.
pub fn done(out: &mut impl Write, path: &Path, number: u32) -> Result<()> {
    if ACTION_ITEMS.iter().all(|item| item.number != number) {
        bail!("there is no action item {number}");
    }
    let mut progress = progress::read(path)?;
    progress.done.insert(number);
    progress::write(path, &progress)?;
    writeln!(
        out,
        "{} of {} done",
        progress.done.len(),
        ACTION_ITEMS.len()
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(run: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
        let mut out = Vec::new();
        run(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_chapter_is_printed() {
        assert!(printed(about).starts_with(TITLE));
        let all = printed(|out| chapters(out, &[]));
        assert_eq!(all.lines().count(), CHAPTERS.len());
        let none = printed(|out| chapters(out, &["zzzz".to_owned(), "qqqq".to_owned()]));
        assert_eq!(none, "");
    }

    #[test]
    fn no_chapter_lies_beyond_the_end() {
        assert!(at(&mut Vec::new(), 1e9).is_err());
    }

    #[test]
    fn what_is_done_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress.json");
        for item in ACTION_ITEMS {
            printed(|out| done(out, &path, item.number));
        }
        let marked = printed(|out| actions(out, &path));
        assert_eq!(marked.lines().count(), ACTION_ITEMS.len());
        assert!(marked.lines().all(|line| line.starts_with("[x]")));
        assert!(done(&mut Vec::new(), &path, 0).is_err());
    }
}
