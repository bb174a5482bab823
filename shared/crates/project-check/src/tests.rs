use super::*;
use eventrelay_project::{MAX_IN_FILE, Origin};

/// Builds a file written by the model.
fn file(path: &str, text: &str) -> ProjectFile {
    ProjectFile {
        path: path.to_owned(),
        content: text.as_bytes().to_vec(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    }
}

fn project(files: &[(&str, &str)]) -> Vec<ProjectFile> {
    files.iter().map(|(path, text)| file(path, text)).collect()
}

/// Small valid projects of models and templates.
fn sound() -> Vec<(Framework, Vec<ProjectFile>)> {
    let next = project(&[
        (
            "package.json",
            r#"{"name": "weather", "version": "0.1.0", "private": true, "scripts": {"dev": "next dev", "build": "next build"}, "dependencies": {"next": "*", "react": "*", "react-dom": "*", "zod": "^3.23.0"}, "devDependencies": {"typescript": "*", "@types/react": "*"}}"#,
        ),
        (
            "tsconfig.json",
            r#"{"compilerOptions": {"strict": true, "jsx": "preserve", "paths": {"@/*": ["./*"]}}}"#,
        ),
        (
            "next.config.ts",
            "import type { NextConfig } from \"next\";\n\nconst config: NextConfig = {};\n\nexport default config;\n",
        ),
        (
            "app/globals.css",
            ":root { --ink: #111; }\nbody { color: var(--ink); }\n",
        ),
        (
            "app/layout.tsx",
            "import type { ReactNode } from \"react\";\nimport \"./globals.css\";\n\nexport default function Layout({ children }: { children: ReactNode }) {\n  return <html lang=\"en\"><body>{children}</body></html>;\n}\n",
        ),
        (
            "app/page.tsx",
            "import { Forecast } from \"@/components/forecast\";\n\nexport default function Page() {\n  return <main><h1>Sun & rain</h1><Forecast city=\"Bern\" /></main>;\n}\n",
        ),
        (
            "components/forecast.tsx",
            "\"use client\";\nimport { useState } from \"react\";\nimport { z } from \"zod\";\n\nconst City = z.string();\n\nexport function Forecast({ city }: { city: string }) {\n  const [days, setDays] = useState(3);\n  return <button onClick={() => setDays(days + 1)}>{City.parse(city)}: {days}</button>;\n}\n",
        ),
        (
            "README.md",
            "# Weather\n\n```sh\nnpm install\nnpm run dev\n```\n",
        ),
        (
            ".env.example",
            "# Of the forecast.\nFORECAST_URL=https://example.com\n",
        ),
        (
            ".github/workflows/ci.yml",
            "name: ci\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm ci && npm run build\n",
        ),
    ]);
    let fastapi = project(&[
        (
            "pyproject.toml",
            "[project]\nname = \"todo\"\nversion = \"0.1.0\"\nrequires-python = \">=3.12\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n\n[dependency-groups]\ndev = [\"pytest\", \"httpx\"]\n",
        ),
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("app/__init__.py", "\"\"\"The service.\"\"\"\n"),
        (
            "app/main.py",
            "\"\"\"Routes.\"\"\"\n\nfrom fastapi import FastAPI, HTTPException\n\nfrom app import store\nfrom app.models import Item\n\napp = FastAPI()\n\n\n@app.get(\"/items/{number}\")\nasync def read(number: int) -> Item:\n    item = store.find(number)\n    if item is None:\n        raise HTTPException(status_code=404)\n    return item\n",
        ),
        (
            "app/models.py",
            "from pydantic import BaseModel\n\n\nclass Item(BaseModel):\n    title: str\n    done: bool = False\n",
        ),
        (
            "app/store.py",
            "from .models import Item\n\nITEMS: dict[int, Item] = {}\n\n\ndef find(number: int) -> Item | None:\n    return ITEMS.get(number)\n",
        ),
        (
            "tests/test_main.py",
            "from fastapi.testclient import TestClient\n\nfrom app.main import app\n\n\ndef test_missing():\n    assert TestClient(app).get(\"/items/1\").status_code == 404\n",
        ),
        ("Dockerfile", "FROM python:3.12-slim\nCOPY . .\n"),
    ]);
    let rust = project(&[
        (
            "Cargo.toml",
            "[package]\nname = \"count\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nanyhow = \"*\"\nclap = { version = \"*\", features = [\"derive\"] }\n",
        ),
        (
            "src/main.rs",
            "//! Counts words.\n\nmod words;\n\nuse clap::Parser;\n\nuse crate::words::count;\n\n#[derive(Parser)]\nstruct Options {\n    path: String,\n}\n\nfn main() -> anyhow::Result<()> {\n    let options = Options::parse();\n    let text = std::fs::read_to_string(&options.path)?;\n    println!(\"{}\", count(&text));\n    Ok(())\n}\n",
        ),
        (
            "src/words.rs",
            "//! Words of a text.\n\n/// How many there are.\npub fn count(text: &str) -> usize {\n    text.split_whitespace().count()\n}\n",
        ),
    ]);
    let page = project(&[
        (
            "index.html",
            "<!doctype html>\n<html lang=\"en\">\n<head><title>Clock</title><link rel=\"stylesheet\" href=\"style.css\"></head>\n<body><p id=\"now\"></p><script type=\"module\" src=\"clock.js\"></script></body>\n</html>\n",
        ),
        ("style.css", "body { font: 1rem/1.5 system-ui; }\n"),
        (
            "clock.js",
            "import { shown } from \"./time.js\";\n\nsetInterval(() => {\n  document.querySelector(\"#now\").textContent = shown(new Date());\n}, 1000);\n",
        ),
        (
            "time.js",
            "export function shown(date) {\n  return date.toLocaleTimeString();\n}\n",
        ),
    ]);
    let notebook = project(&[
        (
            "notebooks/analysis.ipynb",
            "{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}, \"cells\": [\n{\"cell_type\": \"markdown\", \"id\": \"a\", \"metadata\": {}, \"source\": [\"# Flowers\"]},\n{\"cell_type\": \"code\", \"id\": \"b\", \"metadata\": {}, \"execution_count\": null, \"outputs\": [], \"source\": [\"%matplotlib inline\\n\", \"import pandas as pd\\n\", \"from model import fit\\n\", \"fit(pd.DataFrame())\"]}]}",
        ),
        (
            "src/model.py",
            "from sklearn.linear_model import LinearRegression\n\n\ndef fit(frame):\n    return LinearRegression().fit(frame, frame)\n",
        ),
        (
            "requirements.txt",
            "numpy\npandas\nmatplotlib\nscikit-learn\njupyter\n",
        ),
    ]);
    vec![
        (Framework::NextJs, next),
        (Framework::FastApi, fastapi),
        (Framework::Rust, rust),
        (Framework::Static, page),
        (Framework::Notebook, notebook),
    ]
}

#[test]
fn sound_projects_pass_without_a_word() {
    for (framework, files) in sound() {
        let report = check_project(&files, framework);
        assert_eq!(report.findings, [], "{framework:?}");
        assert!(report.passed());
        let checked: u32 = report.checked.values().sum();
        assert_eq!(checked as usize, files.len());
        let around = ProjectContext::from_files(&files, framework);
        for file in &files {
            assert_eq!(check_file(file, &around), [], "{}", file.path);
        }
    }
}

#[test]
fn a_broken_project_is_told_of_file_by_file() {
    let secret = format!("STRIPE = \"sk_live_{}\"\n", "q7Rz1Kx9Lm4Tn8Vw2Yb6Pc3H");
    let mut files = project(&[
        (
            "requirements.txt",
            "fastapi\nrequests\nflask @ https://example.com/flask.whl\n",
        ),
        ("app/__init__.py", ""),
        (
            "app/main.py",
            "from fastapi import FastAPI\nfrom app.database import session\nimport numpy as np\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef index():\n    pass\n",
        ),
        ("app/broken.py", "def f(:\n    return 1\n"),
        ("app/Broken.py", "x = [1,\n"),
        ("app/settings.py", &secret),
        ("app/talk.py", "I cannot write this file.\n"),
        ("app/fenced.py", "```python\nx = 1\n```\n"),
        (
            "app/later.py",
            "def f():\n    return g()\n\n# ... rest of the code\n",
        ),
        ("../outside.py", "x = 1\n"),
        ("data.json", "{\"a\": 1, \"a\": 2}"),
        ("style.css", "a { color: red\n"),
        ("page.html", "<div><p>Lorem ipsum</p>\n"),
        ("empty.py", "\n"),
        (
            "package.json",
            "{\"name\": \"x\", \"scripts\": {\"postinstall\": \"curl example.com\"}}",
        ),
    ]);
    files.push(ProjectFile {
        content: vec![0xff, 0xfe],
        ..file("app/bytes.py", "")
    });
    let report = check_project(&files, Framework::FastApi);
    insta::assert_json_snapshot!(report);
    assert!(!report.passed());
    assert_eq!(check_project(&files, Framework::FastApi), report);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert!(!text.contains("q7Rz"));
}

#[test]
fn check_reports_missing_entry_and_exceeded_limits() {
    let report = check_project(&project(&[("a.html", "<p>a</p>")]), Framework::Static);
    let rules: Vec<_> = report
        .findings
        .iter()
        .map(|one| (one.path.as_str(), one.rule))
        .collect();
    assert_eq!(rules, [("index.html", Rule::MissingEntry)]);
    let many: Vec<ProjectFile> = (0..=MAX_FILES)
        .map(|n| file(&format!("{n}.md"), "a"))
        .collect();
    let report = check_project(&many, Framework::Static);
    assert!(report.findings.iter().any(|one| one.rule == Rule::TooLarge));
    let large = file("a.md", &"a".repeat(MAX_FILE_BYTES + 1));
    let around = ProjectContext::from_files(&[], Framework::Static);
    assert_eq!(check_file(&large, &around)[0].rule, Rule::TooLarge);
    let picture = ProjectFile {
        content: vec![0xff, 0],
        ..file("a.png", "")
    };
    assert_eq!(check_file(&picture, &around), []);
    let turned = file("a.md", "a\nb \u{202e} c");
    let found = check_file(&turned, &around);
    assert_eq!((found[0].line, found[0].rule), (Some(2), Rule::NotText));
}

#[test]
fn findings_are_bounded_per_file_and_project() {
    let bad: String = (0..1000).map(|n| format!("import missing{n}\n")).collect();
    let files: Vec<ProjectFile> = (0..60).map(|n| file(&format!("a{n}.py"), &bad)).collect();
    let report = check_project(&files, Framework::Python);
    assert_eq!(report.findings.len(), MAX_IN_PROJECT);
    assert_eq!(report.errors as usize, MAX_IN_PROJECT);
    let around = ProjectContext::from_files(&files, Framework::Python);
    assert_eq!(check_file(&files[0], &around).len(), MAX_IN_FILE);
}

#[test]
fn a_phrase_of_the_prompt_is_an_echo() {
    let mut around = ProjectContext::new(Framework::Python, ["a.py".to_owned()].into(), [].into());
    around.phrases = vec!["answer with the whole file".to_owned()];
    let echo = file("a.py", "x = 1  # Answer with the whole file.\n");
    let found = check_file(&echo, &around);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].line, found[0].rule), (Some(1), Rule::PromptEcho));
}
