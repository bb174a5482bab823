//! Leftovers of builds, found independently of the product's own bookkeeping.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use anyhow::Context as _;
use serde_json::Value;

use crate::{Stack, audit::text};

/// Length of the prefix of a plan's entity tag that names the folder of its drafts.
const OF_PLAN: usize = 16;

/// Objects of one project that rows refer to.
#[derive(Debug, Default)]
struct Named {
    /// Its document, or null.
    project: Value,
    /// Entity tags of its manifests: its own and those that were deployed.
    manifests: BTreeSet<String>,
    /// SHA-256 of the files in them.
    files: BTreeSet<String>,
}

impl Stack {
    /// Describes leftovers of projects and deployments after every build has ended. `objects` are the
    /// keys of the bucket.
    pub(crate) async fn leftovers_of_projects(
        &self,
        objects: &[String],
    ) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut projects = BTreeMap::<String, Named>::new();
        for row in self.rows("ProjectsTable").await? {
            let id = text(&row, "id").to_owned();
            let doc: Value = serde_json::from_str(text(&row, "doc"))?;
            let status = part(&doc, "status");
            if ["planning", "building", "running"].contains(&status) {
                found.push(format!("{id} is {status}"));
            }
            if id.starts_with("prj_") {
                let made = part(&doc["made"], "manifest").to_owned();
                let named = projects.entry(id).or_default();
                named.manifests.extend((!made.is_empty()).then_some(made));
                named.project = doc;
            } else {
                let named = projects
                    .entry(part(&doc, "project").to_owned())
                    .or_default();
                named.manifests.insert(part(&doc, "manifest").to_owned());
            }
        }
        for (id, named) in &mut projects {
            if named.project.is_null() {
                found.push(format!("{id} was deployed and is gone"));
            }
            for manifest in &named.manifests {
                let key = format!("projects/{id}/manifest-{manifest}.json.gz");
                let listed = self.stored_json(&key).await?;
                let files = listed["files"].as_array().context("no list of files")?;
                let hashes = files.iter().map(|file| part(file, "sha256").to_owned());
                named.files.extend(hashes);
            }
        }
        for key in objects {
            let Some(rest) = key.strip_prefix("projects/") else {
                continue;
            };
            let (id, name) = rest.split_once('/').unwrap_or((rest, ""));
            let is_named = match projects.get(id) {
                Some(named) => named.has(name) || self.is_answer_of_plan(key, name).await?,
                None => false,
            };
            if !is_named {
                found.push(format!("nothing points at the object {key}"));
            }
        }
        Ok(found)
    }

    /// Returns whether an object is the paid answer for a plan, with which a retry begins. Answers
    /// for files are deleted with their builds.
    async fn is_answer_of_plan(&self, key: &str, name: &str) -> anyhow::Result<bool> {
        if !name.starts_with("made/") {
            return Ok(false);
        }
        let kept = self.stored_json(key).await?;
        let (_, build) = self.job_row(part(&kept, "job")).await?;
        Ok(build["work"]["kind"] == "project")
    }

    /// A document of the bucket that is packed with gzip.
    async fn stored_json(&self, key: &str) -> anyhow::Result<Value> {
        let read = self.s3().get_object().bucket(self.name("Bucket")).key(key);
        let read = read.send().await.with_context(|| key.to_owned())?;
        let packed = read.body.collect().await?.into_bytes();
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked)?;
        Ok(serde_json::from_slice(&unpacked)?)
    }
}

impl Named {
    /// Returns whether a row refers to this object.
    fn has(&self, name: &str) -> bool {
        let project = &self.project;
        let (kind, rest) = name.split_once(['-', '/']).unwrap_or((name, ""));
        let etag = rest.split('.').next().unwrap_or_default();
        let plan = part(project, "plan");
        match kind {
            "plan" => etag == plan,
            // Projects that are not ready are included.
            "report" => etag == part(project, "report") || part(project, "status") != "ready",
            "manifest" => self.manifests.contains(etag),
            "archive" => etag == part(&project["made"], "archive"),
            "files" => self.files.contains(etag),
            "drafts" => plan.get(..OF_PLAN).is_some_and(|of| rest.starts_with(of)),
            _ => false,
        }
    }
}

fn part<'a>(doc: &'a Value, name: &str) -> &'a str {
    doc[name].as_str().unwrap_or_default()
}
