//! What a manifest lists: the framework's own packages and those of the plan, and what it calls
//! itself.

use std::collections::BTreeMap;

use super::super::plan::{Plan, slug};
use super::packages::packages;
use super::registry::Registry;

/// A line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The package.
    pub(super) name: String,
    /// A range; on PyPI nothing for any version.
    pub(super) version: String,
    /// Features that are switched on.
    pub(super) features: &'static [&'static str],
}

/// Both lists of a manifest, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependencies {
    /// What runs.
    pub(super) used: Vec<Line>,
    /// What is only for development and tests.
    pub(super) dev: Vec<Line>,
}

impl Dependencies {
    /// Those of a plan. A package stands in them once: the framework's own before the plan's, what
    /// runs before what is for development. A name that the registry does not allow is left out.
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

    /// Whether one of that name is among them.
    fn names(&self, name: &str) -> bool {
        let mut all = self.used.iter().chain(&self.dev);
        all.any(|line| line.name == name)
    }
}

/// Names that cargo refuses for a program: words of the language, crates that come with it, and
/// directories of `target`.
const RESERVED: &str = "\
    abstract alloc as async await become box break build const continue core crate deps do \
    dyn else enum examples extern false final fn for gen if impl in incremental let loop \
    macro match mod move mut override priv proc-macro proc_macro pub ref return self static \
    std struct super test trait true try type typeof union unsafe unsized use virtual where \
    while yield nul con \
";

/// What the project calls itself in its manifest: the plan's name, or that with an ending where it
/// is taken by what it uses (pip would look for itself) or by the language.
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
