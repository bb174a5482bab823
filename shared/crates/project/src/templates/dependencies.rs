//! Dependencies in a manifest: the framework's packages, those of the plan, and the project's own
//! name.

use std::collections::BTreeMap;

use super::super::plan::{Plan, slug};
use super::packages::packages;
use super::registry::Registry;

/// Dependency in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    /// Version range; on PyPI empty for any version.
    pub(super) version: String,
    pub(super) features: &'static [&'static str],
}

/// Dependencies of a manifest, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependencies {
    pub(super) used: Vec<Line>,
    /// Packages used only for development and tests.
    pub(super) dev: Vec<Line>,
}

impl Dependencies {
    /// Collects the dependencies of a plan, each package once.
    ///
    /// The framework's packages take precedence over the plan's, and runtime packages over
    /// development packages. Names that the registry does not allow are dropped.
    pub(super) fn new(plan: &Plan) -> Self {
        let Some(registry) = Registry::new(plan.framework) else {
            return Self::default();
        };
        let mut lines = BTreeMap::new();
        for one in packages(plan.framework) {
            let line = Line {
                name: one.name.to_owned(),
                version: one.version.to_owned(),
                features: one.features,
            };
            lines.insert(registry.key(one.name), (line, one.dev));
        }
        let mut asked: Vec<_> = plan.dependencies.iter().collect();
        asked.sort_by_key(|one| one.dev);
        for one in asked.into_iter().filter(|one| registry.is_name(&one.name)) {
            let line = Line {
                name: one.name.clone(),
                version: registry.range(one.version.as_deref()).to_owned(),
                features: &[],
            };
            lines
                .entry(registry.key(&one.name))
                .or_insert((line, one.dev));
        }
        let (dev, used): (Vec<_>, Vec<_>) = lines.into_values().partition(|(_, dev)| *dev);
        let lines = |list: Vec<(Line, bool)>| list.into_iter().map(|(line, _)| line).collect();
        Self {
            used: lines(used),
            dev: lines(dev),
        }
    }

    /// Returns true if a package of that name is in either list.
    fn names(&self, name: &str) -> bool {
        let mut all = self.used.iter().chain(&self.dev);
        all.any(|line| line.name == name)
    }
}

/// Names that cargo refuses for a program: keywords, built-in crates, and directories of `target`.
const RESERVED: &str = "\
    abstract alloc as async await become box break build const continue core crate deps do \
    dyn else enum examples extern false final fn for gen if impl in incremental let loop \
    macro match mod move mut override priv proc-macro proc_macro pub ref return self static \
    std struct super test trait true try type typeof union unsafe unsized use virtual where \
    while yield nul con \
";

/// Chooses the project's name in its manifest. The plan's name gets a suffix if a dependency or the
/// language uses it, because pip would resolve the project itself.
pub(super) fn own_name(plan: &Plan, dependencies: &Dependencies) -> String {
    let name = slug(&plan.name);
    let reserved = Registry::new(plan.framework) == Some(Registry::CratesIo)
        && RESERVED.split_whitespace().any(|word| word == name);
    if reserved || dependencies.names(&name) {
        format!("{name}-app")
    } else {
        name
    }
}
