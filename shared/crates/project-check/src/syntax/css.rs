//! CSS syntax check by the error rules of CSS Syntax Level 3.
//!
//! A sheet is a list of rules. A rule has a list of declarations and rules, and everything else is
//! tokens. The tree-sitter grammar rejects modern range media queries, `@layer`, `supports()` and
//! `@scope`, and false errors are worse than none.

use super::super::{
    finding::{Findings, Rule, excerpt},
    fragment::Lines,
};

/// Maximum nesting of blocks and brackets.
const MAX_DEPTH: usize = 64;

/// At-rules of preprocessors that browsers do not support.
const OF_SASS: [&str; 8] = [
    "@mixin", "@include", "@extend", "@use", "@forward", "@if", "@else", "@each",
];

/// Reference of a sheet to another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Reference {
    /// Line of the sheet, from 1.
    pub(in super::super) line: u32,
    /// Target as written in the sheet.
    pub(in super::super) target: String,
}

/// Reports the errors of a sheet that begins at line `first` of its file.
pub(super) fn check(text: &str, first: u32, findings: &mut Findings) {
    if let Err((at, message)) = Sheet::read(text) {
        let (line, shown) = super::line_at(text, at);
        let line = Lines::From(first).line_at(line as usize - 1);
        findings.error(line, Rule::Syntax, format!("{message}: {}", excerpt(shown)));
    }
}

/// Returns the files that a sheet imports or shows, up to its first error.
pub(in super::super) fn references(text: &str) -> Vec<Reference> {
    let mut sheet = Sheet::new(text);
    // The syntax check reports errors.
    let _ = sheet.scan();
    let reference = |(at, target): (usize, String)| Reference {
        line: super::line_at(text, at).0,
        target,
    };
    sheet.references.into_iter().map(reference).collect()
}

/// Position of an error in bytes, and its description.
type Fault = (usize, String);

struct Sheet<'a> {
    text: &'a str,
    at: usize,
    /// Start positions of the open blocks.
    blocks: Vec<usize>,
    /// Open brackets of the current statement.
    brackets: Vec<(usize, u8)>,
    /// Start position of the current statement, if it has begun.
    start: Option<usize>,
    /// Positions of the current statement's colons outside of brackets.
    colons: Vec<usize>,
    references: Vec<(usize, String)>,
}

impl<'a> Sheet<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            blocks: Vec::new(),
            brackets: Vec::new(),
            start: None,
            colons: Vec::new(),
            references: Vec::new(),
        }
    }

    fn read(text: &'a str) -> Result<(), Fault> {
        Self::new(text).scan()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn scan(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            match c {
                '/' if rest.starts_with("/*") => {
                    let end = rest.find("*/").ok_or((self.at, never_closed("/*")))?;
                    self.at += end + 2;
                    continue;
                }
                '/' if rest.starts_with("//") && self.start.is_none() => {
                    return Err((
                        self.at,
                        "CSS has no `//` comments, write `/* … */`".to_owned(),
                    ));
                }
                '<' if rest.starts_with("<!--") => self.at += 3,
                '-' if rest.starts_with("-->") && self.start.is_none() => {
                    self.at += 3;
                    continue;
                }
                '"' | '\'' => self.string(c)?,
                // An escaped character is part of a name.
                '\\' => {
                    self.begin();
                    self.at += 1;
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                    continue;
                }
                '(' if self.is_url() => self.url()?,
                '(' | '[' => self.open(c as u8)?,
                ')' | ']' => self.close(c)?,
                '{' => self.block()?,
                '}' => self.end_block()?,
                ';' if self.brackets.is_empty() => self.end_statement()?,
                ':' if self.brackets.is_empty() => {
                    self.begin();
                    self.colons.push(self.at);
                }
                c if c.is_whitespace() => {}
                _ => self.begin(),
            }
            self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        }
        if let Some((at, bracket)) = self.brackets.first() {
            return Err((*at, never_closed(&char::from(*bracket).to_string())));
        }
        if let Some(at) = self.blocks.last() {
            return Err((*at, never_closed("{")));
        }
        self.end_statement()
    }

    fn begin(&mut self) {
        self.start.get_or_insert(self.at);
    }

    /// Returns the current statement so far.
    fn statement(&self) -> &'a str {
        self.start
            .map_or("", |start| self.text[start..self.at].trim_end())
    }

    /// Advances to the closing quote.
    fn string(&mut self, quote: char) -> Result<(), Fault> {
        let from = self.at;
        let named = self.statement().eq_ignore_ascii_case("@import") || self.in_url();
        self.begin();
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\n' => break,
                c if c == quote => {
                    self.at += at;
                    let value = &self.text[from + 1..self.at];
                    if named {
                        self.references.push((from, value.to_owned()));
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
        Err((from, "a string is not closed in its line".to_owned()))
    }

    /// Returns true if the innermost bracket belongs to a URL.
    fn in_url(&self) -> bool {
        let open = self.brackets.last();
        open.is_some_and(|(at, _)| ends_with_url(&self.text[..*at]))
    }

    /// Returns true if an unquoted URL begins here.
    fn is_url(&self) -> bool {
        let inner = self.rest()[1..].trim_start();
        ends_with_url(&self.text[..self.at]) && !inner.starts_with(['"', '\''])
    }

    fn url(&mut self) -> Result<(), Fault> {
        let end = self.rest().find(')').ok_or((self.at, never_closed("(")))?;
        let target = self.rest()[1..end].trim();
        self.references.push((self.at, target.to_owned()));
        self.at += end;
        Ok(())
    }

    fn open(&mut self, bracket: u8) -> Result<(), Fault> {
        self.begin();
        self.brackets.push((self.at, bracket));
        if self.brackets.len() > MAX_DEPTH {
            Err((self.at, "nested too deeply".to_owned()))
        } else {
            Ok(())
        }
    }

    fn close(&mut self, closing: char) -> Result<(), Fault> {
        self.begin();
        match (self.brackets.pop(), closing) {
            (Some((_, b'(')), ')') | (Some((_, b'[')), ']') | (Some((_, b'{')), '}') => Ok(()),
            (Some((at, bracket)), _) => Err((at, never_closed(&char::from(bracket).to_string()))),
            (None, _) => Err((self.at, format!("`{closing}` closes nothing"))),
        }
    }

    fn block(&mut self) -> Result<(), Fault> {
        // A custom property may have any tokens as its value.
        let within = self
            .brackets
            .last()
            .is_some_and(|(_, bracket)| *bracket == b'{');
        if within || self.statement().starts_with("--") && !self.colons.is_empty() {
            return self.open(b'{');
        }
        if let Some((at, bracket)) = self.brackets.first() {
            return Err((*at, never_closed(&char::from(*bracket).to_string())));
        }
        match self.statement() {
            "" => return Err((self.at, "a block without a selector before it".to_owned())),
            sass if is_of_sass(sass) => return Err((self.start.unwrap_or(self.at), not_sass())),
            _ => {}
        }
        self.blocks.push(self.at);
        self.next_statement();
        if self.blocks.len() > MAX_DEPTH {
            Err((self.at, "nested too deeply".to_owned()))
        } else {
            Ok(())
        }
    }

    fn end_block(&mut self) -> Result<(), Fault> {
        if self
            .brackets
            .last()
            .is_some_and(|(_, bracket)| *bracket == b'{')
        {
            return self.close('}');
        }
        if let Some((at, bracket)) = self.brackets.first() {
            return Err((*at, never_closed(&char::from(*bracket).to_string())));
        }
        self.end_statement()?;
        match self.blocks.pop() {
            Some(_) => Ok(()),
            None => Err((self.at, "`}` closes nothing".to_owned())),
        }
    }

    fn end_statement(&mut self) -> Result<(), Fault> {
        let statement = self.statement();
        let at = self.start.unwrap_or(self.at);
        let colons = std::mem::take(&mut self.colons);
        self.next_statement();
        if is_of_sass(statement) {
            return Err((at, not_sass()));
        }
        if statement.is_empty() || statement.starts_with('@') {
            return Ok(());
        }
        if self.blocks.is_empty() {
            let message = "a declaration stands in a rule, between `{` and `}`";
            return Err((at, message.to_owned()));
        }
        let Some((name, value)) = statement.split_once(':') else {
            return Err((at, "a declaration is `property: value;`".to_owned()));
        };
        let name = name.trim_end();
        if name.starts_with("--") {
            return Ok(());
        }
        if value.trim().is_empty() {
            return Err((at, format!("{} has no value", excerpt(name))));
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '*' | '\\');
        if !name.chars().all(is_name) {
            return Err((at, format!("{} is no property", excerpt(name))));
        }
        let missed = colons
            .iter()
            .skip(1)
            .find_map(|colon| self.run_on(at, *colon));
        missed.map_or(Ok(()), |at| {
            Err((
                at,
                "a `;` is missing at the end of the line before".to_owned(),
            ))
        })
    }

    /// Finds a colon in a value that belongs to a property on its own line.
    fn run_on(&self, start: usize, colon: usize) -> Option<usize> {
        let before = &self.text[start..colon];
        let from = before.rfind('\n')?;
        let name = before[from..].trim();
        let is_name = |c: char| c.is_ascii_alphabetic() || c == '-';
        let named = !name.is_empty() && name.chars().all(is_name);
        named.then(|| colon - name.len())
    }

    fn next_statement(&mut self) {
        self.start = None;
        self.colons.clear();
    }
}

fn ends_with_url(text: &str) -> bool {
    let from = text.len().saturating_sub(3);
    text.get(from..)
        .is_some_and(|end| end.eq_ignore_ascii_case("url"))
}

fn is_of_sass(statement: &str) -> bool {
    let name = statement
        .split(|c: char| c.is_whitespace() || c == '(')
        .next();
    name.is_some_and(|name| OF_SASS.contains(&name) || name.starts_with('$'))
}

fn not_sass() -> String {
    "this is Sass, and the file is CSS".to_owned()
}

fn never_closed(bracket: &str) -> String {
    format!("`{bracket}` is never closed")
}
