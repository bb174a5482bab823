//! Stored state of a stack, by kind.

use eventrelay_tests::Stack;

use crate::blur::anonymous;

/// Rows whose number and content the story decides; limits and counters are beside them.
const TABLES: [&str; 4] = ["VideosTable", "JobsTable", "ProjectsTable", "SearchTable"];

/// Every row, by its key and the names of its attributes, and every object, by its key.
pub(crate) async fn snapshot(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for table in TABLES {
        for row in stack.rows(table).await? {
            let key = ["pk", "sk", "id"].map(|name| row.get(name).and_then(|key| key.as_s().ok()));
            let key: Vec<_> = key
                .into_iter()
                .flatten()
                .map(|key| anonymous(key))
                .collect();
            // Totals are spread over rows by chance.
            if key.first().is_some_and(|key| key == "corpus") {
                continue;
            }
            let mut names: Vec<_> = row.keys().map(String::as_str).collect();
            names.sort_unstable();
            all.push(format!("{table} {} {}", key.join(" "), names.join(" ")));
        }
    }
    let objects = stack.objects().await?;
    all.extend(
        objects
            .iter()
            .map(|key| format!("bucket {}", anonymous(key))),
    );
    all.sort_unstable();
    Ok(all)
}
