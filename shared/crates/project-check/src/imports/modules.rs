//! Python modules of a project.

use super::super::context::ProjectContext;

/// Kind of module at a path without extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Module {
    /// Module in a file of its own.
    File,
    Package(String),
    Missing,
}

/// Finds the module at a path.
pub(super) fn at(around: &ProjectContext, path: &str) -> Module {
    let file = |ending: &str| around.paths.contains(&format!("{path}{ending}"));
    if file(".py") || file(".pyi") {
        return Module::File;
    }
    let prefix = format!("{path}/");
    let inside = around
        .paths
        .range(prefix.clone()..)
        .take_while(|one| one.starts_with(&prefix));
    let mut programs = inside.filter(|one| one.ends_with(".py"));
    match programs.next() {
        Some(_) => Module::Package(path.to_owned()),
        None => Module::Missing,
    }
}

/// Finds the folder in which a name is a module of the project; `None` if there is none.
pub(super) fn home(around: &ProjectContext, folder: &str, name: &str) -> Option<String> {
    let homes = ["", "src", folder];
    let homes = homes.iter().map(|home| (*home).to_owned());
    homes.into_iter().find(|home| {
        let path = super::join(home, name).unwrap_or_default();
        at(around, &path) != Module::Missing
    })
}
