//! Syntax tree of a file, of a script or style inside a page, or of a notebook cell.

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use eventrelay_project::Language;

/// Maximum depth of a tree that is walked.
const MAX_DEPTH: usize = 400;

/// Maximum ampersands that are replaced to help a parser, and the maximum size of the text in
/// bytes.
const MAX_AMPERSANDS: usize = 20;
const MAX_HELPED_LENGTH: usize = 50_000;

/// Timeout of a parser.
///
/// Step counts alone do not bound the time. In Python's grammar, ten thousand times `<!--` takes
/// few steps, but each is as slow as all text before it. Real programs stay far below the timeout,
/// so that results remain deterministic.
const FUSE: Duration = Duration::from_secs(2);

/// Bytes of a text that the parser reads at once.
const CHUNK: usize = 4_096;

/// Syntax unknown to the TypeScript grammar, with an equivalent replacement of the same length:
/// type-only `export *` (TypeScript 5.0) and variance annotations (4.7).
const AFTER_THE_GRAMMAR: [(&str, &str); 3] = [
    ("export type *", "export      *"),
    ("<in ", "<   "),
    ("<out ", "<    "),
];

/// Text in one language with its syntax tree.
#[derive(Debug)]
pub(super) struct ParsedFragment<'a> {
    pub(super) language: Language,
    /// Text as in the file.
    pub(super) text: Cow<'a, str>,
    pub(super) tree: Tree,
    lines: Lines,
}

/// Mapping of a fragment's lines to lines of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// Consecutive lines from this one.
    From(u32),
    Each(Vec<u32>),
}

impl Lines {
    /// Converts a line of the fragment, from 0, to a line of the file, from 1.
    pub(super) fn line_at(&self, row: usize) -> u32 {
        match self {
            Self::From(first) => first.saturating_add(u32::try_from(row).unwrap_or(u32::MAX)),
            Self::Each(lines) => lines.get(row).or(lines.last()).copied().unwrap_or(1),
        }
    }
}

impl<'a> ParsedFragment<'a> {
    /// Parses a text. Returns `None` if the language has no grammar, if the parser exceeds its
    /// limits, or if the tree is too deep.
    pub(super) fn parse(language: Language, text: Cow<'a, str>, lines: Lines) -> Option<Self> {
        let tree = tree_of(language, &text)?;
        Some(Self {
            language,
            text,
            tree,
            lines,
        })
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// Returns true if the tree has an error at a known position. In a page, the end of the file
    /// can be such an error if an end tag is omitted.
    pub(super) fn is_broken(&self) -> bool {
        misunderstood(&self.tree) > 0
    }

    /// Returns the source text of a node.
    pub(super) fn source(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Returns the file line of a node's start, from 1.
    pub(super) fn line(&self, node: Node<'_>) -> u32 {
        self.lines.line_at(node.start_position().row)
    }

    /// Returns the text of the fragment line where a node starts.
    pub(super) fn line_text(&self, node: Node<'_>) -> &str {
        let start = node.start_byte().min(self.text.len());
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        self.text[from..].lines().next().unwrap_or_default()
    }

    /// Visits the nodes in text order, each with its ancestors from the outermost. If the visitor
    /// returns false, the node's children are skipped.
    pub(super) fn walk<'t>(&'t self, mut visit: impl FnMut(Node<'t>, &[Node<'t>]) -> bool) {
        let mut cursor = self.tree.walk();
        let mut within: Vec<Node<'t>> = Vec::new();
        loop {
            let node = cursor.node();
            if visit(node, &within) && cursor.goto_first_child() {
                within.push(node);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                within.pop();
            }
        }
    }
}

/// Returns the named children of a node.
pub(super) fn named<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut at = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while at {
            let child = cursor.node();
            at = cursor.goto_next_sibling();
            if child.is_named() {
                return Some(child);
            }
        }
        None
    })
}

/// Returns true if the node has a direct child token of that kind.
pub(super) fn has_token(node: Node<'_>, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == kind)
}

fn grammar(language: Language) -> Option<tree_sitter::Language> {
    Some(match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        Language::Html => tree_sitter_html::LANGUAGE.into(),
        _ => return None,
    })
}

fn tree_of(language: Language, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&grammar(language)?).ok()?;
    let mut text = Cow::Borrowed(text);
    match language {
        Language::Html => text = Cow::Owned(without_odd_text(&text)),
        Language::TypeScript | Language::Tsx => {
            for (written, understood) in AFTER_THE_GRAMMAR {
                if text.contains(written) {
                    text = Cow::Owned(text.replace(written, understood));
                }
            }
        }
        _ => {}
    }
    let tree = parse(&mut parser, text.as_bytes())?;
    let with_elements = matches!(language, Language::JavaScript | Language::Tsx);
    if with_elements && tree.root_node().has_error() {
        return ampersands(&mut parser, tree, text.into_owned().into_bytes());
    }
    Some(tree)
}

/// Replaces ampersands, and `<` and `>` outside of tags, by other characters.
///
/// HTML treats them as text (13.2.5.6 and 13.2.5.72), but the grammar reports errors. The
/// replacement does not change the tree.
fn without_odd_text(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find(['&', '<', '>']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let next = rest.as_bytes().get(1).copied().unwrap_or_default();
        let tag = rest.starts_with('<') && (next.is_ascii_alphabetic() || b"/!?".contains(&next));
        // Comments, scripts and styles end at their own end marks.
        let raw = [
            ("<!--", "-->"),
            ("<script", "</script"),
            ("<style", "</style"),
        ];
        let raw = raw.iter().find(|(start, _)| rest.starts_with(start));
        let end = match raw {
            Some((_, end)) => rest.find(end).unwrap_or(rest.len()),
            None if tag => tag_end(rest),
            None => 0,
        };
        match end {
            0 => out.push('+'),
            end => out.push_str(&rest[..end].replace('&', "+")),
        }
        rest = &rest[end.max(1)..];
        if let Some(end) = raw.and_then(|(_, end)| rest.strip_prefix(end).map(|after| (end, after)))
        {
            out.push_str(end.0);
            rest = end.1;
            // Remaining part of an end tag.
            let close = rest.find('>').filter(|at| rest[..*at].trim().is_empty());
            let after = close.map_or(0, |at| at + 1);
            out.push_str(&rest[..after]);
            rest = &rest[after..];
        }
    }
    out.push_str(rest);
    out
}

/// Finds the end of a tag and ignores `>` inside quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return at + 1,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Parses within the limits of steps, reads and time.
fn parse(parser: &mut Parser, text: impl AsRef<[u8]>) -> Option<Tree> {
    let bytes = text.as_ref();
    // The parser calls back after each hundred steps. Of about 4,000 measured programs none took
    // more than six steps a byte, and half of them less than one.
    let mut steps = 200 + bytes.len() / 12;
    let lit = Instant::now();
    let mut spend = |_: &tree_sitter::ParseState| {
        steps = steps.saturating_sub(1);
        match steps {
            0 => ControlFlow::Break(()),
            _ if lit.elapsed() > FUSE => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let options = ParseOptions::new().progress_callback(&mut spend);
    // A lexer that looks for a missing end mark reads to the end of the file in one step, again and
    // again.
    let mut reads = 1_000 + bytes.len() / CHUNK * 50;
    let mut read = |at: usize, _| {
        reads = reads.saturating_sub(1);
        let end = bytes.len().min(at.saturating_add(CHUNK));
        bytes.get(at..end).filter(|_| reads > 0).unwrap_or_default()
    };
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    parser.reset();
    tree.filter(|tree| reads > 0 && depth(tree) <= MAX_DEPTH)
}

/// Replaces ampersands that the JSX grammar rejects, although compilers accept them.
///
/// These ampersands are in the text or an attribute of an element and begin no reference. A
/// replacement stays only if the tree then has fewer errors.
fn ampersands(parser: &mut Parser, mut tree: Tree, mut text: Vec<u8>) -> Option<Tree> {
    let mut broken = misunderstood(&tree);
    let (mut from, mut tried) = (0, 0);
    while broken > 0 && tried < MAX_AMPERSANDS && text.len() <= MAX_HELPED_LENGTH {
        let Some(at) = text[from..].iter().position(|byte| *byte == b'&') else {
            break;
        };
        let at = from + at;
        from = at + 1;
        let around = tree.root_node().descendant_for_byte_range(at, at + 1);
        if !around.is_some_and(|node| is_in_error(node)) {
            continue;
        }
        tried += 1;
        text[at] = b'+';
        let helped = parse(parser, &text)?;
        let still = misunderstood(&helped);
        if still < broken {
            (tree, broken) = (helped, still);
        } else {
            text[at] = b'&';
        }
    }
    Some(tree)
}

/// Returns true if a node or a near ancestor is an error.
fn is_in_error(node: Node<'_>) -> bool {
    let parent = node.parent();
    let outer = parent.and_then(|parent| parent.parent());
    [Some(node), parent, outer]
        .into_iter()
        .flatten()
        .any(|node| node.is_error())
}

/// Counts the bytes inside errors, plus one for each missing node.
fn misunderstood(tree: &Tree) -> usize {
    let mut bytes = 0;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() {
            bytes += node.byte_range().len().max(1);
        } else if node.is_missing() {
            bytes += 1;
        }
        if !node.is_error() && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return bytes;
            }
        }
    }
}

fn depth(tree: &Tree) -> usize {
    let (mut at, mut deepest) = (0, 0);
    let mut cursor = tree.walk();
    loop {
        if cursor.goto_first_child() {
            at += 1;
            deepest = deepest.max(at);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return deepest;
            }
            at -= 1;
        }
    }
}
