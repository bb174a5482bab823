//! Search by keywords: what is found, in which order, and that nothing is left behind in the index.

use std::collections::BTreeSet;

use crate::library::{Library, action, analysis, chapter, concept, etag, event, video};
use eventrelay::analysis::search::Query;
use serde_json::{Value, json};

/// Percent-encodes a query as a client does.
fn path(q: &str, more: &str) -> String {
    let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/v1/search?q={encoded}{more}")
}

async fn search(library: &Library, q: &str) -> Value {
    let response = library.stack.get(&path(q, "")).await.unwrap().expect(200);
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("content-type"), "application/json");
    response.json()
}

fn titles(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap().iter();
    results
        .map(|result| result["title"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn search_finds_words_prefixes_and_scripts() {
    let library = Library::start().await;
    for (number, (title, said)) in [
        ("Rust web server", "Built with Axum."),
        ("Rust in the kernel", "Drivers, not web pages"),
        ("Webbing", "An introduction to kitesurfing"),
        (
            "Crème brûlée",
            "Der Straßenkoch zeigt, wie man Zucker brennt",
        ),
        ("機械学習入門", "東京のデータ、香水"),
        ("C++ and C#", "Node.js für Anfänger"),
    ]
    .into_iter()
    .enumerate()
    {
        let analysis = analysis(title, json!({"events": [event(said, 5.0)]}));
        library.add(&video(number), &analysis).await;
    }
    for (q, expected) in [
        ("rust", vec!["Rust in the kernel", "Rust web server"]),
        ("RUST web axum", vec!["Rust web server"]),
        ("rust kitesurfing", vec![]),
        ("the rust of kernel", vec!["Rust in the kernel"]),
        ("the", vec!["Rust in the kernel"]),
        ("web", vec!["Rust in the kernel", "Rust web server"]),
        (
            "web*",
            vec!["Rust in the kernel", "Rust web server", "Webbing"],
        ),
        ("kern* ru*", vec!["Rust in the kernel"]),
        ("creme BRULEE", vec!["Crème brûlée"]),
        ("STRASSENKOCH", vec!["Crème brûlée"]),
        ("学習", vec!["機械学習入門"]),
        ("機械学習 データ", vec!["機械学習入門"]),
        ("水", vec!["機械学習入門"]),
        ("ﾃﾞｰﾀ", vec!["機械学習入門"]),
        ("学機", vec![]),
        ("c++", vec!["C++ and C#"]),
        ("c# anfanger", vec!["C++ and C#"]),
        ("c", vec![]),
        ("node", vec!["C++ and C#"]),
        ("node.js", vec!["C++ and C#"]),
        ("nothing", vec![]),
    ] {
        let answer = search(&library, q).await;
        let mut found = titles(&answer);
        found.sort_unstable();
        assert_eq!(found, expected, "{q}");
        assert_eq!(
            (&answer["query"], &answer["complete"]),
            (&json!(q), &json!(true))
        );
        assert!(answer.get("next").is_none());
    }
}

#[tokio::test]
async fn search_ranks_best_match_first_with_its_times() {
    let library = Library::start().await;
    // All have the same number of words, and one word matches.
    // Those that are to come first would come last if only their ids decided.
    let parts = ["title", "concept", "chapter", "event", "action"];
    for (number, at) in parts.iter().rev().enumerate() {
        let word = |part: &str| if *at == part { "kubernetes" } else { "filler" };
        let analysis = analysis(
            &format!("{at} {}", word("title")),
            json!({
                "key_concepts": [concept("Idea", word("concept"), Some(4.0))],
                "chapters": [chapter(word("chapter"), 90.5)],
                "events": [event(word("event"), 71.9)],
                "actions": [action(word("action"), 3_600.0)],
            }),
        );
        library.add(&video(number), &analysis).await;
    }
    let upload = format!("up:{}", "ab".repeat(32));
    let words: Vec<_> = (0..20)
        .map(|n| event(&format!("Terraform {n}"), f64::from(n)))
        .collect();
    let both = concept("Pods", "Terraform and pods", None);
    let content = json!({"events": words, "key_concepts": [both]});
    library.add(&upload, &analysis("Recording", content)).await;

    let answer = search(&library, "kubernetes").await;
    let found = titles(&answer);
    assert_eq!(
        found[..3],
        ["title kubernetes", "concept filler", "chapter filler"]
    );
    assert_eq!(found.len(), 5);
    let watch = "https://www.youtube.com/watch?v=";
    for (rank, number, part, at_s, text, t) in [
        (0, 4, "title", Value::Null, "title kubernetes", ""),
        (
            1,
            3,
            "key_concepts",
            json!(4.0),
            "Idea: kubernetes",
            "&t=4s",
        ),
        (2, 2, "chapters", json!(90.5), "kubernetes", "&t=90s"),
        (3, 0, "actions", json!(3600.0), "kubernetes", "&t=3600s"),
        (4, 1, "events", json!(71.9), "kubernetes", "&t=71s"),
    ] {
        let id = video(number);
        let result = &answer["results"][rank];
        let url = format!("{watch}{}{t}", &id[3..]);
        let only = json!([{"part": part, "text": text, "at_s": at_s, "url": url}]);
        assert_eq!(result["matches"], only);
        assert_eq!(result["video_id"], id);
        assert_eq!(result["category"], "devops");
        assert!(result["score"].as_f64().unwrap() > 0.0);
        let link = format!("{}/v1/videos/{id}?variant=1", library.stack.ready.api);
        assert_eq!(result["links"], json!({"video": link}));
    }
    let answer = search(&library, "pods terraform").await;
    let matches = answer["results"][0]["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 5);
    assert_eq!(matches[0]["text"], "Pods: Terraform and pods");
    assert!(
        matches.iter().all(|one| one["url"].is_null()),
        "{matches:?}"
    );
}

#[tokio::test]
async fn search_finds_only_the_current_analysis() {
    let library = Library::start().await;
    let (old, new) = (
        analysis("Old title", json!({})),
        analysis("New title", json!({})),
    );
    let id = video(1);
    let key = id.parse().unwrap();
    library.add(&id, &old).await;
    // Both are in the index until the old one is forgotten.
    library.add(&id, &new).await;
    assert_eq!(titles(&search(&library, "title").await), ["New title"]);
    assert_eq!(titles(&search(&library, "old").await), [""; 0]);

    // A document of a video without a finished analysis.
    let failed = video(2);
    library
        .index(&failed, &analysis("A failed title", json!({})))
        .await;
    library
        .put_row(&failed, "current", &[("owner", "job")])
        .await;
    let unknown = video(3);
    library
        .index(&unknown, &analysis("An unknown title", json!({})))
        .await;
    assert_eq!(titles(&search(&library, "title").await), ["New title"]);

    assert_eq!(library.documents().await, 4);
    let newest = etag(&id, &new);
    library.search.forget(&key, Some(&newest)).await.unwrap();
    library.search.forget(&key, Some(&newest)).await.unwrap();
    assert_eq!(
        (library.documents().await, library.corpus().await.0),
        (3, 3)
    );
    assert_eq!(titles(&search(&library, "title").await), ["New title"]);

    library.search.remove(&key, &newest[..16]).await.unwrap();
    library.search.remove(&key, &newest).await.unwrap();
    assert_eq!(titles(&search(&library, "title").await), [""; 0]);
    for id in [failed, unknown] {
        library
            .search
            .forget(&id.parse().unwrap(), None)
            .await
            .unwrap();
    }
    assert_eq!(library.leftovers().await, [""; 0]);
    assert_eq!(library.corpus().await, (0, 0));
}

#[tokio::test]
async fn search_results_are_paginated() {
    let library = Library::start().await;
    for number in 0..60 {
        let analysis = analysis(&format!("Lesson {number}"), json!({}));
        library.add(&video(number), &analysis).await;
        // The index still contains an older analysis of a third.
        if number % 3 == 0 {
            let older = self::analysis("Lesson lesson", json!({}));
            library.index(&video(number), &older).await;
        }
    }
    let mut seen = BTreeSet::new();
    let (mut more, mut sizes) = (String::new(), Vec::new());
    let last = loop {
        let answer = library
            .stack
            .get(&path("lesson", &format!("&limit=25{more}")))
            .await;
        let answer = answer.unwrap().expect(200).json();
        let page = titles(&answer);
        sizes.push(page.len());
        for title in page {
            assert!(seen.insert(title.to_owned()), "{title} twice");
        }
        match answer["cursor"].as_str() {
            Some(next) => more = format!("&cursor={next}"),
            None => break answer,
        }
        assert!(sizes.len() < 10);
    };
    assert_eq!((seen.len(), sizes), (60, vec![25, 25, 10]));
    assert_eq!(last["complete"], true);
    assert_eq!(titles(&search(&library, "lesson").await).len(), 10);

    // The last page's cursor is good for this query however it is written, and for no other.
    let same = library.stack.get(&path("The LESSON", &more)).await.unwrap();
    assert_eq!(titles(&same.expect(200).json()).len(), 10);
    for (q, more) in [
        ("lesson*", &*more),
        ("lesson", "&cursor=x"),
        ("lesson", "&cursor="),
    ] {
        let refused = library
            .stack
            .get(&path(q, more))
            .await
            .unwrap()
            .expect(422)
            .json();
        assert_eq!(refused["field"], "cursor");
    }
}

#[tokio::test]
async fn search_with_invalid_query_is_refused() {
    let library = Library::start().await;
    for (path, field) in [
        ("/v1/search".to_owned(), "q"),
        (path("", ""), "q"),
        (path(" \u{0} ?* ", ""), "q"),
        (path("c*", ""), "q"),
        (path(&"x".repeat(201), ""), "q"),
        (path("a1 a2 a3 a4 a5 a6 a7 a8 a9", ""), "q"),
        (path("rust", "&limit=0"), "limit"),
        (path("rust", "&limit=51"), "limit"),
        (path("rust", "&limit=many"), "limit"),
        (path("rust", "&cursor=AQAA"), "cursor"),
        (
            path("rust", &format!("&cursor={}", "A".repeat(5_000))),
            "cursor",
        ),
    ] {
        let refused = library.stack.get(&path).await.unwrap().expect(422);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.header("cache-control"), "no-store");
        let problem = refused.json();
        assert_eq!(problem["field"], field, "{path}");
        assert_eq!(problem["type"], "urn:eventrelay:problem:invalid-input");
    }
}

#[tokio::test]
async fn search_beyond_read_limit_reports_incomplete() {
    let library = Library::start().await;
    for number in 0..5 {
        let analysis = analysis("Big data", json!({}));
        library.add(&video(number), &analysis).await;
    }
    let find = async |q: &str, most| {
        let query = Query::parse(q).unwrap();
        let found = library
            .search
            .find_within(&query, 0, 10, most)
            .await
            .unwrap();
        (found.hits.len(), found.complete)
    };
    assert_eq!(find("data", 3).await, (3, false));
    assert_eq!(find("data", 5).await, (5, true));
    assert_eq!(find("data nothing", 3).await, (0, false));
    assert_eq!(find("dat* big", 4).await, (4, false));

    // More than a page of 1 MB.
    for number in 0..5 {
        library.blow_up("big", number, 300_000).await;
    }
    assert_eq!(find("big", 5).await, (5, true));
    assert_eq!(find("big", 4).await, (4, false));
}
