//! Types of software and their frameworks.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::Language;

/// Type of software.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum ProjectType {
    /// Application for a browser.
    Web,
    /// HTTP service.
    Api,
    /// Program for the command line.
    Cli,
    /// Machine learning: a notebook and its modules.
    Ml,
    /// Application for mobile devices.
    Mobile,
}

/// Framework or language of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "lowercase")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Framework {
    /// Next.js application in TypeScript.
    NextJs,
    /// Static HTML, CSS and JavaScript.
    Static,
    /// FastAPI service in Python.
    FastApi,
    /// Express service in TypeScript.
    Express,
    /// HTTP service in Rust with axum.
    Axum,
    /// Command line program in Python.
    Python,
    /// Command line program in Rust.
    Rust,
    /// Jupyter notebook with its Python modules.
    Notebook,
    /// Expo application in TypeScript.
    Expo,
}

/// Error for a type of software that has no framework in the requested language, or not the
/// requested framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such framework of that kind")]
pub struct NoSuchFramework;

impl ProjectType {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Frameworks of this type, the default first.
    #[must_use]
    pub const fn frameworks(self) -> &'static [Framework] {
        match self {
            Self::Web => &[Framework::NextJs, Framework::Static],
            Self::Api => &[Framework::FastApi, Framework::Express, Framework::Axum],
            Self::Cli => &[Framework::Python, Framework::Rust],
            Self::Ml => &[Framework::Notebook],
            Self::Mobile => &[Framework::Expo],
        }
    }
}

impl Framework {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Chooses the framework that matches the request.
    ///
    /// # Errors
    /// [`NoSuchFramework`] if none matches.
    pub fn choose(
        kind: ProjectType,
        framework: Option<Self>,
        language: Option<Language>,
    ) -> Result<Self, NoSuchFramework> {
        let fits = |one: &&Self| {
            framework.is_none_or(|asked| asked == **one)
                && language.is_none_or(|asked| one.language() == asked)
        };
        let found = kind.frameworks().iter().find(fits);
        found.copied().ok_or(NoSuchFramework)
    }

    /// Programming language of the framework.
    #[must_use]
    pub const fn language(self) -> Language {
        match self {
            Self::NextJs | Self::Express | Self::Expo => Language::TypeScript,
            Self::Static => Language::JavaScript,
            Self::FastApi | Self::Python | Self::Notebook => Language::Python,
            Self::Axum | Self::Rust => Language::Rust,
        }
    }

    /// Entry file, which every plan contains because the templates refer to it.
    #[must_use]
    pub const fn entry(self) -> &'static str {
        match self {
            Self::NextJs => "app/page.tsx",
            Self::Static => "index.html",
            // The file exposes `app`.
            Self::FastApi => "app/main.py",
            // The file exports the application as its default, and listens when it is run.
            Self::Express => "src/index.ts",
            Self::Axum | Self::Rust => "src/main.rs",
            // The file exposes `main()`, which returns the exit status.
            Self::Python => "app/cli.py",
            Self::Notebook => "notebooks/analysis.ipynb",
            // The entry file of Expo Router.
            Self::Expo => "app/index.tsx",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_is_chosen_by_kind_and_language() {
        let choose = Framework::choose;
        assert_eq!(choose(ProjectType::Web, None, None), Ok(Framework::NextJs));
        assert_eq!(
            choose(ProjectType::Api, None, Some(Language::Rust)),
            Ok(Framework::Axum)
        );
        assert_eq!(
            choose(ProjectType::Api, Some(Framework::Expo), None),
            Err(NoSuchFramework)
        );
        assert_eq!(
            choose(ProjectType::Ml, None, Some(Language::Rust)),
            Err(NoSuchFramework)
        );
    }

    #[test]
    fn frameworks_have_unique_name_and_one_type() {
        let kinds = ProjectType::ALL.iter();
        let listed: Vec<_> = kinds.flat_map(|kind| kind.frameworks()).collect();
        assert_eq!(listed, Framework::ALL.iter().collect::<Vec<_>>());
        for one in Framework::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.into_str());
            assert_ne!(Language::of_path(one.entry()), Language::Text);
        }
    }
}
