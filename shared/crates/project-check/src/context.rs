//! Context of a file in its project.

use std::collections::{BTreeMap, BTreeSet};

use super::{imports, manifests};
use eventrelay_project::{Framework, ProjectFile};

/// Project that contains a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectContext {
    /// Framework of the project.
    pub framework: Framework,
    /// Paths of all files, planned and from templates.
    pub paths: BTreeSet<String>,
    /// Declared packages by their registry names, and the import name of the project's own Rust
    /// library.
    pub packages: BTreeSet<String>,
    /// Phrases of the prompt that a file should not repeat.
    pub phrases: Vec<String>,
    /// Import prefixes with the folder of the project that each stands for.
    pub(super) aliases: Vec<(String, String)>,
    /// Names that the crate roots define; `None` if they are unknown.
    pub(super) roots: Option<BTreeSet<String>>,
    /// Paths of the `__init__.py` files that define nothing.
    pub(super) bare_packages: BTreeSet<String>,
    /// Importable names of files with known content.
    pub(super) defined: BTreeMap<String, imports::Defined>,
    /// True if a page has an import map; `None` if unknown.
    pub(super) has_import_map: Option<bool>,
}

impl ProjectContext {
    /// Creates the context of a newly written file while others are missing. It has the aliases of
    /// the templates and no phrases.
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

    /// Adds the exports of a written file, so that imports from it are checked.
    pub fn learn(&mut self, file: &ProjectFile) {
        if let Some(defined) = imports::Defined::new(file) {
            self.defined.insert(file.path.clone(), defined);
        }
        if imports::is_bare(file) {
            self.bare_packages.insert(file.path.clone());
        }
    }

    /// Creates the context of a complete project.
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
