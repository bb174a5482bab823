//! Settings, digests and project names for Vercel and Netlify.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::{Framework, ProjectFile, ProjectId};
use super::sha1;

/// Maximum length of a site name that leaves room for deploy host names. Netlify prefixes 24 digits
/// and two hyphens, and a label has 63 characters (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 37;

/// Digits of the project's id in its name: 40 random bits (RFC 9562, 5.7).
const DIGITS: usize = 10;

/// Builds the name of a project at Vercel and Netlify, at most 37 characters.
///
/// The name ends with the end of the project's id, so it is unique and deterministic. `name` comes
/// from [`super::super::plan::slug`].
#[must_use]
pub fn host_name(name: &str, project: &ProjectId) -> String {
    let id = project.as_str();
    let digits = &id[id.len() - DIGITS..];
    let room = MAX_HOST_LENGTH - DIGITS - 1;
    let name = name.get(..room).unwrap_or(name).trim_end_matches('-');
    format!("{name}-{digits}")
}

/// Build settings of a project at Vercel. Vercel detects a missing setting itself
/// (<https://vercel.com/docs/rest-api/deployments/create-a-new-deployment>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VercelSettings {
    /// Name of a preset; `None` for files that are served unchanged.
    pub framework: Option<&'static str>,
    pub build_command: Option<&'static str>,
    /// Command that installs the dependencies.
    pub install_command: Option<&'static str>,
    /// Directory of the build output.
    pub output_directory: Option<&'static str>,
}

/// Returns the settings of a framework; `None` if Vercel does not support it
/// ([`super::Target::takes`]).
#[must_use]
pub const fn vercel_settings(framework: Framework) -> Option<VercelSettings> {
    let framework = match framework {
        Framework::NextJs => Some("nextjs"),
        Framework::FastApi => Some("fastapi"),
        Framework::Express => Some("express"),
        Framework::Static => None,
        Framework::Axum
        | Framework::Python
        | Framework::Rust
        | Framework::Notebook
        | Framework::Expo => return None,
    };
    Some(VercelSettings {
        framework,
        build_command: None,
        install_command: None,
        output_directory: None,
    })
}

/// Returns true if a static site serves the file. Names that begin with a dot belong to tools and
/// are not served, except `.well-known` (RFC 8615).
#[must_use]
pub fn is_published(path: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && part != ".well-known";
    !path.split('/').any(is_hidden)
}

/// Computes the digest of a Netlify deploy: the SHA-1 of each [`is_published`] file, by its path
/// with a leading `/`.
#[must_use]
pub fn digests(files: &[ProjectFile]) -> BTreeMap<String, String> {
    let published = files.iter().filter(|file| is_published(&file.path));
    published
        .map(|file| (format!("/{}", file.path), sha1(&file.content)))
        .collect()
}

/// Returns the paths that Netlify requests by SHA-1, one a content, without a leading `/`.
#[must_use]
pub fn required<'a>(digests: &'a BTreeMap<String, String>, asked: &[String]) -> Vec<&'a str> {
    let by_content: BTreeMap<&str, &str> = digests
        .iter()
        .map(|(path, digest)| (digest.as_str(), path.trim_start_matches('/')))
        .collect();
    let asked: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    let paths = asked.iter().filter_map(|digest| by_content.get(digest));
    paths.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::super::samples::{file, files};
    use super::*;

    #[test]
    fn a_project_has_a_host_name_of_its_own() {
        let (one, other) = (ProjectId::random(), ProjectId::random());
        let name = host_name("weather-app", &one);
        assert_eq!(name, host_name("weather-app", &one));
        assert_ne!(name, host_name("weather-app", &other));
        assert!(name.starts_with("weather-app-"));
        for slug in ["a", &"a".repeat(40), &format!("{}-b", "a".repeat(25))] {
            let name = host_name(slug, &one);
            assert!(name.len() <= MAX_HOST_LENGTH, "{name}");
            assert!(!name.contains("--"), "{name}");
        }
    }

    #[test]
    fn vercel_is_told_of_each_framework_that_it_takes() {
        for &framework in Framework::ALL {
            let settings = vercel_settings(framework);
            assert_eq!(settings.is_some(), Target::Vercel.takes(framework));
        }
        assert_eq!(
            serde_json::to_value(vercel_settings(Framework::NextJs)).unwrap(),
            serde_json::json!({"framework": "nextjs", "buildCommand": null, "installCommand": null, "outputDirectory": null})
        );
    }

    #[test]
    fn dot_files_of_tools_are_not_published() {
        let mut files = files();
        files.push(file(".github/workflows/ci.yml", "on: push\n"));
        files.push(file(".well-known/security.txt", "Contact: x\n"));
        let digests = digests(&files);
        let paths: Vec<_> = digests.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "/.well-known/security.txt",
                "/bin/run",
                "/images/a.png",
                "/images/b.png",
                "/index.html",
                "/notes/empty.txt"
            ]
        );
        assert_eq!(digests["/index.html"], sha1(&files[4].content));
    }

    #[test]
    fn each_content_that_is_asked_for_is_sent_once() {
        let files = files();
        let digests = digests(&files);
        let picture = sha1(&files[2].content);
        let asked = [picture.clone(), picture, sha1(b"unknown"), sha1(b"")];
        let mut paths = required(&digests, &asked);
        paths.sort_unstable();
        assert_eq!(paths, ["images/b.png", "notes/empty.txt"]);
        assert_eq!(required(&digests, &[]), [""; 0]);
    }
}
