//! Names and markers of repositories.

use serde::{Deserialize, Serialize};

use super::super::{DeploymentId, ProjectId};
use eventrelay_analysis::text;
use eventrelay_core::checked_text;

/// Maximum length of a GitHub repository name.
const MAX_NAME_LENGTH: usize = 100;

/// Maximum length of a GitHub account name, including enterprise users
/// (<https://docs.github.com/en/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>).
const MAX_OWNER_LENGTH: usize = 39;

/// Maximum characters of a GitHub repository description.
const MAX_DESCRIPTION_LENGTH: usize = 350;

/// Maximum characters of a commit's first line that tools display.
const MAX_SUBJECT_LENGTH: usize = 72;

/// Maximum names tried for a repository: the requested name, then the name with `-2` to `-10`.
pub const MAX_NAMES: u32 = 10;

/// Error for a text that is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name that GitHub takes")]
pub struct InvalidName;

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $is_valid:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            fn read(text: &str) -> Result<Self, InvalidName> {
                let is_valid = $is_valid(text);
                is_valid.then(|| Self(text.to_owned())).ok_or(InvalidName)
            }

            /// Returns true if both are the same name. GitHub ignores case.
            #[must_use]
            pub fn is_same(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        checked_text!($name, InvalidName, $name::read);
    };
}

name!(
    /// Repository name: up to 100 ASCII letters, digits, `.`, `_` and `-`. It is not `.` or `..`,
    /// and does not end in `.git`, which GitHub removes or refuses.
    RepositoryName,
    is_repository
);
name!(
    /// Account name of a user or an organisation: up to 39 ASCII letters, digits, `-` and `_`, not
    /// beginning with `-`.
    Owner,
    is_owner
);

fn is_repository(text: &str) -> bool {
    let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_NAME_LENGTH).contains(&text.len())
        && text.bytes().all(is_byte)
        && text != "."
        && text != ".."
        && !text.to_ascii_lowercase().ends_with(".git")
}

fn is_owner(text: &str) -> bool {
    let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_OWNER_LENGTH).contains(&text.len())
        && text.bytes().all(is_byte)
        && !text.starts_with('-')
}

impl RepositoryName {
    /// Returns candidate `number`, counted from 1; `None` beyond [`MAX_NAMES`].
    #[must_use]
    pub fn candidate(&self, number: u32) -> Option<Self> {
        match number {
            1 => Some(self.clone()),
            2..=MAX_NAMES => {
                let suffix = format!("-{number}");
                let room = (MAX_NAME_LENGTH - suffix.len()).min(self.0.len());
                Some(Self(format!("{}{suffix}", &self.0[..room])))
            }
            _ => None,
        }
    }
}

/// Owner and name of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    pub owner: Owner,
    /// Name of the repository.
    pub name: RepositoryName,
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// Suffix of the description of a repository created for this project. It is the only proof that
/// the repository is ours.
#[must_use]
pub fn marker(project: &ProjectId) -> String {
    format!("[eventrelay:{project}]")
}

/// Builds the description of this project's repository: one line, cut to GitHub's 350 characters,
/// with the [`marker`].
#[must_use]
pub fn description(text: &str, project: &ProjectId) -> String {
    let marker = marker(project);
    let text = text::line(text, MAX_DESCRIPTION_LENGTH - marker.len() - 1);
    format!("{text} {marker}").trim_start().to_owned()
}

/// Returns true if a repository with this description was created for this project.
#[must_use]
pub fn bears_marker(description: Option<&str>, project: &ProjectId) -> bool {
    description.is_some_and(|text| text.ends_with(&marker(project)))
}

/// Branch of a deployment into an existing repository. Its content may have been changed, so a pull
/// request proposes the update instead of overwriting it.
#[must_use]
pub fn branch(deployment: &DeploymentId) -> String {
    format!("eventrelay/{deployment}")
}

/// Builds the commit message of a deployment: a line of at most 72 characters, and the origin as
/// trailers (<https://git-scm.com/docs/git-interpret-trailers>).
#[must_use]
pub fn commit_message(title: &str, project: &ProjectId, deployment: &DeploymentId) -> String {
    let title = match text::line(title, MAX_SUBJECT_LENGTH) {
        empty if empty.is_empty() => "Generated project".to_owned(),
        title => title,
    };
    format!("{title}\n\nEventRelay-Project: {project}\nEventRelay-Deployment: {deployment}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_says_where_it_comes_from() {
        let (project, deployment) = (ProjectId::random(), DeploymentId::random());
        let message = |title: &str| commit_message(title, &project, &deployment);
        let trailers =
            format!("EventRelay-Project: {project}\nEventRelay-Deployment: {deployment}\n");
        assert_eq!(
            message("A weather\n\nEventRelay-Project: x"),
            format!("A weather EventRelay-Project: x\n\n{trailers}")
        );
        assert_eq!(message(" "), format!("Generated project\n\n{trailers}"));
        let long = message(&"a".repeat(500));
        assert_eq!(long.lines().next().map(str::len), Some(72));
        assert_eq!(branch(&deployment), format!("eventrelay/{deployment}"));
    }

    #[test]
    fn a_repository_is_called_as_github_takes_it() {
        let longest = "a".repeat(100);
        for name in ["weather-app", "_", "a.b", ".github", &longest] {
            assert!(name.parse::<RepositoryName>().is_ok(), "{name}");
        }
        let long = "a".repeat(101);
        for name in [
            "", ".", "..", "a b", "a/b", "ä", "a.git", "a.GIT", ".git", "a\n", &long,
        ] {
            assert_eq!(name.parse::<RepositoryName>(), Err(InvalidName), "{name}");
        }
    }

    #[test]
    fn an_owner_is_called_as_github_takes_it() {
        for name in ["octocat", "a-b", "mona_corp"] {
            assert!(name.parse::<Owner>().is_ok(), "{name}");
        }
        let long = "a".repeat(40);
        for name in ["", "-a", "a/b", "..", "a b", &long] {
            assert_eq!(name.parse::<Owner>(), Err(InvalidName), "{name}");
        }
    }

    #[test]
    fn names_do_not_differ_by_the_case_of_their_letters() {
        let owner = |name: &str| name.parse::<Owner>().unwrap();
        assert!(owner("Mona").is_same(&owner("mona")));
        assert!(!owner("mona").is_same(&owner("mon")));
        let name = |name: &str| name.parse::<RepositoryName>().unwrap();
        assert!(name("Weather-App").is_same(&name("weather-app")));
        assert!(!name("weather-app").is_same(&name("weather_app")));
    }

    #[test]
    fn candidate_gives_10_names() {
        let name: RepositoryName = "weather-app".parse().unwrap();
        let candidate = |number| name.candidate(number).map(String::from);
        assert_eq!(candidate(0), None);
        assert_eq!(candidate(1).as_deref(), Some("weather-app"));
        assert_eq!(candidate(2).as_deref(), Some("weather-app-2"));
        assert_eq!(candidate(10).as_deref(), Some("weather-app-10"));
        assert_eq!(candidate(11), None);
        let longest: RepositoryName = "a".repeat(100).parse().unwrap();
        let tenth = longest.candidate(10).unwrap();
        assert!(tenth.as_str().parse::<RepositoryName>().is_ok());
        assert!(tenth.as_str().ends_with("a-10"));
    }

    #[test]
    fn repository_is_recognised_only_by_marker() {
        let (ours, other) = (ProjectId::random(), ProjectId::random());
        let text = description("A weather\n app\u{202e}", &ours);
        assert_eq!(text, format!("A weather app [eventrelay:{ours}]"));
        assert!(bears_marker(Some(&text), &ours));
        assert!(!bears_marker(Some(&text), &other));
        assert!(!bears_marker(Some(&format!("{text} fork")), &ours));
        assert!(!bears_marker(None, &ours));
        let long = description(&"ä ".repeat(500), &ours);
        assert!(long.chars().count() <= MAX_DESCRIPTION_LENGTH && bears_marker(Some(&long), &ours));
        assert_eq!(description("", &ours), marker(&ours));
    }
}
