//! Properties of software requests and of the model's answers to them.

use eventrelay::{
    error::Disposition,
    project::{
        Framework, MAX_IN_FILE, MAX_PROJECT_BYTES, MAX_WRITTEN, Origin, ProjectFile, Rule,
        generate, package, paths,
        plan::{self, Bounds},
        templates::{self, Facts},
    },
    readers,
};
use eventrelay_project_check::{ProjectContext, check_file, check_project};
use lambda_http::{Body, Request};

/// A body is what was asked for, within its bounds, or refused as a fault of the caller's. The
/// first byte says which route it is sent to.
pub(crate) fn build_body(data: &[u8]) {
    let Some((route, body)) = data.split_first() else {
        return;
    };
    let request: Request = http::Request::post("/")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .expect("a request");
    let refused = match route % 3 {
        0 => readers::project(&request).err(),
        1 => match readers::deployment(&request) {
            Ok(asked) => {
                let name = asked.repository.map(|name| name.to_string());
                assert!(name.is_none_or(|name| !name.contains('/') && name.len() <= 100));
                None
            }
            Err(error) => Some(error),
        },
        _ => readers::software(&request).err(),
    };
    if let Some(error) = refused {
        let status = error.problem().status;
        assert!((400..500).contains(&status), "{status}: {}", error.report());
        assert_eq!(error.disposition(), Disposition::Permanent);
        assert!(!error.detail().contains(char::is_control));
    }
}

/// The framework that the first byte picks, and the rest.
fn framework(data: &[u8]) -> Option<(Framework, &str)> {
    let (first, rest) = data.split_first()?;
    let framework = Framework::ALL[usize::from(*first) % Framework::ALL.len()];
    Some((framework, std::str::from_utf8(rest).ok()?))
}

/// Checks that a parsed plan can be executed.
///
/// Its paths are confined and differ from those of templates, and its files are in order of their
/// dependencies. The output of the templates can be packed and is deterministic.
pub(crate) fn project_plan(data: &[u8]) {
    let Some((framework, answer)) = framework(data) else {
        return;
    };
    let made_elsewhere = templates::paths(framework);
    let bounds = Bounds {
        framework,
        made_elsewhere,
        duration_s: Some(60.0),
    };
    let Ok(plan) = plan::read(answer, bounds) else {
        return;
    };
    assert!((1..=MAX_WRITTEN).contains(&plan.files.len()));
    let mut before: Vec<&str> = Vec::new();
    for file in &plan.files {
        assert!(paths::check(&file.path).is_ok(), "{}", file.path);
        assert!(!made_elsewhere.contains(&file.path.as_str()));
        for needed in &file.depends_on {
            assert!(before.contains(&needed.as_str()), "{}", file.path);
        }
        before.push(&file.path);
    }
    assert!(before.contains(&framework.entry()));
    let facts = Facts {
        video_title: plan.title.clone(),
        video_url: None,
        year: 2026,
        answered_by: Default::default(),
    };
    let files = templates::render(&plan, &facts);
    assert!(files.iter().map(|file| file.content.len()).sum::<usize>() < MAX_PROJECT_BYTES);
    let report = check_project(&files, framework);
    let broken = report.findings.iter().find(|finding| {
        let is_syntax = matches!(finding.rule, Rule::Syntax | Rule::DuplicateKey);
        is_syntax && files.iter().any(|file| file.path == finding.path)
    });
    assert!(broken.is_none(), "{broken:?}");
    let archive = package::archive(&files, &plan.name).expect("an archive");
    assert_eq!(package::archive(&files, &plan.name).ok(), Some(archive));
}

/// Checks that the findings for a file of any content are bounded and in order. The first byte picks
/// the language.
pub(crate) fn project_file(data: &[u8]) {
    const NAMES: [&str; 14] = [
        "app/main.py",
        "a.js",
        "a.ts",
        "app/page.tsx",
        "src/main.rs",
        "index.html",
        "a.css",
        "package.json",
        "pyproject.toml",
        "Cargo.toml",
        "a.yaml",
        "README.md",
        "notebooks/analysis.ipynb",
        "requirements.txt",
    ];
    let Some((first, content)) = data.split_first() else {
        return;
    };
    let path = NAMES[usize::from(*first) % NAMES.len()];
    let _ = std::str::from_utf8(content).map(generate::read);
    let file = ProjectFile {
        path: path.to_owned(),
        content: content.to_vec(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    };
    let all = NAMES.map(ToOwned::to_owned).into();
    let around = ProjectContext::new(Framework::NextJs, all, Default::default());
    let findings = check_file(&file, &around);
    assert!(findings.len() <= MAX_IN_FILE && findings.is_sorted());
    assert!(findings.iter().all(|finding| finding.path == path));
    assert_eq!(check_file(&file, &around), findings);
}
