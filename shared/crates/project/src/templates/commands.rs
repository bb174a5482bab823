//! Commands that install, run, test and build a project.

use serde::Serialize;

use super::super::Framework;

/// Shell commands for the project's root, in order. A list is empty if there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Commands {
    /// Commands that install the dependencies.
    pub install: &'static [&'static str],
    /// Commands that run the project locally.
    pub run: &'static [&'static str],
    /// Commands that test the project.
    pub test: &'static [&'static str],
    /// Commands that build the release.
    pub build: &'static [&'static str],
}

const PYTHON_INSTALL: &[&str] = &["python -m pip install -e \".[dev]\""];
const PYTHON_TEST: &[&str] = &["python -m pytest"];
const PYTHON_BUILD: &[&str] = &["python -m pip wheel --no-deps --wheel-dir dist ."];

const NODE: Commands = Commands {
    install: &["npm install"],
    run: &["npm run dev"],
    test: &["npm test"],
    build: &["npm run build"],
};

const CARGO: Commands = Commands {
    install: &["cargo fetch"],
    run: &["cargo run"],
    test: &["cargo test"],
    build: &["cargo build --release"],
};

/// Returns the commands of a framework.
#[must_use]
pub const fn commands(framework: Framework) -> Commands {
    match framework {
        Framework::NextJs | Framework::Express => NODE,
        Framework::Static => Commands {
            install: &[],
            run: &["python3 -m http.server 8000"],
            test: &[
                "test -s index.html",
                "find . -name '*.js' -print0 | xargs -0 -r -n 1 node --check",
            ],
            build: &[],
        },
        Framework::FastApi => Commands {
            install: PYTHON_INSTALL,
            run: &["python -m uvicorn app.main:app --reload"],
            test: PYTHON_TEST,
            build: PYTHON_BUILD,
        },
        Framework::Axum => CARGO,
        Framework::Python => Commands {
            install: PYTHON_INSTALL,
            run: &["python -m app --help"],
            test: PYTHON_TEST,
            build: PYTHON_BUILD,
        },
        Framework::Rust => Commands {
            run: &["cargo run -- --help"],
            ..CARGO
        },
        Framework::Notebook => Commands {
            install: PYTHON_INSTALL,
            run: &["jupyter lab notebooks/analysis.ipynb"],
            test: PYTHON_TEST,
            build: &[
                "jupyter nbconvert --to html --execute --output-dir build notebooks/analysis.ipynb",
            ],
        },
        Framework::Expo => Commands {
            run: &["npm start"],
            ..NODE
        },
    }
}
