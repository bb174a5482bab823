//! Flawed code in the languages of the samples.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::sample::Framework;
use crate::json::data;

/// Invented text in the form of an AWS access key id. It is split, so that scanners do not report
/// this file.
const KEY: [&str; 2] = ["AKIA", "Q3ZT5WJXN7RLKD2M"];

/// Code that a language allows at the end of a file, if it has such code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlawedCode {
    broken: String,
    /// Whole file with names but no implementation.
    stub: Option<String>,
    secret: Option<String>,
    /// Import of a file that is not in the plan.
    import_file: Option<String>,
    /// Import of a package that is not declared.
    import_package: Option<String>,
}

static FLAWED_CODE: LazyLock<HashMap<Language, FlawedCode>> =
    LazyLock::new(|| data(include_str!("flawed_code.json")));

/// Language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(super) enum Language {
    Python,
    Notebook,
    /// TypeScript, with and without JSX.
    TypeScript,
    JavaScript,
    Rust,
    Html,
    Css,
    Json,
    Other,
}

impl Language {
    pub(super) fn from_path(path: &str) -> Self {
        match path.rsplit('.').next().unwrap_or_default() {
            "py" => Self::Python,
            "ipynb" => Self::Notebook,
            "ts" | "mts" | "tsx" => Self::TypeScript,
            "js" | "mjs" | "jsx" => Self::JavaScript,
            "rs" => Self::Rust,
            "html" => Self::Html,
            "css" => Self::Css,
            "json" => Self::Json,
            _ => Self::Other,
        }
    }

    /// Appends code to the text. All these languages allow imports there.
    pub(super) fn with(self, content: &str, code: &str) -> String {
        match self {
            Self::Notebook => with_cell(content, code),
            _ => format!("{content}\n{code}\n"),
        }
    }

    fn flawed_code(self) -> &'static FlawedCode {
        &FLAWED_CODE[&self]
    }

    /// Appends code with a syntax error to the text.
    pub(super) fn broken(self, content: &str) -> String {
        self.with(content, &self.flawed_code().broken)
    }

    /// Returns a file with names but no implementation.
    pub(super) fn stub(self) -> Option<&'static str> {
        self.flawed_code().stub.as_deref()
    }

    /// Prepends a comment that repeats the instruction.
    pub(super) fn echo(self, content: &str, instruction: &str) -> String {
        let lines = |mark: &str| -> String {
            let lines = instruction.lines();
            lines.map(|line| format!("{mark} {line}\n")).collect()
        };
        match self {
            Self::Python => lines("#") + content,
            Self::TypeScript | Self::JavaScript | Self::Rust => lines("//") + content,
            Self::Html => format!("<!-- {} -->\n{content}", instruction.replace("--", "- -")),
            Self::Css => format!("/* {} */\n{content}", instruction.replace("*/", "* /")),
            Self::Notebook => with_cell(content, &lines("#")),
            Self::Json => with_member(content, "instruction", instruction),
            Self::Other => format!("{instruction}\n{content}"),
        }
    }

    /// Adds a key to the text.
    pub(super) fn secret(self, content: &str) -> String {
        let key = KEY.concat();
        match &self.flawed_code().secret {
            Some(code) => self.with(content, &code.replace("@key@", &key)),
            None => with_member(content, "access_key", &key),
        }
    }

    /// Returns an import of a file that is not in the plan.
    pub(super) fn import_file(self, framework: Framework) -> Option<String> {
        let has_ending = framework.imports_with_ending();
        let ending = if has_ending { ".js" } else { "" };
        let code = self.flawed_code().import_file.as_ref()?;
        Some(code.replace("@ending@", ending))
    }

    /// Returns an import of a package that is not declared.
    pub(super) fn import_package(self) -> Option<String> {
        self.flawed_code().import_package.clone()
    }
}

/// Adds a cell of code to a notebook.
fn with_cell(content: &str, code: &str) -> String {
    let mut notebook: Value = serde_json::from_str(content).unwrap_or_default();
    if let Some(cells) = notebook["cells"].as_array_mut() {
        let lines: Vec<&str> = code.split_inclusive('\n').collect();
        cells.push(
            json!({"cell_type": "code", "execution_count": null, "id": "more",
            "metadata": {}, "outputs": [], "source": lines}),
        );
    }
    format!("{notebook:#}\n")
}

/// Adds a member to a JSON object.
fn with_member(content: &str, name: &str, text: &str) -> String {
    let mut document: Value = serde_json::from_str(content).unwrap_or_default();
    document[name] = text.into();
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTEBOOK: &str = r#"{"cells": []}"#;

    #[test]
    fn flaw_is_appended() {
        assert_eq!(Language::from_path("a.tsx").with("a\n", "b"), "a\n\nb\n");
        assert!(
            Language::from_path("a.rs")
                .broken("a\n")
                .ends_with("\nfn broken( {\n")
        );
        let cell: Value = serde_json::from_str(&Language::Notebook.with(NOTEBOOK, "b\nc")).unwrap();
        assert_eq!(cell["cells"][0]["source"], json!(["b\n", "c"]));
        assert!(serde_json::from_str::<Value>(&Language::Json.broken("{}")).is_err());
    }

    #[test]
    fn secret_has_the_form_of_a_key() {
        assert_eq!(KEY.concat().len(), 20);
        for path in ["a.py", "a.ts", "a.js", "a.rs", "a.html", "a.css", "a.txt"] {
            let text = Language::from_path(path).secret("a\n");
            assert!(
                text.starts_with("a\n") && text.contains(&KEY.concat()),
                "{path}"
            );
        }
        let json: Value = serde_json::from_str(&Language::Json.secret("{\"a\": 1}")).unwrap();
        assert_eq!(json, json!({"a": 1, "access_key": KEY.concat()}));
        assert!(Language::Notebook.secret(NOTEBOOK).contains(&KEY.concat()));
    }

    #[test]
    fn echo_stays_in_a_comment() {
        let echo =
            |path: &str| Language::from_path(path).echo("x\n", "Do this.\nNot */ that --> one.");
        assert_eq!(echo("a.py"), "# Do this.\n# Not */ that --> one.\nx\n");
        assert_eq!(echo("a.ts"), "// Do this.\n// Not */ that --> one.\nx\n");
        assert_eq!(echo("a.css"), "/* Do this.\nNot * / that --> one. */\nx\n");
        assert_eq!(
            echo("a.html"),
            "<!-- Do this.\nNot */ that - -> one. -->\nx\n"
        );
    }

    #[test]
    fn only_code_imports() {
        for (path, imports) in [
            ("a.py", true),
            ("a.tsx", true),
            ("a.rs", true),
            ("a.json", false),
        ] {
            let language = Language::from_path(path);
            assert_eq!(language.import_package().is_some(), imports, "{path}");
            assert_eq!(
                language.import_file(Framework::NextJs).is_some(),
                imports,
                "{path}"
            );
        }
        let import = Language::TypeScript
            .import_file(Framework::Express)
            .unwrap();
        assert!(import.contains("\"./not-there.js\""));
    }
}
