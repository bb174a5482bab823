use super::super::plan::{Dependency, PlannedFile};
use super::super::{Language, MOST_FILES, MOST_WRITTEN, Origin, Span};
use super::registry::Registry;
use super::*;

fn plan(framework: Framework) -> Plan {
    let file = |path: &str, purpose: &str, sources: &[(f64, f64)]| PlannedFile {
        path: path.to_owned(),
        purpose: purpose.to_owned(),
        depends_on: Vec::new(),
        sources: sources
            .iter()
            .map(|&(start_s, end_s)| Span { start_s, end_s })
            .collect(),
    };
    Plan {
        title: "Kitchen timer".to_owned(),
        summary: "Counts down.\n\nRings at the end.".to_owned(),
        framework,
        name: "kitchen-timer".to_owned(),
        files: vec![
            file(framework.entry(), "Where it begins", &[(83.4, 90.0), (83.9, 95.0)]),
            file("data/[days]/a b.txt", "Times | days", &[]),
        ],
        dependencies: Vec::new(),
    }
}

fn facts() -> Facts {
    Facts {
        video_title: "How to build a timer".to_owned(),
        video_url: Some("https://www.youtube.com/watch?v=jNQXAC9IVRw&t=4".to_owned()),
        year: 2026,
    }
}

fn shown(files: &[ProjectFile]) -> String {
    let show = |file: &ProjectFile| {
        let text = std::str::from_utf8(&file.content).unwrap();
        format!("==> {}\n{text}", file.path)
    };
    files.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_framework_has_its_files() {
    for framework in Framework::ALL {
        let files = render(&plan(framework), &facts());
        insta::assert_snapshot!(framework.as_str(), shown(&files));
    }
}
