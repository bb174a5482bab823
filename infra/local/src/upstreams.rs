//! Services that the functions call: the real ones, or stand-ins.

use std::collections::BTreeMap;

use eventrelay_standins::{Running, gemini, github, netlify, vercel, youtube};

/// Variables of this process that hold keys. Each comes with the functions' variable that names its
/// secret, and with the default name of that secret.
const KEYS: [(&str, &str, &str); 5] = [
    ("GEMINI_API_KEY", "GEMINI_SECRET", "eventrelay/gemini"),
    ("YOUTUBE_API_KEY", "YOUTUBE_SECRET", "eventrelay/youtube"),
    ("GITHUB_TOKEN", "GITHUB_SECRET", "eventrelay/github"),
    ("VERCEL_TOKEN", "VERCEL_SECRET", "eventrelay/vercel"),
    ("NETLIFY_AUTH_TOKEN", "NETLIFY_SECRET", "eventrelay/netlify"),
];

/// Deployment targets: the variable that names the secret, the default name of the secret, and the
/// variable of the base URL.
const TARGETS: [(&str, &str, &str); 3] = [
    ("GITHUB_SECRET", "eventrelay/github", "GITHUB_BASE_URL"),
    ("VERCEL_SECRET", "eventrelay/vercel", "VERCEL_BASE_URL"),
    ("NETLIFY_SECRET", "eventrelay/netlify", "NETLIFY_BASE_URL"),
];

/// Running stand-ins, and the configuration that makes functions use them.
pub(crate) struct Upstreams {
    pub(crate) standins: BTreeMap<String, Running>,
    /// Environment variables of the functions.
    pub(crate) variables: BTreeMap<String, String>,
    /// Values of the secrets by name. They are in no environment and on no disk.
    pub(crate) secrets: BTreeMap<String, String>,
}

impl Upstreams {
    /// Starts a stand-in for each service that `own`, the environment of this process, has no key
    /// for. YouTube's stand-in runs only with Gemini's. A deployment target is not configured if
    /// the variable of its secret's name is empty.
    ///
    /// # Errors
    /// If a stand-in cannot listen.
    pub(crate) async fn start(mut own: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut variables = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        let without = |names: &str| own.get(names).is_some_and(String::is_empty);
        let targets: Vec<_> = TARGETS
            .into_iter()
            .filter(|(names, _, _)| !without(names))
            .collect();
        for (variable, names, secret) in KEYS {
            // An empty key counts as missing.
            let key = own.remove(variable).filter(|key| !key.trim().is_empty());
            let name = own.remove(names).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| secret.to_owned());
            // Without a secret, the functions call YouTube's oEmbed.
            variables.insert(
                names.to_owned(),
                key.as_ref().map_or_else(String::new, |_| name.clone()),
            );
            if let Some(key) = key {
                secrets.insert(name, key);
            }
        }
        let mut standins = BTreeMap::new();
        if variables["GEMINI_SECRET"].is_empty() {
            let (gemini, youtube) = (gemini::start(0).await?, youtube::start(0).await?);
            // If the environment names another service, that service's answers name their own
            // class.
            if own.get("GEMINI_BASE_URL").is_none_or(String::is_empty) {
                variables.insert("ANSWER_CLASS".to_owned(), "stand-in".to_owned());
            }
            for (name, value) in [
                ("GEMINI_SECRET", "eventrelay/gemini"),
                ("GEMINI_BASE_URL", &gemini.base_url),
                ("YOUTUBE_BASE_URL", &youtube.base_url),
                ("YOUTUBE_OEMBED_BASE_URL", &youtube.base_url),
            ] {
                variables.insert(name.to_owned(), value.to_owned());
            }
            secrets.insert("eventrelay/gemini".to_owned(), "stand-in".to_owned());
            standins.insert("gemini".to_owned(), gemini);
            standins.insert("youtube".to_owned(), youtube);
        }
        for (names, secret, url) in targets {
            if !variables[names].is_empty() {
                continue;
            }
            let standin = match names {
                "GITHUB_SECRET" => github::start(0).await?,
                "VERCEL_SECRET" => vercel::start(0).await?,
                _ => netlify::start(0).await?,
            };
            variables.insert(names.to_owned(), secret.to_owned());
            variables.insert(url.to_owned(), standin.base_url.clone());
            secrets.insert(secret.to_owned(), "stand-in".to_owned());
            let service = secret.trim_start_matches("eventrelay/");
            standins.insert(service.to_owned(), standin);
        }
        variables.extend(own);
        Ok(Self {
            standins,
            variables,
            secrets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn start(own: &[(&str, &str)]) -> Upstreams {
        let own = own
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Upstreams::start(own.collect()).await.unwrap()
    }

    #[tokio::test]
    async fn upstreams_without_keys_are_standins() {
        let upstreams = start(&[
            ("YOUTUBE_BASE_URL", "http://127.0.0.1:9"),
            ("GEMINI_API_KEY", ""),
        ])
        .await;
        let variables = &upstreams.variables;
        assert_eq!(variables["GEMINI_SECRET"], "eventrelay/gemini");
        assert_eq!(upstreams.secrets["eventrelay/gemini"], "stand-in");
        assert_eq!(variables["ANSWER_CLASS"], "stand-in");
        assert_eq!(
            variables["GEMINI_BASE_URL"],
            upstreams.standins["gemini"].base_url
        );
        assert_eq!(
            variables["YOUTUBE_OEMBED_BASE_URL"],
            upstreams.standins["youtube"].base_url
        );
        assert_eq!(variables["YOUTUBE_BASE_URL"], "http://127.0.0.1:9");
        assert_eq!(variables["YOUTUBE_SECRET"], "");
        assert_eq!(upstreams.secrets.len(), 4);
        assert_eq!(
            variables["GITHUB_BASE_URL"],
            upstreams.standins["github"].base_url
        );
    }

    #[tokio::test]
    async fn target_with_an_empty_secret_name_is_not_configured() {
        let upstreams = start(&[("GITHUB_SECRET", ""), ("VERCEL_SECRET", "mine")]).await;
        assert_eq!(upstreams.variables["GITHUB_SECRET"], "");
        assert!(!upstreams.standins.contains_key("github"));
        assert!(!upstreams.secrets.contains_key("eventrelay/github"));
        assert_eq!(upstreams.variables["VERCEL_SECRET"], "eventrelay/vercel");
        assert!(upstreams.standins.contains_key("vercel"));
    }

    #[tokio::test]
    async fn upstreams_with_keys_are_the_real_services() {
        let upstreams = start(&[
            ("GEMINI_API_KEY", "k"),
            ("YOUTUBE_API_KEY", "y"),
            ("YOUTUBE_SECRET", "mine"),
            ("GITHUB_TOKEN", "g"),
            ("VERCEL_TOKEN", "v"),
            ("NETLIFY_AUTH_TOKEN", "n"),
        ])
        .await;
        assert!(upstreams.standins.is_empty());
        let names = ["GEMINI_SECRET", "YOUTUBE_SECRET"].map(|name| &upstreams.variables[name]);
        assert_eq!(names, ["eventrelay/gemini", "mine"]);
        assert_eq!(upstreams.secrets["eventrelay/gemini"], "k");
        assert_eq!(upstreams.secrets["mine"], "y");
        assert!(
            upstreams
                .variables
                .values()
                .all(|value| !["k", "y", "g", "v", "n"].contains(&value.as_str())),
            "no key becomes a variable"
        );
        assert!(!upstreams.variables.contains_key("GEMINI_BASE_URL"));
        assert!(!upstreams.variables.contains_key("ANSWER_CLASS"));
        let other = start(&[("GEMINI_BASE_URL", "http://127.0.0.1:9")]).await;
        assert!(!other.variables.contains_key("ANSWER_CLASS"));
    }
}
