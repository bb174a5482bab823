//! How a project of a framework is installed, run, tested and built.

use serde::Serialize;

use super::super::Framework;

/// Lines for a shell in the project's root, in their order. None where there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Commands {
    /// Fetch what it uses.
    pub install: &'static [&'static str],
    /// Run it here.
    pub run: &'static [&'static str],
    /// Check it.
    pub test: &'static [&'static str],
    /// Make what is shipped.
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

/// Those of a framework.
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
