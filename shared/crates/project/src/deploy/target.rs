//! Where a project can be brought.

use serde::{Deserialize, Serialize};

use super::super::Framework;

/// Where a project can be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeploymentTarget")
)]
pub enum Target {
    /// A repository at GitHub.
    #[serde(rename = "github")]
    GitHub,
    /// A repository at GitHub that is served as a site.
    #[serde(rename = "github_pages")]
    GitHubPages,
    /// Vercel, which builds it.
    Vercel,
    /// Netlify, as it is.
    Netlify,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitHubPages, Self::Vercel, Self::Netlify];

    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitHubPages => "github_pages",
            Self::Vercel => "vercel",
            Self::Netlify => "netlify",
        }
    }

    /// Whether it can do something with software of this framework: what is only kept can be
    /// anything, what is only served must be made of files, what is built must be known to the
    /// builder (<https://vercel.com/docs/frameworks>).
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

    /// Whether it makes a repository.
    #[must_use]
    pub const fn has_repository(self) -> bool {
        matches!(self, Self::GitHub | Self::GitHubPages)
    }

    /// What a deployment to it needs, as [`eventrelay_core::error::Error::NotConfigured`] names it.
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
            let all = Framework::ALL.into_iter();
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
    fn each_is_written_by_its_name() {
        for target in Target::ALL {
            assert_eq!(serde_json::to_value(target).unwrap(), target.as_str());
        }
    }
}
