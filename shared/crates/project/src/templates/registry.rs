//! Package names and version ranges of the registries.
//!
//! A plan's dependencies come from a model that processed an untrusted video. Only a name and a
//! range reach a manifest, never a URL, a path or an option.

use super::super::Framework;

/// Maximum length of a package name: npm's limit, the largest of the three.
const MAX_NAME_LENGTH: usize = 214;

const MAX_RANGE_LENGTH: usize = 100;

/// Package registry of a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registry {
    /// Registry of npm: <https://registry.npmjs.org>.
    Npm,
    /// Python Package Index, PyPI: <https://pypi.org>.
    PyPi,
    /// Registry of Rust crates: <https://crates.io>.
    CratesIo,
}

impl Registry {
    /// Returns the registry of a framework; `None` if it installs nothing.
    pub(super) const fn new(framework: Framework) -> Option<Self> {
        match framework {
            Framework::NextJs | Framework::Express | Framework::Expo => Some(Self::Npm),
            Framework::FastApi | Framework::Python | Framework::Notebook => Some(Self::PyPi),
            Framework::Axum | Framework::Rust => Some(Self::CratesIo),
            Framework::Static => None,
        }
    }

    /// Returns true if the package name is valid. On PyPI it may have extras: `name[one,two]`.
    pub(super) fn is_name(self, name: &str) -> bool {
        if name.len() > MAX_NAME_LENGTH {
            return false;
        }
        match self {
            Self::Npm => match name.strip_prefix('@').map(|name| name.split_once('/')) {
                None => is_npm_part(name),
                Some(Some((scope, name))) => is_npm_part(scope) && is_npm_part(name),
                Some(None) => false,
            },
            Self::PyPi => match name.split_once('[') {
                None => is_pypi_part(name),
                Some((name, extras)) => {
                    let extras = extras.strip_suffix(']').unwrap_or_default();
                    is_pypi_part(name) && extras.split(',').all(is_pypi_part)
                }
            },
            Self::CratesIo => {
                name.len() <= 64
                    && name.starts_with(|first: char| first.is_ascii_alphabetic())
                    && name.bytes().all(|b| is_word(b) || b == b'_' || b == b'-')
            }
        }
    }

    /// Normalizes a package name for comparison: on PyPI the normal form without extras (PEP 503),
    /// on crates.io with unified hyphens.
    pub(super) fn key(self, name: &str) -> String {
        match self {
            Self::Npm => name.to_owned(),
            Self::PyPi => {
                let name = name.split('[').next().unwrap_or(name).to_ascii_lowercase();
                let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join("-")
            }
            Self::CratesIo => name.to_ascii_lowercase().replace('_', "-"),
        }
    }

    /// Returns the valid version range, or the registry's form for any version.
    pub(super) fn range(self, version: Option<&str>) -> &str {
        match version.map(str::trim) {
            Some(version) if self.is_range(version) => version,
            _ => self.any(),
        }
    }

    const fn any(self) -> &'static str {
        match self {
            Self::Npm | Self::CratesIo => "*",
            Self::PyPi => "",
        }
    }

    fn is_range(self, version: &str) -> bool {
        if version.is_empty() || version.len() > MAX_RANGE_LENGTH {
            return false;
        }
        match self {
            // npm comparators look like cargo's, but are separated by spaces. A text with `:` or
            // `/` is a URL, a path or another package, and a word is a tag.
            Self::Npm => version.split("||").all(|range| {
                let mut comparators = range.split_whitespace().peekable();
                comparators.peek().is_some()
                    && comparators
                        .all(|one| !one.contains(',') && semver::VersionReq::parse(one).is_ok())
            }),
            Self::PyPi => version.split(',').all(is_clause),
            Self::CratesIo => semver::VersionReq::parse(version).is_ok(),
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Checks npm's rule for new packages: lower-case letters, digits and four marks, two of which
/// cannot come first.
fn is_npm_part(name: &str) -> bool {
    !name.starts_with(['.', '_', '-'])
        && !["", "node_modules", "favicon.ico"].contains(&name)
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._~".contains(&b))
}

/// Returns true for a PEP 440 clause of released versions: `>=1.2`, `==1.*`.
fn is_clause(clause: &str) -> bool {
    let clause = clause.trim();
    let number = clause.trim_start_matches(['<', '>', '=', '!', '~']);
    let operator = &clause[..clause.len() - number.len()];
    let exact = ["==", "!="].contains(&operator);
    let number = number.trim_start();
    let number = match number.strip_suffix(".*") {
        Some(prefix) if exact => prefix,
        _ => number,
    };
    let is_part =
        |part: &str| (1..=16).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (exact || ["<", "<=", ">=", ">", "~="].contains(&operator)) && number.split('.').all(is_part)
}

/// Checks PEP 508's rule for names: letters and digits at both ends.
fn is_pypi_part(name: &str) -> bool {
    let ends = |end: Option<u8>| end.is_some_and(is_word);
    ends(name.bytes().next())
        && ends(name.bytes().next_back())
        && name.bytes().all(|b| is_word(b) || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::Registry::{CratesIo, Npm, PyPi};

    #[test]
    fn a_name_is_a_name_in_its_registry() {
        for (registry, name, good) in [
            (Npm, "react", true),
            (Npm, "@types/react-dom", true),
            (Npm, "React", false),
            (Npm, "@types", false),
            (Npm, "a/b", false),
            (Npm, "..", false),
            (Npm, "", false),
            (Npm, "node_modules", false),
            (PyPi, "scikit-learn", true),
            (PyPi, "uvicorn[standard]", true),
            (PyPi, "a[b,c-d]", true),
            (PyPi, "a[b", false),
            (PyPi, "a[]", false),
            (PyPi, "-r", false),
            (PyPi, "a @ https://evil.example/a.whl", false),
            (PyPi, "a\n--index-url=x", false),
            (CratesIo, "serde_json", true),
            (CratesIo, "1a", false),
            (CratesIo, "a.b", false),
            (CratesIo, "", false),
        ] {
            assert_eq!(registry.is_name(name), good, "{registry:?} {name}");
        }
        assert!(!Npm.is_name(&"a".repeat(215)));
    }

    #[test]
    fn a_package_is_the_same_by_another_spelling() {
        assert_eq!(PyPi.key("Scikit_Learn"), PyPi.key("scikit-learn"));
        assert_eq!(PyPi.key("uvicorn[standard]"), "uvicorn");
        assert_eq!(CratesIo.key("tracing_subscriber"), "tracing-subscriber");
        assert_eq!(Npm.key("@types/node"), "@types/node");
    }

    #[test]
    fn only_a_range_is_a_range() {
        for (registry, version, range) in [
            (
                Npm,
                Some("^1.2.3 || >=2.0.0-beta <3"),
                "^1.2.3 || >=2.0.0-beta <3",
            ),
            (Npm, Some("1.x"), "1.x"),
            (Npm, Some("latest"), "*"),
            (Npm, Some("1.2.3 || "), "*"),
            (Npm, Some(">=1, <2"), "*"),
            (Npm, Some("https://evil.example/a.tgz"), "*"),
            (Npm, Some("file:../../etc"), "*"),
            (Npm, Some("someone/repository"), "*"),
            (Npm, Some(" "), "*"),
            (Npm, None, "*"),
            (PyPi, Some(">=1.0,<2"), ">=1.0,<2"),
            (PyPi, Some("~= 1.4.2"), "~= 1.4.2"),
            (PyPi, Some("==1.4.*,!=1.4.2"), "==1.4.*,!=1.4.2"),
            (PyPi, Some("1.4"), ""),
            (PyPi, Some(">=1.*"), ""),
            (PyPi, Some(">=latest"), ""),
            (PyPi, Some("===1"), ""),
            (PyPi, Some(">=1; python_version<'3'"), ""),
            (PyPi, Some(">=1,"), ""),
            (PyPi, Some("=>1"), ""),
            (CratesIo, Some("1.0"), "1.0"),
            (CratesIo, Some(">=1, <3"), ">=1, <3"),
            (CratesIo, Some("one"), "*"),
        ] {
            assert_eq!(registry.range(version), range, "{registry:?} {version:?}");
        }
    }
}
