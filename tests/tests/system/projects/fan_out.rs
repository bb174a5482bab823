//! A large plan: its files are written side by side, each after those that it needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Question, analysed, asked, each, made, paths, questions};

/// Most questions that were under way at once.
fn most_at_once(questions: &[Question]) -> usize {
    let at = |moment: u64| {
        let is_under_way = |question: &&Question| {
            question.from_ms <= moment && question.until_ms.is_some_and(|end| moment < end)
        };
        questions.iter().filter(is_under_way).count()
    };
    let begun = questions.iter().map(|question| at(question.from_ms));
    begun.max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_written_concurrently_after_their_dependencies() {
    let stack = analysed(&[]).await;
    let load = json!({"project_files": 30, "project_chain": 5, "generate_ms": 500});
    stack.gemini_settings(load).await.unwrap();
    let job = asked(&stack, json!({"project_type": "cli"})).await;
    let project = made(&stack, &job).await;
    let plan = project["plan"]["files"].as_array().unwrap();
    assert_eq!(plan.len(), 30);

    let mut asked = questions(&stack).await;
    asked.retain(|question| question.path().is_some());
    let mut written = paths(&asked);
    written.sort_unstable();
    let mut planned = each(&project["plan"]["files"], "path");
    planned.sort_unstable();
    assert_eq!(written, planned, "each is asked for once");
    assert!(most_at_once(&asked) > 1);

    let by_path: BTreeMap<&str, &Question> = asked
        .iter()
        .filter_map(|question| Some((question.path()?, question)))
        .collect();
    let links = project["manifest"]["files"].as_array().unwrap().iter();
    let links: BTreeMap<&str, &str> = links
        .map(|entry| {
            (
                entry["path"].as_str().unwrap(),
                entry["link"].as_str().unwrap(),
            )
        })
        .collect();
    let mut chained = 0;
    for file in plan {
        let question = by_path[file["path"].as_str().unwrap()];
        let shown = &question.document["depends_on"];
        let needs: Vec<&str> = file["depends_on"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| path.as_str().unwrap())
            .collect();
        assert_eq!(each(shown, "path"), needs);
        for text in shown.as_array().unwrap() {
            let path = text["path"].as_str().unwrap();
            let earlier = by_path[path].until_ms.unwrap();
            assert!(earlier <= question.from_ms, "{path} after {}", file["path"]);
            let content = stack.get(links[path]).await.unwrap().expect(200).text();
            assert_eq!(text["content"], content, "{path}");
            chained += usize::from(path.contains("part_"));
        }
    }
    assert_eq!(chained, 4, "five in a chain");
    // The question for a file contains the whole plan.
    let known = &by_path["app/cli.py"].document["plan"]["files"];
    assert_eq!(known.as_array().map(Vec::len), Some(30));
    assert_eq!(project["usage"]["model_calls"], Value::from(31));
}
