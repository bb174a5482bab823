//! What nobody may leave behind: looked for where it would lie, not where the code says it is.

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
    /// All that is there and should not be, in words, once every job has ended: open jobs, claims,
    /// objects and search entries of analyses that are not current, files at Gemini, and what
    /// `leftovers_of_projects` finds.
    ///
    /// # Errors
    /// When a store does not answer.
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
            // These came with requests, and are there for the next one.
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

    /// All rows of a table, by the lower case of its name in the template.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn rows(&self, table: &str) -> anyhow::Result<Vec<Row>> {
        let pages = self
            .dynamodb()
            .scan()
            .table_name(self.name(table))
            .into_paginator();
        let rows: Result<Vec<_>, _> = pages.items().send().collect().await;
        Ok(rows?)
    }

    /// All dead letters that were not redriven, as their rows say.
    ///
    /// # Errors
    /// When a service does not answer, or the queue of the dead letters is not emptied in time.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<Value>> {
        // What was given up just now is on its way to its row, and comes again after 150 s where
        // whoever carries it dies.
        let empty = async || {
            let left = self.messages(DEAD_LETTERS).await? + self.messages(DEAD_BUILDS).await?;
            Ok((left == 0).then_some(()))
        };
        until(2 * PATIENCE, empty).await?;
        let mut rows = self.rows("JobsTable").await?;
        rows.retain(|row| text(row, "open") == "dead");
        let letters: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| serde_json::from_str(text(row, "doc")))
            .collect();
        Ok(letters?)
    }

    /// Keys of all objects of the bucket.
    ///
    /// # Errors
    /// When S3 does not answer.
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

/// Whether a row is that of a job or a task which is not settled. Dead letters are beside them.
#[must_use]
pub fn is_open(row: &Row) -> bool {
    text(row, "open") == "1"
}

pub(crate) fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}
