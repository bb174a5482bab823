//! Small modules beyond the samples, which make a plan as large as required. Each counts what
//! precedes it and sums up segments of a video. Only the next module of its chain imports it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{companion::line, holes::replace, sample::Framework};

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

macro_rules! part {
    ($file:literal) => {
        include_str!(concat!("../../../samples/part/", $file))
    };
}

/// Returns valid text for a path. `before` are the paths that it depends on.
pub(super) fn content(framework: Framework, path: &str, purpose: &str, before: &[&str]) -> String {
    let purpose = line(purpose, 200);
    let mut before = before.iter().copied();
    let earlier = before.find(|other| is_part(framework, other));
    let (import, steps) = earlier
        .and_then(|earlier| import(framework, path, earlier))
        .unwrap_or((String::new(), "1"));
    let text = match extension(path) {
        "py" => part!("part.py"),
        "rs" => part!("part.rs"),
        "ts" | "mts" => part!("part.ts"),
        "js" | "mjs" => part!("part.js"),
        "tsx" | "jsx" => part!("part.tsx"),
        "ipynb" => part!("part.ipynb"),
        "css" => part!("part.css"),
        "html" => part!("part.html"),
        "json" => "{\n  \"purpose\": @quoted@\n}\n",
        "toml" => "purpose = @quoted@\n",
        "yaml" | "yml" => "purpose: @quoted@\n",
        _ => "@purpose@\n",
    };
    let values = BTreeMap::from([
        ("@import@", import),
        ("@steps@", steps.to_owned()),
        ("@quoted@", Value::from(&*purpose).to_string()),
        ("@purpose@", purpose),
    ]);
    replace(text, &values)
}

fn extension(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

fn is_part(framework: Framework, path: &str) -> bool {
    let number = path.bytes().filter(u8::is_ascii_digit);
    let number: String = number.map(char::from).collect();
    let number = number.parse().ok();
    number.is_some_and(|number| self::path(framework, number) == path)
}

/// Returns the import of an earlier module, and its use. JavaScript imports only from its own folder.
fn import(framework: Framework, path: &str, earlier: &str) -> Option<(String, &'static str)> {
    let (folder, name) = earlier.rsplit_once('/')?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let of_python = || {
        format!(
            "\nfrom {}.{stem} import steps as earlier_steps\n",
            folder.replace('/', ".")
        )
    };
    Some(match extension(path) {
        "py" => (of_python(), "earlier_steps() + 1"),
        "rs" => (
            format!("use crate::{stem}::steps as earlier_steps;\n\n"),
            "earlier_steps() + 1",
        ),
        _ if path.rsplit_once('/')?.0 != folder => return None,
        extension => {
            let has_ending = framework.imports_with_ending() || matches!(extension, "js" | "mjs");
            let ending = if has_ending { ".js" } else { "" };
            let import =
                format!("import {{ steps as earlierSteps }} from \"./{stem}{ending}\";\n\n");
            (import, "earlierSteps() + 1")
        }
    })
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
