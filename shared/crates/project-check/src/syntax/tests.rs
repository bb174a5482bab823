use proptest::prelude::*;

use super::*;
use crate::finding::Severity;
use eventrelay_project::Finding;

/// Errors of a file.
fn errors(path: &str, text: &str) -> Vec<Finding> {
    let framework = if path.ends_with(".html") {
        Framework::Static
    } else {
        Framework::FastApi
    };
    let mut findings = Findings::new(path);
    check(path, text, framework, &mut findings);
    let mut found = findings.finish();
    found.retain(|finding| finding.severity == Severity::Error);
    found
}

#[track_caller]
fn sound(path: &str, text: &str) {
    assert_eq!(errors(path, text), [], "{path}: {text}");
}

/// Asserts the line of the first error and the words of its message.
#[track_caller]
fn broken(path: &str, text: &str, line: u32, words: &str) {
    let found = errors(path, text);
    let first = found
        .first()
        .unwrap_or_else(|| panic!("no error in {path}: {text}"));
    assert_eq!(first.line, Some(line), "{first:?} in {text}");
    assert!(first.message.contains(words), "{first:?} in {text}");
}

#[test]
fn valid_samples_have_no_syntax_error() {
    sound("app/main.py", include_str!("samples/sound.py"));
    sound("app/page.tsx", include_str!("samples/sound.tsx"));
    sound("src/index.ts", include_str!("samples/sound.ts"));
    sound("app.mjs", include_str!("samples/sound.js"));
    sound("src/main.rs", include_str!("samples/sound.rs"));
    sound("style.css", include_str!("samples/sound.css"));
    sound("index.html", include_str!("samples/sound.html"));
    sound("ci.yml", include_str!("samples/sound.yaml"));
}

#[test]
fn data_is_read_with_its_line() {
    sound("a.json", "{\"a\": [1, {\"b\": null}], \"c\": \"//\"}");
    sound(
        "tsconfig.json",
        "{\n  // why\n  \"a\": /* b */ \"/* \\\" */\"\n}",
    );
    broken(
        "a.json",
        "{\n  // why\n  \"a\": 1\n}",
        2,
        "key must be a string",
    );
    broken("a.json", "{\n \"a\": 1,\n}", 3, "trailing comma");
    broken(
        "a.json",
        "{\n \"a\": 1,\n \"b\": 2,\n \"a\": 3\n}",
        4,
        "`a` stands twice",
    );
    broken("a.json", "", 1, "EOF");
    broken("a.json", &"[".repeat(100_000), 1, "recursion limit");
    sound("a.toml", "[a]\nb = 1\n[[c]]\nd = \"e\"\n");
    broken("a.toml", "[a]\nb = 1\nb = 2\n", 3, "duplicate key");
    broken("a.toml", "[a]\nb = \n", 2, "");
    broken("a.yaml", "a: 1\nb: [1, 2\nc: 3\n", 3, "");
    broken("a.yaml", "a:\n  b: 1\n  b: 2\n", 3, "`b` stands twice");
    broken("a.yaml", "a: 1\n\tb: 2\n", 1, "tab");
    broken("a.yaml", &"- ".repeat(1000), 1, "too deeply");
    sound(
        "a.yaml",
        "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  <<: *x\n---\na: 1\n",
    );
    sound(".env.example", "# why\nA_B=c d\n\nexport X=\n");
    broken(".env.example", "A=b\nthe key\n", 2, "NAME=value");
}

#[test]
fn errors_of_rules_say_only_what_was_duplicated() {
    assert_eq!(
        errors("a.json", "{\"a\":1,\"a\":2}")[0].rule,
        Rule::DuplicateKey
    );
    assert_eq!(errors("a.toml", "a=1\na=2")[0].rule, Rule::DuplicateKey);
    assert_eq!(errors("a.yaml", "a: 1\na: 2")[0].rule, Rule::DuplicateKey);
    assert_eq!(errors("a.json", "{")[0].rule, Rule::Syntax);
}

#[test]
fn python_is_of_version_3() {
    for (text, line, words) in [
        ("def f():\n\nx = 1\n", 1, "indented block"),
        ("if x:\n    # nothing\ny = 1\n", 1, "indented block"),
        ("def f(:\n    pass\n", 1, ""),
        ("x = [1,\n     2\ny = 3\n", 1, "never closed"),
        (
            "x = (1]\n",
            1,
            "`(` of line 1 is never closed, in `x = (1]` before `]`",
        ),
        ("print 'x'\n", 1, "print(…)"),
        ("x = 1\n  y = 2\n", 2, "indentation"),
        ("try:\n    a()\nb()\n", 1, "`except`"),
        ("def f(a=1, b):\n    return a\n", 1, "default"),
        ("return 1\n", 1, "outside"),
        ("def f():\n    await g()\n", 2, "not `async`"),
        ("async def f():\n    pass\nawait f()\n", 3, "outside"),
        (
            "class A:\n    def f(self):\n        return self.x(\n",
            3,
            "never closed",
        ),
        ("x = 'abc\n", 1, ""),
        ("for x in y:\n    pass\nbreak\n", 3, "loop"),
        ("if x == 1\n    pass\n", 1, ""),
        ("Here is the file:\n", 1, ""),
    ] {
        broken("a.py", text, line, words);
    }
    sound("a.py", "def f(a, *, b=1, c): ...\n");
    sound("a.py", "x = lambda: (yield)\nif a: b(); c()\n");
}

#[test]
fn scripts_are_what_engines_take() {
    for (path, text, line, words) in [
        (
            "a.ts",
            "const a = {\n  b: 1,\n",
            1,
            "`{` of line 1 is never closed",
        ),
        ("a.ts", "f(() => {\n  g(;\n});\n", 2, ""),
        (
            "a.tsx",
            "const a = (\n  <div>\n    <b>x</i>\n  </div>\n);\n",
            3,
            "`<b>` is closed by `</i>`",
        ),
        (
            "a.tsx",
            "const a = <div>\n  <p>\n</div>;\n",
            2,
            "`<p>` is closed by `</div>`",
        ),
        ("a.ts", "const x: number;\n", 1, "value"),
        ("a.js", "try { a(); }\n", 1, "`catch`"),
        (
            "a.js",
            "function f() {\n  await g();\n}\n",
            2,
            "not `async`",
        ),
        (
            "a.js",
            "items.forEach((x) => {\n  await g(x);\n});\n",
            2,
            "not `async`",
        ),
        ("a.js", "if (x) return;\n", 1, "outside"),
        ("a.js", "}\n", 1, "closes nothing"),
        ("a.js", "const a = 'b;\n", 1, ""),
        ("a.js", "export const a: string = 1;\n", 1, ""),
        ("a.ts", "import { a } form \"b\";\n", 1, ""),
    ] {
        broken(path, text, line, words);
    }
    sound(
        "a.ts",
        "declare const A: string;\nfor (const a of b) c(a);\nawait f();\nexport type * from \"./a\";\n",
    );
    sound(
        "a.js",
        "class A { f() { return 1; } }\nfor (const a in b) {}\n",
    );
}

#[test]
fn rust_is_what_its_compiler_takes() {
    for (text, line, words) in [
        ("fn f() {\n    g(1;\n}\n", 2, ""),
        ("fn f() {\n    let x = 1\n    let y = 2;\n}\n", 2, ""),
        ("struct A { b: u8; }\n", 1, ""),
        ("fn f();\n", 1, "body"),
        ("let x = 1;\n", 1, "in a function"),
        ("fn f() {\n    g().await;\n}\n", 2, "not `async`"),
        ("fn f() {\n    if x {\n", 2, "never closed"),
    ] {
        broken("src/a.rs", text, line, words);
    }
    sound(
        "src/a.rs",
        "thread_local! { static A: u8 = 1; }\ntrait A { fn b(); }\npub async fn f() { g().await }\n",
    );
}

#[test]
fn sheets_are_what_browsers_take() {
    for (text, line, words) in [
        ("a {\n  color: red;\n", 1, "`{` is never closed"),
        ("a { color: red; }\n}\n", 2, "closes nothing"),
        ("a {\n  color: red\n  margin: 0;\n}\n", 3, "`;` is missing"),
        ("a {\n  color red;\n}\n", 2, "property: value"),
        ("a {\n  color: ;\n}\n", 2, "no value"),
        ("color: red;\n", 1, "in a rule"),
        ("{ color: red }\n", 1, "selector"),
        ("a { b: \"c; }\n", 1, "string"),
        ("a { b: c(1; }\n", 1, "`(`"),
        ("/* a\n", 1, "`/*`"),
        ("// a\nb { c: d }\n", 1, "comments"),
        ("$a: 1;\n", 1, "Sass"),
        ("a { @include b; }\n", 1, "Sass"),
    ] {
        broken("a.css", text, line, words);
    }
    let names: Vec<_> = references(
        "@import 'a.css' layer(b);\n@import url(\"c.css\");\n.d { background: url(e.png), url( 'f.png' ) }\n/* url(g) */",
    );
    let names: Vec<_> = names
        .iter()
        .map(|one| (one.line, one.target.as_str()))
        .collect();
    assert_eq!(
        names,
        [(1, "a.css"), (2, "c.css"), (3, "e.png"), (3, "f.png")]
    );
}

#[test]
fn pages_and_what_is_inside_them() {
    for (text, line, words) in [
        ("<div>\n<span>\n</div>\n", 2, "`<span>` is never closed"),
        ("<p>a</p>\n</div>\n", 2, "`</div>`"),
        ("<main>\n<div>\n", 1, "`<main>`"),
        ("<p>\n<script>\nfunction f( {}\n</script>\n", 3, ""),
        ("<p>\n<style>\na { b: c;\n</style>\n", 3, "never closed"),
        ("<script type=\"importmap\">{,}</script>\n", 1, "key"),
        ("<div class=\"a>\n</div>\n", 1, ""),
    ] {
        broken("a.html", text, line, words);
    }
    let template = "{% extends \"a\" %}\n<a href=\"{{ f(\"x\") }}\" {% if x < 3 %}class=\"b\"{% endif %}>é {{ y }}</a>";
    let mut findings = Findings::new("a.html");
    assert_eq!(
        check("a.html", template, Framework::FastApi, &mut findings).len(),
        1
    );
    assert_eq!(findings.finish(), []);
}

#[test]
fn a_notebook_has_its_shape_and_its_code() {
    let cell = |source: &str| {
        format!(
            "{{\"cell_type\": \"code\", \"id\": \"a\", \"metadata\": {{}}, \"outputs\": [], \"execution_count\": null,\n\"source\": {source}}}"
        )
    };
    let book = |cells: &str| {
        format!(
            "{{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {{}}, \"cells\": [\n{cells}]}}"
        )
    };
    sound(
        "a.ipynb",
        &book(&cell(
            "[\"%matplotlib inline\\n\", \"!pip install \\\\\\n\", \"  x\\n\", \"import a\\n\", \"await b\\n\", \"a?\"]",
        )),
    );
    sound("a.ipynb", &book(&cell("\"%%bash\\nls -l | wc\"")));
    sound("a.ipynb", &book(""));
    broken(
        "a.ipynb",
        &book(&cell("[\"a = 1\\n\",\n\"b = (\"]")),
        4,
        "never closed",
    );
    broken(
        "a.ipynb",
        &book(&cell("[\"a = 1\\n\"],\n\"source\": 1")),
        4,
        "stands twice",
    );
    broken(
        "a.ipynb",
        &book("{\"cell_type\": \"code\", \"metadata\": {}, \"source\": []}"),
        2,
        "`outputs`",
    );
    broken(
        "a.ipynb",
        &book("{\"cell_type\": \"text\", \"metadata\": {}, \"source\": []}"),
        2,
        "`cell_type`",
    );
    for text in [
        "[]",
        "{\"nbformat\": 3}",
        "{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}}",
    ] {
        assert_eq!(errors("a.ipynb", text)[0].rule, Rule::Notebook, "{text}");
    }
}

const PATHS: [&str; 14] = [
    "a.py",
    "a.js",
    "a.ts",
    "a.tsx",
    "a.rs",
    "a.html",
    "a.css",
    "a.json",
    "a.toml",
    "a.yaml",
    "a.ipynb",
    "a.md",
    ".env.example",
    "Dockerfile",
];

fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "{", "}", "(", ")", "[", "]", "<", ">", "</", "/>", "\"", "'", "`", "${", "def f(",
        ":\n  ", "\n", "\t", "fn ", "class ", "if ", "=>", "url(", "/*", "*/", "//", "#", "&",
        "\\", "é", "<script>", "<style>", "r#\"", "'''", "f\"{", "- ", ": ", "? ", "|", "a", "=",
        ";", "await ", "\u{0}", "\u{feff}", "{{", "%}",
    ];
    prop_oneof![
        3 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Arbitrary text is checked without a panic, and every finding has a valid line.
    #[test]
    fn arbitrary_text_is_checked_without_panic(parts in proptest::collection::vec(fragment(), 0..60)) {
        let text = parts.concat();
        let lines = text.lines().count().max(1) as u32 + 1;
        for path in PATHS {
            for framework in [Framework::Static, Framework::FastApi] {
                let mut findings = Findings::new(path);
                check(path, &text, framework, &mut findings);
                for finding in findings.finish() {
                    prop_assert!(finding.line.is_none_or(|line| (1..=lines).contains(&line)), "{finding:?}");
                }
            }
            references(&text);
        }
    }
}

/// Inputs that are slow for a backtracking parser, or deep for a recursive one.
#[test]
fn large_and_deep_texts_end() {
    for unit in [
        "(", "[", "{", "<", "a<b", "<div>", "{{", "\"", "f\"{", "if a:\n ", "&", "- ", "a: ", "()",
        "`${", "|a|", "url(", "/*", "é", "x = 1\n", "a+", "!", "#[",
    ] {
        let text = unit.repeat(4_000 / unit.len());
        for path in PATHS {
            errors(path, &text);
        }
    }
}
