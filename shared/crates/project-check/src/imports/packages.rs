//! Packages with a different import name, packages included in others, and packages used without an
//! import.

use super::super::manifests::{Registry, normalised};

/// Python modules with the packages that provide them, where the names differ.
const DISTRIBUTIONS: [(&str, &[&str]); 54] = [
    ("yaml", &["pyyaml"]),
    ("PIL", &["pillow"]),
    ("sklearn", &["scikit-learn"]),
    ("skimage", &["scikit-image"]),
    (
        "cv2",
        &[
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
        ],
    ),
    ("bs4", &["beautifulsoup4"]),
    ("dotenv", &["python-dotenv"]),
    ("dateutil", &["python-dateutil"]),
    ("jwt", &["pyjwt"]),
    ("jose", &["python-jose"]),
    ("multipart", &["python-multipart"]),
    ("python_multipart", &["python-multipart"]),
    ("slugify", &["python-slugify"]),
    ("docx", &["python-docx"]),
    ("pptx", &["python-pptx"]),
    ("magic", &["python-magic"]),
    ("telegram", &["python-telegram-bot"]),
    ("discord", &["discord-py"]),
    ("socketio", &["python-socketio"]),
    ("engineio", &["python-engineio"]),
    ("decouple", &["python-decouple"]),
    ("MySQLdb", &["mysqlclient"]),
    ("mysql", &["mysql-connector-python"]),
    ("psycopg2", &["psycopg2", "psycopg2-binary"]),
    ("psycopg", &["psycopg", "psycopg-binary"]),
    ("OpenSSL", &["pyopenssl"]),
    ("Crypto", &["pycryptodome"]),
    ("Cryptodome", &["pycryptodomex"]),
    ("nacl", &["pynacl"]),
    ("zmq", &["pyzmq"]),
    ("serial", &["pyserial"]),
    ("usb", &["pyusb"]),
    ("git", &["gitpython"]),
    ("github", &["pygithub"]),
    ("fitz", &["pymupdf"]),
    ("faiss", &["faiss-cpu", "faiss-gpu"]),
    ("attr", &["attrs"]),
    ("pkg_resources", &["setuptools"]),
    ("googleapiclient", &["google-api-python-client"]),
    ("google_auth_oauthlib", &["google-auth-oauthlib"]),
    ("youtube_transcript_api", &["youtube-transcript-api"]),
    ("mpl_toolkits", &["matplotlib"]),
    ("pylab", &["matplotlib"]),
    ("IPython", &["ipython"]),
    ("wx", &["wxpython"]),
    ("gi", &["pygobject"]),
    ("flask_sqlalchemy", &["flask-sqlalchemy"]),
    ("umap", &["umap-learn"]),
    ("imblearn", &["imbalanced-learn"]),
    ("ruamel", &["ruamel-yaml"]),
    ("markdown", &["markdown"]),
    ("websocket", &["websocket-client"]),
    ("lightning", &["lightning", "pytorch-lightning"]),
    ("haystack", &["haystack-ai"]),
];

/// Namespace packages that several distributions share.
const SHARED: [&str; 3] = ["google", "azure", "opentelemetry"];

/// Packages that a declared package includes.
const BROUGHT: [(Registry, &str, &[&str]); 31] = [
    (Registry::PyPi, "pydantic", &["fastapi"]),
    (Registry::PyPi, "starlette", &["fastapi"]),
    (
        Registry::PyPi,
        "typing-extensions",
        &["fastapi", "pydantic"],
    ),
    (Registry::PyPi, "annotated-types", &["fastapi", "pydantic"]),
    (Registry::PyPi, "anyio", &["fastapi", "httpx", "starlette"]),
    (Registry::PyPi, "click", &["uvicorn", "typer", "flask"]),
    (
        Registry::PyPi,
        "numpy",
        &["pandas", "scikit-learn", "matplotlib", "scipy"],
    ),
    (Registry::PyPi, "scipy", &["scikit-learn"]),
    (Registry::PyPi, "joblib", &["scikit-learn"]),
    (Registry::PyPi, "python-dateutil", &["pandas", "matplotlib"]),
    (Registry::PyPi, "pytz", &["pandas"]),
    (Registry::PyPi, "pillow", &["matplotlib"]),
    (
        Registry::PyPi,
        "ipython",
        &["jupyter", "ipykernel", "notebook"],
    ),
    (Registry::PyPi, "ipywidgets", &["jupyter"]),
    (Registry::PyPi, "nbformat", &["jupyter", "notebook"]),
    (Registry::PyPi, "nbconvert", &["jupyter", "notebook"]),
    (Registry::PyPi, "nbclient", &["jupyter", "nbconvert"]),
    (Registry::PyPi, "matplotlib", &["seaborn"]),
    (Registry::PyPi, "pandas", &["seaborn"]),
    (Registry::PyPi, "werkzeug", &["flask"]),
    (Registry::PyPi, "jinja2", &["flask"]),
    (Registry::PyPi, "urllib3", &["requests"]),
    (Registry::PyPi, "rich", &["typer"]),
    (Registry::PyPi, "pluggy", &["pytest"]),
    (Registry::Npm, "server-only", &["next"]),
    (Registry::Npm, "client-only", &["next"]),
    (Registry::Npm, "@expo/vector-icons", &["expo"]),
    (Registry::Npm, "@react-navigation/native", &["expo-router"]),
    (Registry::Npm, "expo-modules-core", &["expo"]),
    (Registry::Npm, "expo-asset", &["expo"]),
    (Registry::Npm, "expo-font", &["expo"]),
];

/// Framework packages and tools, used in configuration, by commands, or at run time.
const TOOLS: [(Registry, &[&str]); 3] = [
    (
        Registry::Npm,
        &[
            "next",
            "react",
            "react-dom",
            "typescript",
            "tsx",
            "express",
            "expo",
            "expo-router",
            "expo-status-bar",
            "expo-linking",
            "expo-constants",
            "react-native",
            "react-native-safe-area-context",
            "react-native-screens",
            "react-native-gesture-handler",
            "react-native-reanimated",
            "react-native-web",
            "nodemon",
            "ts-node",
            "prettier",
            "tailwindcss",
            "postcss",
            "autoprefixer",
            "vitest",
            "jest",
            "jsdom",
            "sharp",
            "husky",
            "lint-staged",
            "rimraf",
            "concurrently",
            "cross-env",
            "pino-pretty",
            "vite",
        ],
    ),
    (
        Registry::PyPi,
        &[
            "fastapi",
            "uvicorn",
            "gunicorn",
            "pytest",
            "httpx",
            "jupyter",
            "jupyterlab",
            "notebook",
            "ipykernel",
            "ruff",
            "black",
            "mypy",
            "isort",
            "flake8",
            "pylint",
            "coverage",
            "tox",
            "pre-commit",
            "setuptools",
            "wheel",
            "pip",
            "python-multipart",
            "email-validator",
            "psycopg2-binary",
            "psycopg2",
            "aiosqlite",
            "asyncpg",
            "aiomysql",
            "pymysql",
            "openpyxl",
            "pyarrow",
            "lxml",
            "html5lib",
            "tabulate",
            "numpy",
            "pandas",
            "matplotlib",
            "scikit-learn",
            "itsdangerous",
            "bcrypt",
            "cryptography",
            "greenlet",
            "uvloop",
            "orjson",
            "nbconvert",
            "nbclient",
            "accelerate",
        ],
    ),
    (
        Registry::Crates,
        &[
            "axum",
            "tokio",
            "serde",
            "serde_json",
            "tracing",
            "tracing-subscriber",
            "clap",
            "anyhow",
        ],
    ),
];

/// Name prefixes of tools and of packages that only provide types.
const TOOLS_BEGIN: [&str; 8] = [
    "@types/",
    "eslint",
    "@eslint/",
    "@typescript-eslint/",
    "prettier-",
    "pytest-",
    "types-",
    "@babel/",
];

/// Returns the PyPI packages that may provide a module, the most likely first. `names` are the
/// imported names.
pub(super) fn distributions(module: &str, names: &[String]) -> Vec<String> {
    let top = module.split('.').next().unwrap_or(module);
    if let Some((_, packages)) = DISTRIBUTIONS.iter().find(|(name, _)| *name == top) {
        return packages.iter().map(|name| (*name).to_owned()).collect();
    }
    if !SHARED.contains(&top) {
        return vec![normalised(top)];
    }
    // `google.cloud.storage` and `from google.cloud import storage` belong to google-cloud-storage.
    let parts: Vec<&str> = module.split('.').collect();
    let longer = names.iter().map(|name| format!("{module}.{name}"));
    let shorter = (2..=parts.len())
        .rev()
        .map(|count| parts[..count].join("."));
    let all = longer.chain(shorter).map(|name| normalised(&name));
    let mut all: Vec<String> = all.collect();
    all.push(top.to_owned());
    all
}

/// Returns the packages that include a package.
pub(super) fn brought(registry: Registry, name: &str) -> &'static [&'static str] {
    let found = BROUGHT
        .iter()
        .find(|(of, brought, _)| *of == registry && *brought == name);
    found.map_or(&[], |(_, _, by)| by)
}

/// Returns true if a package is used without an import.
pub(super) fn is_tool(registry: Registry, name: &str) -> bool {
    let listed = TOOLS
        .iter()
        .any(|(of, names)| *of == registry && names.contains(&name));
    listed || TOOLS_BEGIN.iter().any(|begins| name.starts_with(begins))
}
