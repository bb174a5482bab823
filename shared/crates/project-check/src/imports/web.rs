//! File references of pages and style sheets.

use std::sync::LazyLock;

use super::{
    super::{
        context::ProjectContext, finding::Findings, fragment::ParsedFragment, manifests::Registry,
        syntax,
    },
    Used, folder, is_served_as_is, join, missing,
    query::{self, Made},
    script,
};
use eventrelay_project::Framework;

static LINKS: Made = LazyLock::new(|| {
    let text = r"
        (attribute (attribute_name) @name
          [(attribute_value) @value (quoted_attribute_value (attribute_value) @value)])
    ";
    query::made(tree_sitter_html::LANGUAGE.into(), text)
});

/// Returns true if the query compiles with this grammar.
#[cfg(test)]
pub(super) fn is_made() -> bool {
    LINKS.is_some()
}

/// Reports missing files that a page refers to. References of a page served by a program may be
/// routes, so they are not checked.
pub(super) fn page(
    path: &str,
    fragment: &ParsedFragment<'_>,
    around: &ProjectContext,
    findings: &mut Findings,
) {
    if !is_served_as_is(around.framework) {
        return;
    }
    let mut name = "";
    for (capture, node) in query::captures(fragment, &LINKS) {
        let text = fragment.source(node);
        if capture == "name" {
            name = text;
            continue;
        }
        let line = fragment.line(node);
        match name.to_ascii_lowercase().as_str() {
            "href" | "src" | "poster" => link(path, text, line, around, findings),
            // URLs, each with the width that it applies to.
            "srcset" if !text.contains("data:") => {
                let addresses = text
                    .split(',')
                    .filter_map(|one| one.split_whitespace().next());
                addresses.for_each(|address| link(path, address, line, around, findings));
            }
            _ => {}
        }
    }
}

/// Returns the file of a URL within the project; `None` for an external URL.
fn file(asked: &str) -> Option<String> {
    let asked = asked.trim();
    let scheme = asked
        .split(['/', '?', '#'])
        .next()
        .unwrap_or(asked)
        .contains(':');
    let elsewhere =
        scheme || asked.starts_with("//") || asked.contains("{{") || asked.contains("${");
    let plain = asked.split(['?', '#']).next().unwrap_or(asked);
    (!elsewhere && !plain.is_empty()).then(|| plain.replace("%20", " "))
}

fn link(path: &str, asked: &str, line: u32, around: &ProjectContext, findings: &mut Findings) {
    let Some(plain) = file(asked) else {
        return;
    };
    let from = if plain.starts_with('/') {
        ""
    } else {
        folder(path)
    };
    let wanted = join(from, &plain);
    let there = |wanted: &String| {
        let index = join(wanted, "index.html").unwrap_or_default();
        let paths = &around.paths;
        paths.contains(wanted)
            || paths.contains(&index)
            || paths.contains(&format!("{wanted}.html"))
    };
    if !wanted.as_ref().is_some_and(there) {
        missing(
            around,
            wanted.as_deref().unwrap_or(&plain),
            line,
            asked,
            findings,
        );
    }
}

/// Reports missing files that a style sheet refers to.
pub(super) fn sheet(
    path: &str,
    text: &str,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) {
    for reference in syntax::references(text) {
        let asked = reference.target.as_str();
        let Some(plain) = file(asked) else {
            continue;
        };
        let from = match (plain.starts_with('/'), around.framework) {
            (false, _) => folder(path),
            (true, Framework::Static) => "",
            (true, Framework::NextJs) => "public",
            // Only the program knows the files it serves at its root.
            (true, _) => continue,
        };
        let wanted = join(from, &plain);
        if wanted
            .as_ref()
            .is_some_and(|wanted| around.paths.contains(wanted))
        {
            continue;
        }
        let package = script::package(&plain);
        let bundled = !is_served_as_is(around.framework) && !plain.starts_with(['.', '/']);
        if bundled && around.packages.contains(package) {
            used.add(Registry::Npm, package);
            continue;
        }
        missing(
            around,
            wanted.as_deref().unwrap_or(&plain),
            reference.line,
            asked,
            findings,
        );
    }
}
