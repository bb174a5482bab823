//! Deployment targets.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::super::Framework;

/// Deployment target of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeploymentTarget")
)]
pub enum Target {
    /// Repository at GitHub.
    #[serde(rename = "github")]
    #[strum(to_string = "github")]
    GitHub,
    /// Repository at GitHub, published with GitHub Pages.
    #[serde(rename = "github_pages")]
    #[strum(to_string = "github_pages")]
    GitHubPages,
    /// Vercel, which builds the project.
    Vercel,
    /// Netlify, which serves the files unchanged.
    Netlify,
}

impl Target {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns true if the target supports software of this framework.
    ///
    /// A repository holds any project, a static host needs static files, and a builder needs a
    /// supported framework (<https://vercel.com/docs/frameworks>).
    #[must_use]
    pub const fn takes(self, framework: Framework) -> bool {
        match self {
            Self::GitHub => true,
            Self::GitHubPages | Self::Netlify => matches!(framework, Framework::Static),
            Self::Vercel => matches!(
                framework,
                Framework::NextJs | Framework::Static | Framework::Express | Framework::FastApi
            ),
        }
    }

    /// Returns true if the target creates a repository.
    #[must_use]
    pub const fn has_repository(self) -> bool {
        matches!(self, Self::GitHub | Self::GitHubPages)
    }

    /// Configuration that a deployment needs, as named by
    /// [`eventrelay_core::error::Error::NotConfigured`].
    #[must_use]
    pub const fn needs(self) -> &'static str {
        match self {
            Self::GitHub | Self::GitHubPages => "a token of GitHub",
            Self::Vercel => "a token of Vercel",
            Self::Netlify => "a token of Netlify",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_takes_what_it_can_keep_serve_or_build() {
        let taken = |target: Target| -> Vec<_> {
            let all = Framework::ALL.iter().copied();
            all.filter(|one| target.takes(*one)).collect()
        };
        assert_eq!(taken(Target::GitHub), Framework::ALL);
        assert_eq!(taken(Target::GitHubPages), [Framework::Static]);
        assert_eq!(taken(Target::Netlify), [Framework::Static]);
        assert_eq!(
            taken(Target::Vercel),
            [
                Framework::NextJs,
                Framework::Static,
                Framework::FastApi,
                Framework::Express
            ]
        );
    }

    #[test]
    fn targets_serialize_as_their_name() {
        for target in Target::ALL {
            assert_eq!(serde_json::to_value(target).unwrap(), target.into_str());
        }
    }
}
