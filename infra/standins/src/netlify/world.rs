//! Sites and their deploys.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::deploy::{Contents, Deploy, DeployState, response, timestamp};

#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) custom_domain: Option<String>,
    pub(super) created: Timestamp,
}

/// Everything that the stand-in stores.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) sites: Vec<Site>,
    pub(super) deploys: Vec<Deploy>,
    pub(super) contents: Contents,
}

impl World {
    /// Finds a site by its id, or by a name of its host.
    pub(super) fn site(&self, id_or_domain: &str) -> Option<&Site> {
        let name = id_or_domain.strip_suffix(".netlify.app");
        self.sites.iter().find(|site| {
            site.id == id_or_domain
                || Some(site.name.as_str()) == name
                || site.custom_domain.as_deref() == Some(id_or_domain)
        })
    }

    /// Returns the deploys of a site, newest first.
    pub(super) fn of_site(&self, id: &str) -> impl Iterator<Item = &Deploy> {
        let all = self.deploys.iter().rev();
        all.filter(move |deploy| deploy.site_id == id)
    }

    /// Returns the deploy that a site shows.
    fn published(&self, id: &str) -> Option<&Deploy> {
        let shown = |deploy: &&Deploy| !deploy.draft && deploy.state() == DeployState::Ready;
        self.of_site(id).find(shown)
    }

    /// Returns the file at a path of a site or a deploy.
    pub(super) fn file(&self, host: &str, path: &str) -> Option<&Bytes> {
        let deploy = match host.split_once("--") {
            Some((id, _)) => self.deploys.iter().find(|deploy| deploy.id == id)?,
            None => {
                let site = self.sites.iter().find(|site| site.name == host)?;
                self.published(&site.id)?
            }
        };
        self.contents.get(&deploy.site_id, deploy.files.get(path)?)
    }

    pub(super) fn site_to_json(&self, site: &Site, base_url: &str) -> Value {
        let placeholders = [
            ("@base@", base_url),
            ("@id@", &site.id),
            ("@name@", &site.name),
            ("@created@", &timestamp(site.created)),
        ];
        let mut body = response("site", &placeholders);
        if let Some(domain) = &site.custom_domain {
            body["custom_domain"] = json!(domain);
        }
        if let Some(deploy) = self.published(&site.id) {
            body["published_deploy"] = deploy.to_json(base_url, &self.contents);
        }
        body
    }

    pub(super) fn to_state(&self) -> Value {
        let site = |site: &Site| {
            let deploys = self.of_site(&site.id);
            let deploys: Vec<Value> = deploys.map(|one| one.to_json("", &self.contents)).collect();
            let published = self.published(&site.id);
            json!({
                "id": site.id,
                "name": site.name,
                "deploys": deploys,
                "files": published.map(|deploy| &deploy.files),
            })
        };
        self.sites.iter().map(site).collect()
    }
}
