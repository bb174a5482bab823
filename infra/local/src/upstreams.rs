//! Whom the functions call: the real Gemini and YouTube, or stand-ins.

use std::collections::BTreeMap;

use eventrelay_standins::{Running, gemini, youtube};

/// The stand-ins that run, and what the environment of the functions is given.
pub(crate) struct Upstreams {
    pub(crate) standins: BTreeMap<String, Running>,
    /// Values of the variables that functions declare.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Upstreams {
    /// Starts stand-ins unless `own`, the environment of this process, has a Gemini API key.
    ///
    /// # Errors
    /// When a stand-in cannot listen.
    pub(crate) async fn start(own: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut variables = BTreeMap::from([("YOUTUBE_API_KEY".to_owned(), String::new())]);
        let mut standins = BTreeMap::new();
        if own.get("GEMINI_API_KEY").is_none_or(String::is_empty) {
            let (gemini, youtube) = (gemini::start(0).await?, youtube::start(0).await?);
            for (name, value) in [
                ("GEMINI_API_KEY", "stand-in"),
                ("GEMINI_BASE_URL", &gemini.base_url),
                ("YOUTUBE_BASE_URL", &youtube.base_url),
                ("YOUTUBE_OEMBED_BASE_URL", &youtube.base_url),
            ] {
                variables.insert(name.to_owned(), value.to_owned());
            }
            standins.insert("gemini".to_owned(), gemini);
            standins.insert("youtube".to_owned(), youtube);
        }
        let own = own.into_iter().filter(|(name, value)| {
            // An empty key is none.
            name != "GEMINI_API_KEY" || !value.is_empty()
        });
        variables.extend(own);
        Ok(Self {
            standins,
            variables,
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
    async fn without_a_key_stand_ins_are_called() {
        let upstreams = start(&[
            ("YOUTUBE_BASE_URL", "http://127.0.0.1:9"),
            ("GEMINI_API_KEY", ""),
        ])
        .await;
        let variables = &upstreams.variables;
        assert_eq!(variables["GEMINI_API_KEY"], "stand-in");
        assert_eq!(
            variables["GEMINI_BASE_URL"],
            upstreams.standins["gemini"].base_url
        );
        assert_eq!(
            variables["YOUTUBE_OEMBED_BASE_URL"],
            upstreams.standins["youtube"].base_url
        );
        assert_eq!(variables["YOUTUBE_BASE_URL"], "http://127.0.0.1:9");
        assert_eq!(variables["YOUTUBE_API_KEY"], "");
    }

    #[tokio::test]
    async fn with_a_key_the_real_services_are_called() {
        let upstreams = start(&[("GEMINI_API_KEY", "k"), ("YOUTUBE_API_KEY", "y")]).await;
        assert!(upstreams.standins.is_empty());
        assert_eq!(upstreams.variables["GEMINI_API_KEY"], "k");
        assert_eq!(upstreams.variables["YOUTUBE_API_KEY"], "y");
        assert!(!upstreams.variables.contains_key("GEMINI_BASE_URL"));
    }
}
