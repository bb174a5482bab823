//! Packages that every project of a framework has, independent of its plan.
//!
//! Each range begins at the version that was tested together with the framework's other packages.
//! It ends before the next breaking version (semantic versioning 2.0, section 8; below 1.0 the
//! registries' own convention). Versions that a framework pins among its own parts are pinned here.

use super::super::Framework;

/// Package of the framework's registry (npm, PyPI or crates.io).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Name of the package in the registry.
    pub name: &'static str,
    /// Version range in the registry's own syntax.
    pub version: &'static str,
    /// True if the package is used only for development and tests.
    pub dev: bool,
    /// Enabled features (crates.io only).
    pub features: &'static [&'static str],
}

const fn used(name: &'static str, version: &'static str) -> Package {
    Package {
        name,
        version,
        dev: false,
        features: &[],
    }
}

const fn dev(name: &'static str, version: &'static str) -> Package {
    Package {
        dev: true,
        ..used(name, version)
    }
}

const fn with(
    name: &'static str,
    version: &'static str,
    features: &'static [&'static str],
) -> Package {
    Package {
        features,
        ..used(name, version)
    }
}

/// Last TypeScript whose compiler is JavaScript, which other tools call. Version 7 has none.
const TYPESCRIPT: Package = dev("typescript", "~6.0.3");

/// Types for the Node.js version of the workflow.
const NODE_TYPES: Package = dev("@types/node", "^24.0.0");

const NEXTJS: &[Package] = &[
    used("next", "^16.4.6"),
    used("react", "^19.3.0"),
    used("react-dom", "^19.3.0"),
    NODE_TYPES,
    dev("@types/react", "^19.3.0"),
    dev("@types/react-dom", "^19.3.0"),
    TYPESCRIPT,
];

const EXPRESS: &[Package] = &[
    used("express", "^5.3.0"),
    dev("@types/express", "^5.0.6"),
    NODE_TYPES,
    // The version that tsx uses.
    dev("esbuild", "~0.28.2"),
    dev("tsx", "^4.23.15"),
    TYPESCRIPT,
];

/// Versions as in `expo/bundledNativeModules.json` of Expo 57. React and React Native are exact,
/// because the renderer refuses another React.
const EXPO: &[Package] = &[
    used("expo", "~57.0.26"),
    used("expo-constants", "~57.0.20"),
    used("expo-linking", "~57.0.11"),
    used("expo-router", "~57.0.24"),
    used("expo-status-bar", "~57.0.1"),
    used("react", "19.2.3"),
    // This package and react-native-web make the app run in a browser too.
    used("react-dom", "19.2.3"),
    used("react-native", "0.86.3"),
    used("react-native-safe-area-context", "~5.7.0"),
    used("react-native-screens", "~4.26.0"),
    used("react-native-web", "~0.21.0"),
    dev("@types/react", "~19.2.0"),
    TYPESCRIPT,
];

const PYTEST: Package = dev("pytest", ">=9.2,<10");

const FASTAPI: &[Package] = &[
    used("fastapi", ">=0.165,<1"),
    used("uvicorn", ">=0.54,<1"),
    // FastAPI's test client requires it.
    dev("httpx", ">=0.28,<1"),
    PYTEST,
];

const PYTHON: &[Package] = &[PYTEST];

const NOTEBOOK: &[Package] = &[
    used("jupyter", ">=1.1,<2"),
    used("matplotlib", ">=3.11,<4"),
    used("numpy", ">=2.4,<3"),
    used("pandas", ">=3.1,<4"),
    used("scikit-learn", ">=1.9,<2"),
    // Both come with Jupyter, and are listed because the test imports them.
    dev("ipython", ">=9.18,<10"),
    dev("nbformat", ">=5.11,<6"),
    PYTEST,
];

const SERDE: Package = with("serde", "1.0.229", &["derive"]);
const SERDE_JSON: Package = used("serde_json", "1.0.154");

const AXUM: &[Package] = &[
    used("axum", "0.8.9"),
    SERDE,
    SERDE_JSON,
    with(
        "tokio",
        "1.54.1",
        &["macros", "net", "rt-multi-thread", "signal", "sync", "time"],
    ),
    used("tracing", "0.1.44"),
    with("tracing-subscriber", "0.3.23", &["env-filter"]),
];

const RUST: &[Package] = &[
    used("anyhow", "1.0.104"),
    with("clap", "4.6.9", &["derive"]),
    SERDE,
    SERDE_JSON,
];

/// Returns the packages of a framework.
#[must_use]
pub const fn packages(framework: Framework) -> &'static [Package] {
    match framework {
        Framework::NextJs => NEXTJS,
        Framework::Static => &[],
        Framework::FastApi => FASTAPI,
        Framework::Express => EXPRESS,
        Framework::Axum => AXUM,
        Framework::Python => PYTHON,
        Framework::Rust => RUST,
        Framework::Notebook => NOTEBOOK,
        Framework::Expo => EXPO,
    }
}
