use serde_json::{Value, json};

use super::{
    companion::{Companion, line},
    module,
    question::{Chapter, PlanQuestion},
};

/// Maximum characters of a title.
const TITLE: usize = 80;
/// Maximum characters of a summary.
const SUMMARY: usize = 300;
/// Maximum characters of a requested feature.
const FEATURE: usize = 60;
/// Maximum number of features that are named.
const FEATURES: usize = 5;

/// Requested size of plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Load {
    /// Number of files, if it exceeds that of the sample.
    pub(in super::super) files: Option<usize>,
    /// Number of additional files that each depend on the previous one; `None` means half. The
    /// others have no dependency.
    pub(in super::super) chain: Option<usize>,
}

/// Returns the plan of a companion to the video.
pub(super) fn plan(question: &PlanQuestion, load: Load) -> Value {
    let video = question.video.clone().unwrap_or_default();
    let companion = Companion::new(&question.analysis, video.duration_s);
    let sample = question.framework.sample().plan();
    let sample_files = sample.files.len();
    let mut files: Vec<Value> = Vec::new();
    for file in sample.files {
        let (purpose, sources) = match file.sources {
            None => (
                companion.told(&file.purpose),
                companion.chapters.iter().map(source).collect(),
            ),
            Some(numbers) => (file.purpose, sources(&companion.chapters, &numbers)),
        };
        files.push(json!({
            "path": file.path,
            "purpose": purpose,
            "depends_on": file.depends_on,
            "sources": sources,
        }));
    }
    let more = load.files.unwrap_or(0).saturating_sub(sample_files);
    let chain = load.chain.unwrap_or(more / 2);
    for number in 1..=more {
        let before = (2..=chain)
            .contains(&number)
            .then(|| module::path(question.framework, number - 1));
        files.push(json!({
            "path": module::path(question.framework, number),
            "purpose": format!("Sums up stretches of the video, part {number}."),
            "depends_on": before.into_iter().collect::<Vec<_>>(),
            "sources": sources(&companion.chapters, &[number]),
        }));
    }
    let title = [video.title.as_deref(), question.analysis.title.as_deref()];
    let title = title.into_iter().flatten().map(|title| line(title, TITLE));
    let title = title.into_iter().find(|title| !title.is_empty());
    json!({
        "title": format!("{}: companion", title.as_deref().unwrap_or("Video")),
        "summary": summary(question),
        "files": files,
        "dependencies": sample.dependencies,
    })
}

fn summary(question: &PlanQuestion) -> String {
    let mut summary = "A companion to the video: its chapters and action items.".to_owned();
    let about = line(&question.analysis.summary, SUMMARY);
    if !about.is_empty() {
        summary = format!("{summary} {about}");
    }
    let features = question.features.iter().take(FEATURES);
    let features: Vec<String> = features.map(|feature| line(feature, FEATURE)).collect();
    if !features.is_empty() {
        summary = format!("{summary} Asked for: {}.", features.join(", "));
    }
    summary
}

fn sources(chapters: &[Chapter], numbers: &[usize]) -> Vec<Value> {
    let chapter = |number: &usize| chapters.get(number % chapters.len().max(1));
    let mut found: Vec<&Chapter> = numbers.iter().filter_map(chapter).collect();
    found.sort_by(|one, other| one.start_s.total_cmp(&other.start_s));
    found.dedup();
    found.into_iter().map(source).collect()
}

fn source(chapter: &Chapter) -> Value {
    json!({"start_s": chapter.start_s, "end_s": chapter.end_s})
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Question, sample::ALL},
        *,
    };

    fn asked(framework: &str, chapters: &[&str]) -> PlanQuestion {
        let chapter = |(index, title): (usize, &&str)| json!({"title": title, "start_s": index * 10, "end_s": index * 10 + 10});
        let chapters: Vec<Value> = chapters.iter().enumerate().map(chapter).collect();
        let question = json!({"task": "plan", "framework": framework, "features": ["dark mode"],
            "video": {"title": "Rust in\n10 minutes", "url": null, "duration_s": 25},
            "analysis": {"summary": "We learn Rust.", "chapters": chapters, "actions": []}});
        match Question::parse(&question.to_string()) {
            Some(Question::Plan(question)) => question,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plan_describes_the_video() {
        for (name, _) in ALL {
            let plan = plan(&asked(name, &["One", "Two", "Three"]), Load::default());
            assert_eq!(plan["title"], "Rust in 10 minutes: companion");
            let summary = plan["summary"].as_str().unwrap();
            assert!(
                summary.ends_with("We learn Rust. Asked for: dark mode."),
                "{summary}"
            );
            let files = plan["files"].as_array().unwrap();
            let data = files
                .iter()
                .find(|file| file["purpose"].as_str().unwrap().contains("[0-10] One"));
            let expected = json!([{"start_s": 0.0, "end_s": 10.0}, {"start_s": 10.0, "end_s": 20.0},
                {"start_s": 20.0, "end_s": 25.0}]);
            assert_eq!(data.unwrap()["sources"], expected, "{name}");
            let others = files
                .iter()
                .filter(|file| (1..3).contains(&file["sources"].as_array().unwrap().len()));
            assert!(others.count() > 0, "{name}");
        }
        let without = plan(&asked("rust", &[]), Load::default());
        let files = without["files"].as_array().unwrap();
        assert!(files.iter().all(|file| file["sources"] == json!([])));
    }

    #[test]
    fn plan_has_the_requested_size() {
        let load = |files, chain| Load {
            files: Some(files),
            chain,
        };
        let sizes = |load| {
            let plan = plan(&asked("python", &["One"]), load);
            let files = plan["files"].as_array().unwrap().clone();
            let parts: Vec<_> = files.iter().skip(6).collect();
            let chained = parts.iter().filter(|file| file["depends_on"] != json!([]));
            (files.len(), chained.count())
        };
        assert_eq!(sizes(Load::default()), (6, 0));
        assert_eq!(sizes(load(3, None)), (6, 0));
        assert_eq!(sizes(load(30, None)), (30, 11));
        assert_eq!(sizes(load(30, Some(3))), (30, 2));
        assert_eq!(sizes(load(30, Some(0))), (30, 0));
        assert_eq!(sizes(load(30, Some(1000))), (30, 23));
        let plan = plan(&asked("python", &[]), load(9, Some(2)));
        let last = &plan["files"].as_array().unwrap()[7];
        assert_eq!(last["path"], "app/part_002.py");
        assert_eq!(last["depends_on"], json!(["app/part_001.py"]));
    }
}
