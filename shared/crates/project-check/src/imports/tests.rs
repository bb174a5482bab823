use super::*;
use crate::{finding::Severity, syntax};
use eventrelay_project::Origin;

fn around(framework: Framework, paths: &[&str], packages: &[&str]) -> ProjectContext {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ProjectContext::new(framework, all(paths), all(packages))
}

/// Findings of a file and the packages that it uses.
fn found(around: &ProjectContext, path: &str, text: &str) -> (Vec<(u32, Rule, String)>, Used) {
    let mut findings = Findings::new(path);
    let fragments = syntax::check(path, text, around.framework, &mut findings);
    let used = check(path, text, &fragments, around, &mut findings);
    let told = findings.finish().into_iter().map(|one| {
        assert_eq!(one.severity, Severity::Error, "{one:?}");
        (one.line.unwrap(), one.rule, one.message)
    });
    (told.collect(), used)
}

/// Asserts that exactly these lines have findings with the rule and the word.
#[track_caller]
fn tells(around: &ProjectContext, path: &str, text: &str, wanted: &[(u32, Rule, &str)]) {
    let (told, _) = found(around, path, text);
    let shown: Vec<_> = told.iter().map(|(line, rule, _)| (*line, *rule)).collect();
    let lines: Vec<_> = wanted
        .iter()
        .map(|(line, rule, _)| (*line, *rule))
        .collect();
    assert_eq!(shown, lines, "{told:#?} in {text}");
    for ((.., message), (.., word)) in told.iter().zip(wanted) {
        assert!(message.contains(word), "{message} has no {word}");
    }
}

#[test]
fn the_queries_are_of_the_grammars() {
    assert!(script::are_made() && web::is_made());
}

#[test]
fn scripts_resolve_as_bundlers_do() {
    let around = around(
        Framework::NextJs,
        &[
            "app/page.tsx",
            "app/globals.css",
            "components/Button.tsx",
            "components/list/index.ts",
            "lib/util.ts",
            "lib/data.json",
            "types/a.d.ts",
        ],
        &["next", "react", "@scope/pkg", "@types/geojson"],
    );
    let text = r#"
import "./globals.css";
import { Button } from "../components/Button";
import List from "@/components/list";
import util from "@/lib/util.js";
import data from "../lib/data.json";
import type { A } from "@/types/a";
import Link from "next/link";
import { x } from "@scope/pkg/deep";
import fs from "node:fs";
import path from "path";
import type { Point } from "geojson";
import "server-only";
export * from "react";
const lazy = () => import("./page");
const old = require("../lib/util");
"#;
    tells(&around, "app/page.tsx", text, &[]);
    let text = r#"
import { Button } from "./Button";
import button from "@/components/button";
import up from "../../x";
import _ from "lodash/fp";
import y from "@scope/other";
export { z } from "./z";
const lazy = import("./lazy");
const old = require("old");
const text = "import a from './a'";
"#;
    tells(
        &around,
        "app/page.tsx",
        text,
        &[
            (2, Rule::MissingFile, "components/Button.tsx"),
            (3, Rule::MissingFile, "components/Button.tsx"),
            (4, Rule::MissingFile, "`../../x`"),
            (5, Rule::UndeclaredPackage, "`lodash`"),
            (6, Rule::UndeclaredPackage, "`@scope/other`"),
            (7, Rule::MissingFile, "`./z`"),
            (8, Rule::MissingFile, "`./lazy`"),
            (9, Rule::UndeclaredPackage, "`old`"),
        ],
    );
}

#[test]
fn typescript_and_express_take_what_node_takes() {
    let around = around(
        Framework::Express,
        &["src/index.ts", "src/routes/a.ts"],
        &["express"],
    );
    let text = "import a from \"./routes/a.js\";\nimport x = require(\"express\");\nimport b from \"./routes/b.js\";\nimport c from \"@/routes/a\";\n";
    tells(
        &around,
        "src/index.ts",
        text,
        &[
            (3, Rule::MissingFile, "`./routes/b.js`"),
            (4, Rule::UndeclaredPackage, "`@/routes`"),
        ],
    );
}

#[test]
fn static_page_resolves_exact_file_names() {
    let paths = [
        "index.html",
        "about.html",
        "js/app.js",
        "js/util.js",
        "css/style.css",
        "blog/index.html",
        "img/a b.png",
    ];
    let mut around = around(Framework::Static, &paths, &[]);
    around.has_import_map = Some(false);
    let page = r##"<!doctype html>
<link rel="stylesheet" href="css/style.css?v=1">
<a href="#top">a</a> <a href="about">b</a> <a href="/blog/">c</a> <a href="mailto:a@b.c">d</a>
<img src="img/a%20b.png" srcset="img/a%20b.png 1x, https://x.y/z.png 2x">
<script type="module">import "./js/app.js"; import "https://esm.sh/x";</script>
<img src="img/missing.png">
<script src="/js/missing.js"></script>
<script type="module">
import "./js/app";
import "lodash";
</script>
"##;
    tells(
        &around,
        "index.html",
        page,
        &[
            (6, Rule::MissingFile, "`img/missing.png`"),
            (7, Rule::MissingFile, "`/js/missing.js`"),
            (9, Rule::MissingFile, "js/app.js"),
            (10, Rule::UndeclaredPackage, "`lodash`"),
        ],
    );
    let sheet = "@import \"other.css\";\na { background: url(../img/a%20b.png); mask: url('#b') }\nb { background: url(c.png), url(data:image/png;base64,AA) }\n";
    tells(
        &around,
        "css/style.css",
        sheet,
        &[
            (1, Rule::MissingFile, "`other.css`"),
            (3, Rule::MissingFile, "`c.png`"),
        ],
    );
    around.has_import_map = Some(true);
    tells(&around, "js/app.js", "import \"lodash\";\n", &[]);
}

#[test]
fn python_resolves_from_the_root_and_beside() {
    let paths = [
        "app/__init__.py",
        "app/main.py",
        "app/models.py",
        "app/api/routes.py",
        "tests/test_a.py",
        "tests/helper.py",
        "scripts/data.csv",
    ];
    let around = around(
        Framework::FastApi,
        &paths,
        &["fastapi", "PyYAML", "scikit_learn", "google-cloud-storage"],
    );
    let text = r"
from __future__ import annotations
import os.path, json as j
import app.models
from app.models import User
from app import models, VERSION
from app.api import routes
from . import models as m
from .api.routes import router
from fastapi import FastAPI
from pydantic import BaseModel
import yaml
from sklearn.svm import SVC
import numpy as np
from google.cloud import storage
try:
    import orjson
except ImportError:
    orjson = None
";
    tells(&around, "app/main.py", text, &[]);
    let text = r"
from app.database import get_db
import app.nothing
from .schemas import Item
from app.api import missing
from ... import x
import requests
import cv2
import scripts
from google.cloud import bigquery
";
    tells(
        &around,
        "app/main.py",
        text,
        &[
            (2, Rule::MissingFile, "`app.database`"),
            (3, Rule::MissingFile, "`app.nothing`"),
            (4, Rule::MissingFile, "`.schemas`"),
            (5, Rule::MissingFile, "`app.api.missing`"),
            (6, Rule::MissingFile, "leaves the project"),
            (7, Rule::UndeclaredPackage, "`requests`"),
            (8, Rule::UndeclaredPackage, "`opencv-python`"),
            (9, Rule::UndeclaredPackage, "`scripts`"),
            (10, Rule::UndeclaredPackage, "`google-cloud-bigquery`"),
        ],
    );
    tells(
        &around,
        "tests/test_a.py",
        "import helper\nfrom app.main import app\n",
        &[],
    );
}

#[test]
fn bare_python_package_has_only_its_modules() {
    let mut around = around(Framework::Python, &["app/__init__.py", "app/cli.py"], &[]);
    around.bare_packages.insert("app/__init__.py".to_owned());
    let text = "from app import cli, config\n";
    tells(
        &around,
        "app/cli.py",
        text,
        &[(1, Rule::MissingFile, "`app.config`")],
    );
}

#[test]
fn rust_resolves_modules_and_crates() {
    let paths = [
        "src/main.rs",
        "src/db.rs",
        "src/api/mod.rs",
        "src/api/users.rs",
        "src/bin/tool.rs",
    ];
    let mut around = around(
        Framework::Axum,
        &paths,
        &["axum", "serde_json", "tower-http", "my-app"],
    );
    let text = r#"
mod db;
pub mod api;
mod inline { pub fn f() {} }
use std::{fs, io::{self, Read}};
use axum::{Router, routing::get};
use tower_http::cors::CorsLayer;
use crate::{db::Pool, api::{self as routes, users}};
use my_app::run;
use inline::f;
enum Kind { A }
use Kind::*;
#[tokio::test]
async fn g() { fs::read("x"); u32::from_str_radix("1", 2); io::stdin(); let x = serde_json::json!({ "a": inline::f() }); }
"#;
    tells(&around, "src/main.rs", text, &[]);
    let text = r#"
mod missing;
use crate::config::Settings;
use reqwest::Client;
extern crate rand;
fn f() { let x = regex::Regex::new("a"); crate::nowhere::f(); local::f(); }
mod local { pub fn f() {} }
"#;
    tells(
        &around,
        "src/db.rs",
        text,
        &[
            (2, Rule::MissingFile, "`mod missing`"),
            (3, Rule::MissingFile, "`crate::config::Settings`"),
            (4, Rule::UndeclaredPackage, "`reqwest`"),
            (5, Rule::UndeclaredPackage, "`rand`"),
            (6, Rule::MissingFile, "`crate::nowhere::f`"),
            (6, Rule::UndeclaredPackage, "`regex`"),
        ],
    );
    tells(
        &around,
        "src/api/mod.rs",
        "mod users;\nmod posts;\n",
        &[(2, Rule::MissingFile, "`mod posts`")],
    );
    around.roots = Some(["helper".to_owned(), "db".to_owned()].into());
    let text = "use crate::helper;\nuse crate::other;\nuse crate::db::x;\nuse crate::api::y;\n";
    tells(
        &around,
        "src/db.rs",
        text,
        &[
            (2, Rule::MissingFile, "`crate::other`"),
            (4, Rule::MissingName, "`mod api;`"),
        ],
    );
}

#[test]
fn unused_ignores_packages_used_by_tools_and_configuration() {
    let file = |path: &str, text: &str| ProjectFile {
        path: path.to_owned(),
        content: text.as_bytes().to_vec(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    };
    let files = [
        file(
            "package.json",
            "{\"scripts\": {\"lint\": \"biome check\"},\n\"dependencies\": {\"next\": \"*\",\n\"zod\": \"*\",\n\"lodash\": \"*\", \"biome\": \"*\",\n\"@tailwindcss/postcss\": \"*\"}}",
        ),
        file(
            "postcss.config.mjs",
            "export default { plugins: [\"@tailwindcss/postcss\"] };",
        ),
        file("app/page.tsx", "import { z } from \"zod\";\n"),
    ];
    let around = ProjectContext::from_files(&files, Framework::NextJs);
    let mut used = Used::default();
    for file in &files {
        used.join(
            found(
                &around,
                &file.path,
                std::str::from_utf8(&file.content).unwrap(),
            )
            .1,
        );
    }
    let told = unused(&files, &used);
    let shown: Vec<_> = told
        .iter()
        .map(|one| (one.line, one.severity, one.message.contains("`lodash`")))
        .collect();
    assert_eq!(shown, [(Some(4), Severity::Warning, true)]);
}

#[test]
fn names_are_looked_for_where_the_file_is_known() {
    let file = |path: &str, text: &str| ProjectFile {
        path: path.to_owned(),
        content: text.as_bytes().to_vec(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    };
    let knows = |framework, files: &[(&str, &str)]| {
        let files: Vec<ProjectFile> = files.iter().map(|(path, text)| file(path, text)).collect();
        ProjectContext::from_files(&files, framework)
    };

    let around = knows(
        Framework::Express,
        &[
            (
                "src/a.ts",
                "export const one = 1, two = 2;\nexport default function () {}\nexport interface Three {}\nexport { four as five } from \"./b\";\nexport async function six() {}\nexport enum Seven { A }\n",
            ),
            (
                "src/b.ts",
                "export * from \"./c\";\nexport const four = 4;\n",
            ),
            ("src/c.js", "module.exports = { x: 1 };\n"),
            (
                "src/d.tsx",
                "export class Eight {}\nexport type Nine = string;\nexport const { x } = y;\n",
            ),
        ],
    );
    let text = "import a, { one, two as zwei, type Three, five, six, Seven } from \"./a\";\nimport { anything } from \"./b\";\nimport { x } from \"./c\";\nimport * as all from \"./a\";\nexport { Eight, Nine, whatever } from \"./d\";\nimport { four, one as eins } from \"./a.js\";\nimport d from \"./b\";\n";
    tells(
        &around,
        "src/index.ts",
        text,
        &[(6, Rule::MissingName, "src/a.ts has no `four`")],
    );

    let around = knows(
        Framework::Python,
        &[
            ("app/__init__.py", "\"\"\"A.\"\"\"\nVERSION = 1\n"),
            (
                "app/a.py",
                "import os\nfrom x import y as z\n\nA, B = 1, 2\n\n\ndef f(inner):\n    hidden = inner\n    return hidden\n\n\nclass C:\n    field = 1\n",
            ),
            ("app/b.py", "from .a import *\n"),
        ],
    );
    let text = "from app.a import A, B, f, C, os, z\nfrom app.b import anything\nfrom app import VERSION, a\nfrom .a import hidden\nfrom app.a import field, D\nfrom app import missing\n";
    tells(
        &around,
        "app/main.py",
        text,
        &[
            (4, Rule::MissingName, "app/a.py has no `hidden`"),
            (5, Rule::MissingName, "`D`"),
            (5, Rule::MissingName, "`field`"),
            (6, Rule::MissingName, "app/__init__.py has no `missing`"),
        ],
    );

    let around = knows(
        Framework::Rust,
        &[
            ("Cargo.toml", "[package]\nname = \"a\"\n"),
            ("src/main.rs", "mod a;\nmod b;\nfn main() {}\n"),
            (
                "src/a.rs",
                "pub struct A;\npub fn f() {}\npub mod inner { pub fn g() {} }\n",
            ),
            ("src/b/mod.rs", "pub mod c;\npub use c::*;\n"),
            ("src/b/c.rs", "pub const X: u8 = 1;\n"),
        ],
    );
    let text = "use crate::a::{self, A, f, inner::g};\nuse crate::b::{anything, c::X};\nuse crate::a::B;\n";
    tells(
        &around,
        "src/b/c.rs",
        text,
        &[(3, Rule::MissingName, "src/a.rs has no `B`")],
    );
}
