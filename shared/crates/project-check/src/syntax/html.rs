//! Syntax check of pages with their scripts and styles.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        finding::{Findings, Rule, excerpt},
        fragment::{Lines, ParsedFragment, named},
    },
    MAX_ERRORS, code, css,
};
use eventrelay_project::Language;

/// Elements with an optional end tag (HTML, 13.1.2.4), and void elements (13.1.2).
const ENDLESS: [&str; 34] = [
    "html", "head", "body", "li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup",
    "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "area", "base", "br", "col", "embed",
    "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "image",
];

/// Parses a page. `templated` permits Jinja markup, which is not HTML.
pub(super) fn check<'a>(
    text: &'a str,
    templated: bool,
    findings: &mut Findings,
) -> Vec<ParsedFragment<'a>> {
    let marked = templated && (text.contains("{{") || text.contains("{%"));
    let text = if marked {
        Cow::Owned(without_marks(text))
    } else {
        Cow::Borrowed(text)
    };
    let Some(page) = ParsedFragment::parse(Language::Html, text, Lines::From(1)) else {
        findings.error(1, Rule::Syntax, "the page is nested too deeply");
        return Vec::new();
    };
    // Templates may open an element in one part and close it in another.
    if !marked {
        unclosed(&page, findings);
    }
    if page.is_broken() {
        code::errors(&page, findings);
        return Vec::new();
    }
    let mut fragments = Vec::new();
    if !marked {
        for (language, inner, line) in inside(&page) {
            match language {
                Language::Css => css::check(&inner, line, findings),
                Language::Json => super::json::check("", &inner, findings),
                _ => {
                    let (text, lines) = (Cow::Owned(inner), Lines::From(line));
                    fragments.extend(code::check(language, text, lines, false, findings));
                }
            }
        }
    }
    fragments.insert(0, page);
    fragments
}

/// Reports end tags without a start, and start tags without an end.
fn unclosed(page: &ParsedFragment<'_>, findings: &mut Findings) {
    let mut told = 0;
    page.walk(|node, _| {
        let name = || {
            let tag = node.named_child(0)?;
            let name = if tag.kind() == "tag_name" || tag.kind() == "erroneous_end_tag_name" {
                tag
            } else {
                named(tag).find(|child| child.kind() == "tag_name")?
            };
            Some(page.source(name))
        };
        let message = match node.kind() {
            "erroneous_end_tag" => name().map(|name| format!("`</{name}>` closes nothing")),
            "element" => name().and_then(|name| open(node, name)),
            _ => None,
        };
        if let Some(message) = message.filter(|_| told < MAX_ERRORS) {
            told += 1;
            let shown = excerpt(page.line_text(node));
            findings.error(page.line(node), Rule::Syntax, format!("{message}: {shown}"));
        }
        true
    });
}

fn open(element: Node<'_>, name: &str) -> Option<String> {
    let ends = |kind: &str| matches!(kind, "end_tag" | "self_closing_tag");
    let ended = named(element).any(|child| ends(child.kind()));
    let endless = ENDLESS.contains(&name.to_ascii_lowercase().as_str());
    (!ended && !endless).then(|| format!("`<{name}>` is never closed"))
}

/// Returns scripts and styles with their first lines.
fn inside(page: &ParsedFragment<'_>) -> Vec<(Language, String, u32)> {
    let mut found = Vec::new();
    page.walk(|node, _| {
        let language = match node.kind() {
            "script_element" => script(page, node),
            "style_element" => Some(Language::Css),
            _ => return true,
        };
        let text = named(node).find(|child| child.kind() == "raw_text");
        if let (Some(language), Some(text)) = (language, text) {
            found.push((language, page.source(text).to_owned(), page.line(text)));
        }
        false
    });
    found
}

/// Returns the language of a script by its type; `None` if browsers do not run it.
fn script(page: &ParsedFragment<'_>, element: Node<'_>) -> Option<Language> {
    match attribute(page, element.named_child(0)?, "type") {
        None | Some("" | "module" | "text/javascript" | "application/javascript") => {
            Some(Language::JavaScript)
        }
        Some("importmap" | "application/json" | "application/ld+json" | "speculationrules") => {
            Some(Language::Json)
        }
        Some(_) => None,
    }
}

/// Returns the value of a tag's attribute.
pub(in super::super) fn attribute<'p>(
    page: &'p ParsedFragment<'_>,
    tag: Node<'_>,
    name: &str,
) -> Option<&'p str> {
    let attributes = named(tag).filter(|child| child.kind() == "attribute");
    attributes.into_iter().find_map(|attribute| {
        let mut parts = named(attribute);
        let named_so = page.source(parts.next()?).eq_ignore_ascii_case(name);
        let value = parts.next().map_or("", |value| page.source(value));
        named_so.then(|| value.trim_matches(['"', '\'']).trim())
    })
}

/// Replaces template markup by letters, preserving lines and bytes.
fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = match from.as_bytes().get(1) {
            Some(b'{') => from.find("}}"),
            Some(b'%') => from.find("%}"),
            Some(b'#') => from.find("#}"),
            _ => None,
        };
        let end = end.map_or(1, |end| end + 2);
        let mark = &from[..end];
        if end == 1 {
            out.push_str(mark);
        } else {
            out.extend(
                mark.bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { 'x' }),
            );
        }
        rest = &from[end..];
    }
    out.push_str(rest);
    out
}
