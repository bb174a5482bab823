//! Python imports (<https://docs.python.org/3/reference/import.html>).
//!
//! Modules of the project are found from its root, from `src`, and from the folder of the importing
//! file.

use tree_sitter::Node;

use super::{
    super::{
        context::ProjectContext,
        finding::{Findings, Rule, excerpt},
        fragment::{Lines, ParsedFragment, named},
        manifests::{Registry, normalised},
        placeholders,
    },
    Used, folder, join, missing,
    modules::{self, Module},
    names, packages, undeclared, unknown,
};
use eventrelay_project::{Language, ProjectFile};

pub(super) fn check(
    path: &str,
    fragment: &ParsedFragment<'_>,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) {
    let mut asker = Asker {
        path,
        around,
        used,
        findings,
    };
    fragment.walk(|node, within| {
        match node.kind() {
            "import_statement" => {
                let optional = is_optional(fragment, within);
                let mut cursor = node.walk();
                for name in node.children_by_field_name("name", &mut cursor) {
                    let name = name.child_by_field_name("name").unwrap_or(name);
                    let name = plain(fragment.source(name));
                    asker.absolute(&name, &[], fragment.line(node), optional);
                }
            }
            "import_from_statement" => {
                let optional = is_optional(fragment, within);
                asker.from(fragment, node, optional);
            }
            _ => {}
        }
        true
    });
}

/// Returns true if an `__init__.py` defines nothing and has only comments and strings.
pub(in super::super) fn is_bare(file: &ProjectFile) -> bool {
    if file.path.rsplit('/').next() != Some("__init__.py") {
        return false;
    }
    let text = String::from_utf8_lossy(&file.content);
    let fragment = ParsedFragment::parse(Language::Python, text, Lines::From(1));
    fragment.is_some_and(|fragment| placeholders::is_idle(&fragment))
}

/// Removes white space from a dotted name.
fn plain(name: &str) -> String {
    name.split_whitespace().collect()
}

/// Returns true if the code around the import handles a failure.
fn is_optional(fragment: &ParsedFragment<'_>, within: &[Node<'_>]) -> bool {
    within
        .iter()
        .filter(|node| node.kind() == "try_statement")
        .any(|node| {
            let excepts = named(*node).filter(|child| child.kind() == "except_clause");
            excepts.into_iter().any(|clause| {
                let first = fragment.source(clause).lines().next().unwrap_or_default();
                let errors = ["ImportError", "ModuleNotFoundError", "Exception", "except:"];
                errors.iter().any(|error| first.contains(error))
            })
        })
}

struct Asker<'a> {
    path: &'a str,
    around: &'a ProjectContext,
    used: &'a mut Used,
    findings: &'a mut Findings,
}

impl Asker<'_> {
    fn from(&mut self, fragment: &ParsedFragment<'_>, node: Node<'_>, optional: bool) {
        let Some(module) = node.child_by_field_name("module_name") else {
            return;
        };
        let mut cursor = node.walk();
        let names: Vec<String> = node
            .children_by_field_name("name", &mut cursor)
            .map(|name| plain(fragment.source(name.child_by_field_name("name").unwrap_or(name))))
            .collect();
        let asked = plain(fragment.source(module));
        match module.kind() {
            "relative_import" => self.relative(&asked, &names, fragment.line(node)),
            _ => self.absolute(&asked, &names, fragment.line(node), optional),
        }
    }

    fn relative(&mut self, asked: &str, names: &[String], line: u32) {
        let rest = asked.trim_start_matches('.');
        let dots = asked.len() - rest.len();
        let up = "../".repeat(dots.saturating_sub(1));
        let Some(base) = join(folder(self.path), &up) else {
            let message = format!("{} leaves the project", excerpt(asked));
            return self.findings.error(line, Rule::MissingFile, message);
        };
        let wanted = join(&base, &rest.replace('.', "/")).unwrap_or_default();
        let found = if rest.is_empty() {
            Module::Package(wanted.clone())
        } else {
            modules::at(self.around, &wanted)
        };
        self.found(found, &wanted, asked, names, line);
    }

    /// Resolves an absolute import to a package or a module of the project.
    fn absolute(&mut self, asked: &str, names: &[String], line: u32, optional: bool) {
        let top = asked.split('.').next().unwrap_or(asked);
        let own = modules::home(self.around, folder(self.path), top);
        if let Some(home) = own {
            let wanted = join(&home, &asked.replace('.', "/")).unwrap_or_default();
            let found = modules::at(self.around, &wanted);
            return self.found(found, &wanted, asked, names, line);
        }
        if names::is_python(top) {
            return;
        }
        let candidates = packages::distributions(asked, names);
        for name in &candidates {
            self.used.add(Registry::PyPi, name);
        }
        let declared = |name: &str| {
            self.around
                .packages
                .iter()
                .any(|one| normalised(one) == name)
        };
        let brought = |name: &String| packages::brought(Registry::PyPi, name).any(declared);
        let known = candidates.iter().any(|name| declared(name)) || candidates.iter().any(brought);
        if !known && !optional {
            let package = candidates.first().map_or(top, String::as_str);
            undeclared(line, top, package, self.findings);
        }
    }

    fn found(&mut self, found: Module, wanted: &str, asked: &str, names: &[String], line: u32) {
        match found {
            Module::File => {
                let file = format!("{wanted}.py");
                unknown(self.around, &file, line, names, self.findings);
            }
            Module::Missing => missing(self.around, wanted, line, asked, self.findings),
            // A package contains its modules and the names of its `__init__.py`.
            Module::Package(folder) => {
                let has = |name: &str| {
                    let inner = join(&folder, name).unwrap_or_default();
                    !matches!(modules::at(self.around, &inner), Module::Missing)
                };
                let open = join(&folder, "__init__.py").is_some_and(|path| {
                    self.around.paths.contains(&path) && !self.around.bare_packages.contains(&path)
                });
                let beside: Vec<&String> = names.iter().filter(|name| !has(name)).collect();
                if open {
                    let file = join(&folder, "__init__.py").unwrap_or_default();
                    return unknown(self.around, &file, line, &beside, self.findings);
                }
                for name in beside.into_iter().filter(|name| *name != "*") {
                    let inner = join(&folder, name).unwrap_or_default();
                    missing(
                        self.around,
                        &inner,
                        line,
                        &format!("{asked}.{name}"),
                        self.findings,
                    );
                }
            }
        }
    }
}
