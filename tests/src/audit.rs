//! Leftovers of finished jobs, found by scanning every store.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::{
    PATIENCE, Stack,
    faults::{DEAD_BUILDS, DEAD_LETTERS},
    until,
};

pub(crate) type Row = HashMap<String, AttributeValue>;

impl Stack {
    /// Describes everything that should not exist after every job has ended.
    ///
    /// These are open jobs, claims, objects and search entries of outdated analyses, files at
    /// Gemini, and leftovers of projects.
    pub async fn leftovers(&self) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for row in self.rows("JobsTable").await? {
            if is_open(&row) {
                found.push(format!("the job {} is open", text(&row, "pk")));
            }
        }
        let videos = self.rows("VideosTable").await?;
        let mut current = HashSet::new();
        for row in &videos {
            let (video, sk) = (text(row, "pk"), text(row, "sk"));
            if row.contains_key("owner") {
                found.push(format!("{} owns {video} {sk}", text(row, "owner")));
            }
            if sk.starts_with("v#") && row.contains_key("doc") && row.contains_key("etag") {
                current.insert((video.to_owned(), text(row, "etag").to_owned()));
            }
        }
        let objects = self.objects().await?;
        for key in &objects {
            let is_of_current = key.strip_prefix("analyses/").is_some_and(|rest| {
                rest.rsplit_once('/').is_some_and(|(video, name)| {
                    let etag = name.split('.').next().unwrap_or_default();
                    current.contains(&(video.to_owned(), etag.to_owned()))
                })
            });
            // Uploads of callers stay for later requests.
            let is_asked = key.starts_with("media/") || key.starts_with("transcripts/");
            let is_of_project = key.starts_with("projects/");
            if !is_of_current && !is_asked && !is_of_project {
                found.push(format!("nothing points at the object {key}"));
            }
        }
        for row in self.rows("SearchTable").await? {
            let (pk, sk) = (text(&row, "pk"), text(&row, "sk"));
            let named = match pk.split_at_checked(2) {
                Some(("d#", video)) => Some((video, sk)),
                Some(("t#", _)) => sk
                    .split_once(' ')
                    .and_then(|(_, document)| document.split_once(' ')),
                _ => continue,
            };
            let is_current = named.is_some_and(|(video, tag)| {
                current
                    .iter()
                    .any(|(known, etag)| known == video && etag.starts_with(tag))
            });
            if !is_current {
                found.push(format!("the search knows {pk} {sk}"));
            }
        }
        for file in self.gemini_files().await? {
            found.push(format!("Gemini holds {}", file["name"]));
        }
        found.extend(self.leftovers_of_projects(&objects).await?);
        Ok(found)
    }

    /// All rows of a table, by its logical id.
    pub async fn rows(&self, table: &str) -> anyhow::Result<Vec<Row>> {
        let pages = self
            .dynamodb()
            .scan()
            .table_name(self.name(table))
            .into_paginator();
        let rows: Result<Vec<_>, _> = pages.items().send().collect().await;
        Ok(rows?)
    }

    /// Rows of all dead letters that were not redriven.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<Value>> {
        // A recent dead letter is still on its way to its row. If its function fails, SQS delivers it
        // again after 150 s: the deadline leaves time for three deliveries.
        let empty = async || {
            let left = self.messages(DEAD_LETTERS).await? + self.messages(DEAD_BUILDS).await?;
            Ok((left == 0).then_some(()))
        };
        until(4 * PATIENCE, empty).await?;
        let mut rows = self.rows("JobsTable").await?;
        rows.retain(|row| text(row, "open") == "dead");
        let letters: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| serde_json::from_str(text(row, "doc")))
            .collect();
        Ok(letters?)
    }

    /// Keys of all objects of the bucket.
    pub async fn objects(&self) -> anyhow::Result<Vec<String>> {
        let mut pages = self
            .s3()
            .list_objects_v2()
            .bucket(self.name("Bucket"))
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page?.contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }
}

/// Returns whether a row is a job or a task that is not settled. Dead letters are not.
#[must_use]
pub fn is_open(row: &Row) -> bool {
    text(row, "open") == "1"
}

pub(crate) fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}
