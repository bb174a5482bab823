//! Names that a file exports to the project.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::{
    super::fragment::{Lines, ParsedFragment, named},
    rust::Local,
};
use eventrelay_project::{Language, ProjectFile};

/// Importable names of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Defined {
    names: BTreeSet<String>,
    /// True if the file may export more names, such as all of another module.
    open: bool,
}

impl Defined {
    /// Returns true if a name may be imported.
    pub(super) fn has(&self, name: &str) -> bool {
        self.open || self.names.contains(name)
    }

    /// Lists some of the names as a hint.
    pub(super) fn some(&self) -> String {
        let some: Vec<&str> = self.names.iter().map(String::as_str).take(8).collect();
        some.join(", ")
    }

    /// Collects the names of a file. Returns `None` if it is not a program or does not parse.
    pub(in super::super) fn new(file: &ProjectFile) -> Option<Self> {
        let language = Language::of_path(&file.path);
        if !language.is_code() || language == Language::Notebook {
            return None;
        }
        let text = String::from_utf8_lossy(&file.content);
        let fragment = ParsedFragment::parse(language, text, Lines::From(1))?;
        if fragment.root().has_error() {
            return None;
        }
        let mut defined = match language {
            Language::Python => python(&fragment),
            Language::Rust => {
                let Local { names, open } = Local::new(&fragment);
                Self { names, open }
            }
            _ => script(&fragment),
        };
        defined.names.retain(|name| !name.is_empty());
        Some(defined)
    }
}

/// Collects the names of a module outside of its functions and classes.
fn python(fragment: &ParsedFragment<'_>) -> Defined {
    let mut defined = Defined::default();
    fragment.walk(|node, within| {
        match node.kind() {
            "wildcard_import" => defined.open = true,
            "identifier" => {
                defined.names.insert(fragment.source(node).to_owned());
                // The module resolves names dynamically (PEP 562).
                defined.open |= matches!(fragment.source(node), "__getattr__" | "globals");
            }
            _ => {}
        }
        let body = matches!(node.kind(), "block" | "parameters");
        let inner = ["function_definition", "class_definition"];
        !(body
            && within
                .last()
                .is_some_and(|outer| inner.contains(&outer.kind())))
    });
    defined
}

/// Collects the exports of a JavaScript or TypeScript module.
fn script(fragment: &ParsedFragment<'_>) -> Defined {
    let mut defined = Defined::default();
    let text = &fragment.text;
    // CommonJS exports.
    defined.open = ["module.exports", "exports.", "export ="]
        .iter()
        .any(|old| text.contains(old));
    for statement in named(fragment.root()).filter(|node| node.kind() == "export_statement") {
        let written = fragment.source(statement);
        if written.starts_with("export default") {
            defined.names.insert("default".to_owned());
        }
        let mut parts = 0;
        for part in named(statement) {
            parts += 1;
            match part.kind() {
                "export_clause" => exported(fragment, part, &mut defined),
                "namespace_export" => defined.open = true,
                "lexical_declaration" | "variable_declaration" => {
                    for one in named(part).filter(|one| one.kind() == "variable_declarator") {
                        let name = one.child_by_field_name("name");
                        defined.open |= name.is_none_or(|name| name.kind() != "identifier");
                        defined
                            .names
                            .extend(name.map(|name| fragment.source(name).to_owned()));
                    }
                }
                "ambient_declaration" | "import_alias" | "internal_module" => defined.open = true,
                _ => {
                    let name = part.child_by_field_name("name");
                    defined
                        .names
                        .extend(name.map(|name| fragment.source(name).to_owned()));
                }
            }
        }
        // `export * from`: the grammar has a field only for its source.
        let source = statement.child_by_field_name("source").is_some();
        defined.open |= source && parts == 1;
    }
    defined
}

fn exported(fragment: &ParsedFragment<'_>, clause: Node<'_>, defined: &mut Defined) {
    for one in named(clause).filter(|one| one.kind() == "export_specifier") {
        let alias = one.child_by_field_name("alias");
        let name = alias.or_else(|| one.child_by_field_name("name"));
        let name = name.map(|name| fragment.source(name).trim_matches(['"', '\'']).to_owned());
        defined.names.extend(name);
    }
}
