use super::*;
use crate::{finding::Severity, syntax};
use eventrelay_project::Framework;

fn rules(path: &str, text: &str) -> Vec<(Option<u32>, Rule, Severity)> {
    let mut findings = Findings::new(path);
    let fragments = syntax::check(path, text, Framework::FastApi, &mut findings);
    let phrases = ["You are a senior engineer  who writes".to_owned()];
    check(path, text, &fragments, &phrases, &mut findings);
    let found = findings.finish().into_iter();
    found
        .map(|one| (one.line, one.rule, one.severity))
        .collect()
}

#[track_caller]
fn caught(path: &str, text: &str, line: u32, rule: Rule) {
    let found = rules(path, text);
    let wanted = (Some(line), rule, Severity::Error);
    assert!(found.contains(&wanted), "{found:?} in {text}");
}

#[track_caller]
fn fine(path: &str, text: &str) {
    let found = rules(path, text);
    assert!(found.is_empty(), "{found:?} in {text}");
}

#[test]
fn file_without_effective_content_is_empty() {
    for (path, text) in [
        ("a.py", ""),
        ("a.py", "# only a comment\n"),
        ("a.py", "\"\"\"Only a text.\"\"\"\npass\n"),
        ("a.ts", "// nothing\n"),
        ("a.rs", "//! nothing\n"),
        ("README.md", "  \n"),
        ("a.css", "/* a */\n/* b */\n"),
        ("a.html", "<!doctype html>\n<!-- a -->\n"),
    ] {
        assert_eq!(
            rules(path, text),
            [(None, Rule::Empty, Severity::Error)],
            "{path}: {text}"
        );
    }
    fine("app/__init__.py", "\"\"\"The application.\"\"\"\n");
    fine("app/__init__.py", "");
}

#[test]
fn stubs_of_python() {
    for (text, line) in [
        ("def f():\n    pass\n", 1),
        ("def f():\n    \"\"\"Does it.\"\"\"\n", 1),
        ("x = 1\nasync def f(): ...\n", 2),
        ("def f():\n    # TODO: write\n    pass\n", 1),
        ("def f():\n    raise NotImplementedError(\"later\")\n", 1),
        (
            "class A(B):\n    def f(self):\n        raise NotImplementedError\n",
            2,
        ),
        ("@app.get(\"/\")\ndef f():\n    ...\n", 2),
    ] {
        caught("a.py", text, line, Rule::Stub);
    }
    fine(
        "a.py",
        "class A(ABC):\n    @abstractmethod\n    def f(self): ...\n",
    );
    fine("a.py", "class A(Protocol):\n    def f(self) -> int: ...\n");
    fine(
        "a.py",
        "@click.group()\ndef cli():\n    \"\"\"Tools.\"\"\"\n",
    );
    fine("a.py", "class A(Exception):\n    pass\n");
    fine(
        "a.py",
        "class A:\n    def f(self):\n        raise NotImplementedError\n\n\nclass B(A):\n    def f(self):\n        return 1\n",
    );
    let found = rules("a.py", "class A(B):\n    def f(self):\n        pass\n");
    assert_eq!(found, [(Some(2), Rule::Stub, Severity::Warning)]);
}

#[test]
fn stubs_of_scripts_and_rust() {
    for (path, text, line) in [
        ("a.ts", "export function f() {}\n", 1),
        (
            "a.ts",
            "function f() {\n  throw new Error(\"Not implemented\");\n}\n",
            2,
        ),
        ("a.tsx", "const f = () => {\n  // TODO: implement\n};\n", 1),
        ("a.js", "class A { f() { /* TODO */ } }\n", 1),
        ("src/a.rs", "fn f() -> u8 {\n    todo!()\n}\n", 2),
        ("src/a.rs", "fn f() {\n    unimplemented!(\"x\");\n}\n", 2),
        ("src/a.rs", "impl A {\n    fn f() {}\n}\n", 2),
    ] {
        caught(path, text, line, Rule::Stub);
    }
    fine(
        "a.ts",
        "const noop = () => {};\nf(() => {});\nclass A { constructor(private a: B) {} }\n",
    );
    fine(
        "src/a.rs",
        "impl T for A {\n    fn f() {}\n}\nfn is_send<T: Send>() {}\nfn g() { println!(\"todo!()\"); }\n",
    );
}

#[test]
fn remarks_that_stand_for_code() {
    for (path, text) in [
        ("a.ts", "f();\n// ... rest of the code\n"),
        ("a.ts", "f();\n// ...\n"),
        (
            "a.tsx",
            "f();\nconst a = <p>{/* implement the list here */}</p>;\n",
        ),
        ("a.py", "f()\n# Your code here\n"),
        ("src/a.rs", "use a;\n// Add your handlers\n"),
        ("a.html", "<p>a</p>\n<!-- rest of the file -->\n"),
    ] {
        caught(path, text, 2, Rule::Omission);
    }
    caught("a.py", "f()\n# As an AI, I do not know\n", 2, Rule::Refusal);
    assert_eq!(
        rules("a.py", "f()  # TODO: later\n"),
        [(Some(1), Rule::ToDo, Severity::Warning)]
    );
    fine("a.ts", "// Wait for the rest of the items...\nf();\n");
    fine("a.ts", "f(\"TODO\", \"not implemented\");\n");
    for text in [
        "/// let a = 1;\n/// ...\nfn f() { g() }\n",
        "// This has no effect on the rest of the code\nuse a;\n",
        "// Some systems do not implement this. The caller checks here.\nuse a;\n",
    ] {
        fine("src/a.rs", text);
    }
}

#[test]
fn model_talk_is_reported() {
    caught("a.md", "```markdown\n# A\n```\n", 1, Rule::Fence);
    caught("a.py", "```python\nx = 1\n```", 1, Rule::Fence);
    caught("a.css", "```css\na {}\n", 1, Rule::Fence);
    caught("a.md", "I cannot help with that.\n", 1, Rule::Refusal);
    caught(
        "a.py",
        "# Here is the updated file\nx = 1\n",
        1,
        Rule::Refusal,
    );
    caught(
        "a.md",
        "# A\n\nAs an AI language model, I\n",
        3,
        Rule::Refusal,
    );
    caught("a.html", "<p>\nLorem ipsum dolor</p>\n", 2, Rule::Filler);
    caught(
        "a.md",
        "# A\nyou are a senior\tengineer who writes\n",
        2,
        Rule::PromptEcho,
    );
    fine("a.md", "# Use\n\n```sh\nnpm start\n```\n");
    fine("a.md", "```sh\na\n```\nand\n```sh\nb\n```\n");
    fine("a.md", "Tell what I cannot do. Here is the list.\n");
}
