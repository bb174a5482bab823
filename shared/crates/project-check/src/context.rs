//! What a file stands among.

use std::collections::{BTreeMap, BTreeSet};

use super::{imports, manifests};
use eventrelay_project::{Framework, ProjectFile};

/// The project around a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectContext {
    /// What the project is built with.
    pub framework: Framework,
    /// All of its files, planned ones and those of templates.
    pub paths: BTreeSet<String>,
    /// All packages that it declares, by their names in the registry, and what its own code is
    /// imported by (the name of a Rust library).
    pub packages: BTreeSet<String>,
    /// Phrases of the prompt that no file has a reason to repeat.
    pub phrases: Vec<String>,
    /// What begins an import of a file from the root or a folder of the project, and that folder.
    pub(super) aliases: Vec<(String, String)>,
    /// Names that the roots of the crate define themselves; none where they are not known.
    pub(super) roots: Option<BTreeSet<String>>,
    /// The `__init__.py` that are known to define nothing.
    pub(super) bare_packages: BTreeSet<String>,
    /// What can be imported from files whose content is known.
    pub(super) defined: BTreeMap<String, imports::Defined>,
    /// Whether a page maps the names of imports; none where it is not known.
    pub(super) has_import_map: Option<bool>,
}

impl ProjectContext {
    /// Of a file that was just written, while others are not yet: with the aliases of the
    /// templates, and no phrases.
    #[must_use]
    pub fn new(framework: Framework, paths: BTreeSet<String>, packages: BTreeSet<String>) -> Self {
        let aliases = match framework {
            Framework::NextJs | Framework::Expo => vec![("@/".to_owned(), String::new())],
            _ => Vec::new(),
        };
        Self {
            framework,
            paths,
            packages,
            phrases: Vec::new(),
            aliases,
            roots: None,
            bare_packages: BTreeSet::new(),
            defined: BTreeMap::new(),
            has_import_map: None,
        }
    }

    /// With what is in a file that is written already: what others import from it is then looked
    /// for in it.
    pub fn learn(&mut self, file: &ProjectFile) {
        if let Some(defined) = imports::Defined::new(file) {
            self.defined.insert(file.path.clone(), defined);
        }
        if imports::is_bare(file) {
            self.bare_packages.insert(file.path.clone());
        }
    }

    /// Of each file of a project whose files are all there.
    #[must_use]
    pub fn from_files(files: &[ProjectFile], framework: Framework) -> Self {
        let paths = files.iter().map(|file| file.path.clone()).collect();
        let packages = manifests::declared(files)
            .into_iter()
            .map(|one| one.name)
            .collect();
        let mut around = Self::new(framework, paths, packages);
        if let Some(aliases) = manifests::aliases(files) {
            around.aliases = aliases;
        }
        around.roots = Some(imports::roots(files));
        files.iter().for_each(|file| around.learn(file));
        let mapped = |file: &ProjectFile| {
            let page = file.path.ends_with(".html");
            page && String::from_utf8_lossy(&file.content).contains("importmap")
        };
        around.has_import_map = Some(files.iter().any(mapped));
        around
    }
}
