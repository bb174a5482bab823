//! Licences of all linked crates, with their texts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use crate::inventory::{Crate, Id, Inventory};

/// Prefixes of the names of files that hold a licence or a required notice.
const NAMES: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "copyright",
    "notice",
    "unlicense",
];

/// Maximum size of a licence file.
const MAX_BYTES: u64 = 256 * 1024;

const HEAD: &str = "\
Third-party software in the functions of EventRelay
===================================================

Below are the crates that are linked into the functions, each with the licence that its authors
declare, then the texts of these licences, each once, with the crates that come with it.

";

/// Returns the document: a list of all third-party crates, then each text once.
///
/// # Errors
/// If a crate has neither a licence text nor a known licence.
pub(crate) fn document(inventory: &Inventory, library: &Library) -> anyhow::Result<String> {
    let foreign = inventory
        .iter()
        .filter(|(_, found)| found.linked && !found.own);
    let mut list = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for (id, found) in foreign {
        let name = format!("{} {}", id.0, id.1);
        let licence = found.licence.as_deref().unwrap_or("see its text");
        // Writing to a string cannot fail.
        let _ = writeln!(list, "{name}: {licence}");
        let found = texts_of(id, found)?;
        if found.is_empty() {
            without.push(name.clone());
        }
        for text in found {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    ensure!(
        without.is_empty(),
        "crates without a licence text and without a licence of SPDX: {}",
        without.join(", ")
    );
    let name = format!("The Rust standard library {}", library.version);
    let _ = writeln!(list, "{name}: MIT OR Apache-2.0");
    for text in &library.texts {
        texts.entry(text.clone()).or_default().insert(name.clone());
    }

    let mut document = HEAD.to_owned() + &list;
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_by(|(_, left), (_, right)| left.first().cmp(&right.first()));
    let rule = "-".repeat(98);
    for (text, crates) in texts {
        let crates: Vec<_> = crates.into_iter().collect();
        let _ = write!(
            document,
            "\n{rule}\n{}\n{rule}\n\n{text}\n",
            crates.join("\n")
        );
    }
    Ok(document)
}

/// Returns the texts of a crate, or those of SPDX if it has none.
fn texts_of(id: &Id, found: &Crate) -> anyhow::Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    gather(&found.folder, &mut files)?;
    files.extend(found.licence_file.clone());
    let mut texts = BTreeSet::new();
    for file in files {
        let file = found.folder.join(file);
        if file.metadata().is_ok_and(|meta| meta.len() <= MAX_BYTES) {
            let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            texts.insert(tidy(&String::from_utf8_lossy(&bytes)));
        }
    }
    texts.remove("");
    if texts.is_empty()
        && let Some(licence) = &found.licence
    {
        texts = standard_texts(licence, id, &found.authors)?;
    }
    Ok(texts)
}

/// Collects licence files of a folder and of its folders for licences. Other folders hold licences
/// of test data and tools.
fn gather(folder: &Path, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if !NAMES.iter().any(|beginning| name.starts_with(beginning)) {
            continue;
        }
        // Source files may have such names as well.
        if entry.file_type()?.is_dir() {
            gather_all(&entry.path(), files)?;
        } else if !name.ends_with(".rs") {
            files.insert(entry.path());
        }
    }
    Ok(())
}

fn gather_all(folder: &Path, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.path());
        }
    }
    Ok(())
}

fn standard_texts(
    licence: &str,
    (name, _): &Id,
    authors: &[String],
) -> anyhow::Result<BTreeSet<String>> {
    let expression = spdx::Expression::parse(licence)?;
    let by = if authors.is_empty() {
        format!("the authors of {name}")
    } else {
        authors.join(", ")
    };
    Ok(expression
        .requirements()
        .filter_map(|one| one.req.license.id())
        .map(|id| {
            let text = tidy(id.text());
            format!(
                "It comes without a text; this is {} of the SPDX. By {by}.\n\n{text}",
                id.name
            )
        })
        .collect())
}

/// Normalises line endings and trailing blanks, which differ between editors.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The standard library, which is linked into all binaries but is not in the lock file.
pub(crate) struct Library {
    pub(crate) version: String,
    texts: Vec<String>,
}

impl Library {
    /// # Errors
    /// If the licences cannot be read.
    pub(crate) fn new(version: &str) -> anyhow::Result<Self> {
        let id = ("std".to_owned(), version.to_owned());
        let authors = ["the developers of the Rust project".to_owned()];
        let texts = standard_texts("MIT OR Apache-2.0", &id, &authors)?;
        Ok(Self {
            version: version.to_owned(),
            texts: texts.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compile::Architecture, functions, inventory};

    fn of_all_functions() -> Inventory {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packages = functions(&root).unwrap().into_values().collect();
        inventory::read(&root, Architecture::X86_64.target(), &packages).unwrap()
    }

    #[test]
    fn every_linked_crate_has_a_licence_text() {
        let mut inventory = of_all_functions();
        let library = Library::new("1.95.0").unwrap();
        let text = document(&inventory, &library).unwrap();
        assert_eq!(document(&inventory, &library).unwrap(), text);
        for ((name, version), found) in &inventory {
            let line = format!("\n{name} {version}: ");
            assert_eq!(text.contains(&line), found.linked && !found.own, "{name}");
        }
        assert!(
            !text.contains("see its text"),
            "a crate names no licence of the SPDX"
        );

        // A crate with neither is reported.
        let folder = tempfile::tempdir().unwrap();
        let id = ("bytes".to_owned(), version_of(&inventory, "bytes"));
        let found = inventory.get_mut(&id).unwrap();
        found.folder = folder.path().to_owned();
        found.licence = None;
        let refused = document(&inventory, &library).unwrap_err().to_string();
        assert!(refused.ends_with(&format!(": bytes {}", id.1)), "{refused}");
    }

    fn version_of(inventory: &Inventory, name: &str) -> String {
        let found = inventory.keys().find(|(found, _)| found == name);
        found.unwrap().1.clone()
    }

    #[test]
    fn shared_licence_text_appears_once() {
        let text = document(&of_all_functions(), &Library::new("1").unwrap()).unwrap();
        let apache = text
            .matches("TERMS AND CONDITIONS FOR USE, REPRODUCTION")
            .count();
        assert!((1..40).contains(&apache), "{apache} times");
        assert_eq!(tidy("\r\na \r\n b\n\n"), "a\n b");
    }

    #[test]
    fn crate_without_a_text_gets_that_of_spdx() {
        let id = ("a".to_owned(), "1".to_owned());
        let texts = standard_texts("MIT OR Zlib", &id, &["Ann".into()]).unwrap();
        assert_eq!(texts.len(), 2);
        assert!(texts.iter().all(|text| text.contains("By Ann.")));
    }
}
