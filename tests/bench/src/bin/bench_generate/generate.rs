//! One project, from its submission to its end.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use eventrelay_tests::{PATIENCE, Stack, until};
use serde::Serialize;
use serde_json::{Value, json};

/// Work that the model is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) files: usize,
    /// As the stand-in of Gemini has it.
    pub(crate) chain: usize,
    pub(crate) answer_ms: u64,
}

/// A project that was made.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Made {
    /// From its submission to its end.
    pub(crate) wall_s: f64,
    /// Most files that wait each for the one before.
    pub(crate) chain: usize,
    /// Questions to the model.
    pub(crate) questions: usize,
    /// Most of them under way at once.
    pub(crate) at_once: usize,
}

/// Has a project made.
pub(crate) async fn run(stack: &Stack, video: &str, load: Load) -> anyhow::Result<Made> {
    let settings = json!({
        "project_files": load.files, "project_chain": load.chain, "generate_ms": load.answer_ms,
    });
    stack.gemini_settings(settings).await?;
    let before = stack.gemini_calls("").await?.len();
    let asked = json!({"project_type": "cli", "framework": "python"});
    let job = stack
        .accepted(&format!("/v1/videos/{video}/projects"), asked)
        .await?;
    let id = job["job_id"].as_str().context("no job id")?;
    let row = until(PATIENCE, async || {
        let (_, row) = stack.job_row(id).await?;
        Ok((row["settled"] == true).then_some(row))
    })
    .await?;
    ensure!(row["end"]["end"] == "done", "no project: {row:#}");
    let time = |name: &str| row[name].as_f64().context("no time");
    let wall_ms = time("updated_at")? - time("created_at")?;
    let project = job["links"]["project"].as_str().context("no link")?;
    let project = stack.get_json(project).await?;
    let files = project["plan"]["files"].as_array().context("no plan")?;
    ensure!(files.len() == load.files, "{} files", files.len());
    let calls = stack.gemini_calls("").await?.split_off(before);
    let arrivals = calls.iter().filter_map(|call| call["at_ms"].as_u64());
    let arrivals: Vec<u64> = arrivals.collect();
    Ok(Made {
        wall_s: wall_ms / 1000.0,
        chain: longest_chain(files),
        questions: arrivals.len(),
        at_once: most_at_once(&arrivals, load.answer_ms),
    })
}

/// Returns the length of the longest chain of files that depend on each other.
fn longest_chain(files: &[Value]) -> usize {
    let needs: HashMap<&str, Vec<&str>> = files
        .iter()
        .filter_map(|file| {
            let needs = file["depends_on"].as_array().into_iter().flatten();
            Some((
                file["path"].as_str()?,
                needs.filter_map(Value::as_str).collect(),
            ))
        })
        .collect();
    let mut known = HashMap::new();
    let lengths = needs.keys().map(|path| length(path, &needs, &mut known));
    lengths.max().unwrap_or(0)
}

fn length<'a>(
    path: &'a str,
    needs: &HashMap<&'a str, Vec<&'a str>>,
    known: &mut HashMap<&'a str, usize>,
) -> usize {
    if let Some(length) = known.get(path) {
        return *length;
    }
    let before = needs.get(path).into_iter().flatten();
    let before = before.filter(|other| needs.contains_key(*other));
    let longest = before.map(|other| length(other, needs, known)).max();
    let own = 1 + longest.unwrap_or(0);
    known.insert(path, own);
    own
}

/// Returns the maximum number of concurrent calls, each of which takes `answer_ms`.
fn most_at_once(arrivals: &[u64], answer_ms: u64) -> usize {
    let under_way = |at: &u64| {
        let began = arrivals.iter();
        began
            .filter(|other| *other <= at && *at < *other + answer_ms.max(1))
            .count()
    };
    arrivals.iter().map(under_way).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_chain_counts_dependent_files() {
        let file = |path: &str, needs: &[&str]| json!({"path": path, "depends_on": needs});
        let files = [
            file("a", &[]),
            file("b", &["a", "README.md"]),
            file("c", &["a", "b"]),
            file("d", &[]),
        ];
        assert_eq!(longest_chain(&files), 3);
        assert_eq!(longest_chain(&files[3..]), 1);
        assert_eq!(longest_chain(&[]), 0);
    }

    #[test]
    fn most_at_once_counts_overlapping_calls() {
        assert_eq!(most_at_once(&[0, 10, 1999, 2010, 9000], 2000), 3);
        assert_eq!(most_at_once(&[], 2000), 0);
    }
}
