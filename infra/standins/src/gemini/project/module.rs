//! Small modules beyond the samples, which make a plan as large as required. Each counts what
//! precedes it and sums up segments of a video. Only the next module of its chain imports it.

use serde_json::{Value, json};

use super::sample::Framework;

/// Returns the path of the module of this number.
pub(super) fn path(framework: Framework, number: usize) -> String {
    match framework {
        Framework::NextJs | Framework::Expo => format!("lib/part-{number:03}.ts"),
        Framework::Static => format!("js/part-{number:03}.js"),
        Framework::Express => format!("src/part-{number:03}.ts"),
        Framework::Axum | Framework::Rust => format!("src/part_{number:03}.rs"),
        Framework::FastApi | Framework::Python | Framework::Notebook => {
            format!("app/part_{number:03}.py")
        }
    }
}

/// Returns valid text for a path. `before` are the paths that it depends on.
pub(super) fn content(framework: Framework, path: &str, purpose: &str, before: &[&str]) -> String {
    let purpose = super::companion::line(purpose, 200);
    let earlier = before
        .iter()
        .copied()
        .find(|other| is_part(framework, other));
    let endings = framework.imports_with_ending();
    match path.rsplit('.').next().unwrap_or_default() {
        "py" => python(earlier),
        "rs" => rust(earlier),
        "ts" | "mts" => typescript(path, earlier, endings),
        "js" | "mjs" => javascript(path, earlier),
        "tsx" | "jsx" => component(&purpose),
        "json" => format!("{:#}\n", json!({"purpose": purpose})),
        "ipynb" => notebook(&purpose),
        "css" => ":root {\n  --gap: 1rem;\n}\n\n.part {\n  padding: var(--gap);\n}\n".to_owned(),
        "html" => page(),
        "toml" | "yaml" | "yml" => settings(path, &purpose),
        _ => format!("{purpose}\n"),
    }
}

fn is_part(framework: Framework, path: &str) -> bool {
    let number = path.bytes().filter(u8::is_ascii_digit);
    let number: String = number.map(char::from).collect();
    let number = number.parse().ok();
    number.is_some_and(|number| self::path(framework, number) == path)
}

fn python(earlier: Option<&str>) -> String {
    let (import, steps) = match earlier {
        Some(path) => {
            let module = path.trim_end_matches(".py").replace('/', ".");
            let import = format!("\nfrom {module} import steps as earlier_steps\n");
            (import, "earlier_steps() + 1")
        }
        None => (String::new(), "1"),
    };
    format!(
        r#""""Stretches of a video."""

from collections.abc import Iterable
{import}

def steps() -> int:
    """How many modules there are up to this one."""
    return {steps}


def seconds(stretches: Iterable[tuple[float, float]]) -> float:
    """The seconds of all stretches; one that ends before it begins has none."""
    return sum(max(0.0, end - start) for start, end in stretches)
"#
    )
}

fn rust(earlier: Option<&str>) -> String {
    let (import, steps) = match earlier {
        Some(path) => {
            let name = path.trim_start_matches("src/").trim_end_matches(".rs");
            let import = format!("use crate::{name}::steps as earlier_steps;\n\n");
            (import, "earlier_steps() + 1")
        }
        None => (String::new(), "1"),
    };
    format!(
        r"//! Stretches of a video.

{import}/// How many modules there are up to this one.
pub fn steps() -> usize {{
    {steps}
}}

pub fn seconds(stretches: &[(f64, f64)]) -> f64 {{
    let lengths = stretches.iter().map(|(start, end)| (end - start).max(0.0));
    lengths.sum()
}}
"
    )
}

fn typescript(path: &str, earlier: Option<&str>, endings: bool) -> String {
    let (import, steps) = import(path, earlier, if endings { ".js" } else { "" });
    format!(
        r"{import}/** How many modules there are up to this one. */
export function steps(): number {{
  return {steps};
}}

/** The seconds of all stretches; one that ends before it begins has none. */
export function seconds(
  stretches: readonly (readonly [start: number, end: number])[],
): number {{
  return stretches.reduce((sum, [start, end]) => sum + Math.max(0, end - start), 0);
}}
"
    )
}

fn javascript(path: &str, earlier: Option<&str>) -> String {
    let (import, steps) = import(path, earlier, ".js");
    format!(
        r"{import}/**
 * How many modules there are up to this one.
 * @returns {{number}}
 */
export function steps() {{
  return {steps};
}}

/**
 * The seconds of all stretches; one that ends before it begins has none.
 * @param {{readonly (readonly [number, number])[]}} stretches
 * @returns {{number}}
 */
export function seconds(stretches) {{
  return stretches.reduce((sum, [start, end]) => sum + Math.max(0, end - start), 0);
}}
"
    )
}

/// Returns the import of an earlier module in the same folder, and its use.
fn import(path: &str, earlier: Option<&str>, ending: &str) -> (String, &'static str) {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    match earlier.filter(|earlier| folder(earlier) == folder(path)) {
        Some(earlier) => {
            let name = earlier.rsplit('/').next().unwrap_or(earlier);
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let import =
                format!("import {{ steps as earlierSteps }} from \"./{stem}{ending}\";\n\n");
            (import, "earlierSteps() + 1")
        }
        None => (String::new(), "1"),
    }
}

fn component(purpose: &str) -> String {
    let text = Value::from(purpose);
    format!("export default function Part() {{\n  return <p>{{{text}}}</p>;\n}}\n")
}

fn notebook(purpose: &str) -> String {
    let notebook = json!({
        "cells": [
            {"cell_type": "markdown", "id": "purpose", "metadata": {}, "source": [purpose]},
            {"cell_type": "code", "execution_count": null, "id": "sum", "metadata": {},
                "outputs": [], "source": ["stretches = [(0.0, 4.0), (4.0, 8.5)]\n",
                    "sum(end - start for start, end in stretches)"]},
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    format!("{notebook:#}\n")
}

fn page() -> String {
    "<!doctype html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
     <title>Part</title>\n  </head>\n  <body>\n    <h1>Part</h1>\n  </body>\n</html>\n"
        .to_owned()
}

fn settings(path: &str, purpose: &str) -> String {
    let text = Value::from(purpose);
    if path.ends_with(".toml") {
        format!("purpose = {text}\n")
    } else {
        format!("purpose: {text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample::ALL, *};

    #[test]
    fn module_imports_the_previous_one() {
        for (name, framework) in ALL {
            let (first, second) = (path(framework, 1), path(framework, 2));
            let alone = content(framework, &first, "p", &["other"]);
            assert!(
                alone.contains("steps") && !alone.contains("earlier"),
                "{name}"
            );
            let chained = content(framework, &second, "p", &[&first]);
            let import = match framework {
                Framework::NextJs | Framework::Expo => "from \"./part-001\";",
                Framework::Static | Framework::Express => "from \"./part-001.js\";",
                Framework::Axum | Framework::Rust => "use crate::part_001::steps",
                _ => "from app.part_001 import steps",
            };
            assert!(chained.contains(import), "{name}: {chained}");
        }
    }

    #[test]
    fn path_of_another_language_gets_text_of_that_language() {
        let content = |path: &str| content(Framework::NextJs, path, "For \"this\"\n{x}", &[]);
        assert!(content("app/about/page.tsx").contains(r#"<p>{"For \"this\" {x}"}</p>"#));
        for path in ["a.json", "a/b.ipynb"] {
            serde_json::from_str::<Value>(&content(path)).unwrap();
        }
        assert_eq!(content("a.toml"), "purpose = \"For \\\"this\\\" {x}\"\n");
        assert_eq!(content("a.yml"), "purpose: \"For \\\"this\\\" {x}\"\n");
        for path in ["a.css", "a.html", "docs/notes.md"] {
            assert!(!content(path).is_empty(), "{path}");
        }
    }
}
