mod hostile;

use std::collections::BTreeSet;

use saphyr::{LoadableYamlNode, Yaml};

use super::super::plan::{Dependency, PlannedFile};
use super::super::{Language, MAX_FILES, MAX_WRITTEN, Origin, Span};
use super::registry::Registry;
use super::*;
use eventrelay_project_check::has_syntax_error;

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
    let begins = [(83.4, 90.0), (83.9, 95.0), (3725.0, 3730.0)];
    Plan {
        title: "Kitchen timer".to_owned(),
        summary: "Counts down.\n\nRings at the end.".to_owned(),
        framework,
        name: "kitchen-timer".to_owned(),
        files: vec![
            file(framework.entry(), "Where it begins", &begins),
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
        answered_by: Default::default(),
    }
}

fn dependency(name: &str, version: Option<&str>, dev: bool) -> Dependency {
    Dependency {
        name: name.to_owned(),
        version: version.map(str::to_owned),
        dev,
    }
}

fn text<'a>(files: &'a [ProjectFile], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path).unwrap();
    std::str::from_utf8(&file.content).unwrap()
}

fn json(files: &[ProjectFile], path: &str) -> serde_json::Value {
    serde_json::from_str(text(files, path)).unwrap()
}

fn toml(files: &[ProjectFile], path: &str) -> toml::Table {
    toml::from_str(text(files, path)).unwrap()
}

fn parses(path: &str, text: &str) -> bool {
    !has_syntax_error(path, text)
}

#[test]
fn each_framework_has_its_files() {
    for &framework in Framework::ALL {
        let files = render(&plan(framework), &facts());
        let show = |file: &ProjectFile| format!("==> {}\n{}", file.path, text(&files, &file.path));
        let shown: Vec<String> = files.iter().map(show).collect();
        insta::assert_snapshot!(framework.into_str(), shown.join("\n"));
    }
}

#[test]
fn render_matches_reserved_paths() {
    for &framework in Framework::ALL {
        let files = render(&plan(framework), &facts());
        let found: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, paths(framework));
        assert!(found.is_sorted());
        assert!(!found.contains(&framework.entry()));
        assert!(found.len() + MAX_WRITTEN <= MAX_FILES);
        for file in &files {
            let of_ours = file.origin == Origin::Template && !file.executable;
            assert!(of_ours && file.sources.is_empty(), "{}", file.path);
            let text = text(&files, &file.path);
            assert!(
                text.ends_with('\n') && !text.ends_with("\n\n"),
                "{}",
                file.path
            );
            assert!(
                text.lines().all(|line| line.trim_end() == line),
                "{}",
                file.path
            );
        }
    }
}

#[test]
fn every_file_is_without_fault_in_its_language() {
    assert!(!parses("a.tsx", "const a = \";"));
    for &framework in Framework::ALL {
        for file in render(&plan(framework), &facts()) {
            let text = std::str::from_utf8(&file.content).unwrap();
            assert!(parses(&file.path, text), "{framework:?} {}", file.path);
        }
    }
}

#[test]
fn the_workflow_runs_the_commands_and_may_only_read() {
    for &framework in Framework::ALL {
        let files = render(&plan(framework), &facts());
        let workflow = Yaml::load_from_str(text(&files, ".github/workflows/ci.yml")).unwrap();
        let workflow = &workflow[0];
        let allowed = workflow["permissions"].as_mapping().unwrap();
        assert_eq!(allowed.len(), 1);
        assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"));
        let steps = workflow["jobs"]["check"]["steps"].as_vec().unwrap();
        let run: Vec<&str> = steps
            .iter()
            .filter_map(|step| step.as_mapping_get("run")?.as_str())
            .collect();
        let all = commands(framework);
        assert_eq!(run, [all.install, all.test, all.build].concat());
        assert!(!run.is_empty());
    }
}

#[test]
fn npm_knows_the_commands() {
    for &framework in Framework::ALL {
        if Registry::new(framework) != Some(Registry::Npm) {
            continue;
        }
        let manifest = json(&render(&plan(framework), &facts()), "package.json");
        let all = commands(framework);
        for line in [all.run, all.test, all.build].concat() {
            let script = line.trim_start_matches("npm ").trim_start_matches("run ");
            assert!(
                manifest["scripts"][script].is_string(),
                "{framework:?} {line}"
            );
        }
    }
}

#[test]
fn the_base_packages_are_names_and_ranges_of_their_registry() {
    for &framework in Framework::ALL {
        let all = packages(framework);
        let Some(registry) = Registry::new(framework) else {
            assert!(all.is_empty());
            continue;
        };
        let keys: BTreeSet<String> = all.iter().map(|one| registry.key(one.name)).collect();
        assert_eq!(keys.len(), all.len());
        for one in all {
            assert!(registry.is_name(one.name), "{}", one.name);
            assert_eq!(
                registry.range(Some(one.version)),
                one.version,
                "{}",
                one.name
            );
            assert!(one.features.is_empty() || registry == Registry::CratesIo);
        }
    }
}

#[test]
fn a_plans_packages_stand_beside_them() {
    let mut plan = plan(Framework::NextJs);
    plan.dependencies = vec![
        dependency("zod", None, false),
        dependency("react", Some("17"), false),
        dependency("typescript", None, false),
        dependency("zod", None, true),
        dependency("vitest", Some("^4.0.0"), true),
        dependency("evil", Some("https://evil.example/a.tgz"), false),
        dependency("../evil", None, false),
    ];
    let manifest = json(&render(&plan, &facts()), "package.json");
    let names = |part: &str| {
        manifest[part]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("dependencies"),
        ["evil", "next", "react", "react-dom", "zod"]
    );
    assert_eq!(manifest["dependencies"]["react"], "^19.3.0");
    assert_eq!(manifest["dependencies"]["zod"], "*");
    assert_eq!(manifest["dependencies"]["evil"], "*");
    assert_eq!(manifest["devDependencies"]["vitest"], "^4.0.0");
    assert_eq!(manifest["devDependencies"]["typescript"], "~6.0.3");

    plan.framework = Framework::FastApi;
    plan.dependencies = vec![
        dependency("FastAPI", None, false),
        dependency("python-dotenv", None, false),
        dependency("SQLAlchemy", Some(">=2,<3"), false),
        dependency("a\n--index-url https://evil.example", None, false),
        dependency("respx", None, true),
    ];
    let files = render(&plan, &facts());
    let wanted = [
        "fastapi>=0.165,<1",
        "python-dotenv",
        "SQLAlchemy>=2,<3",
        "uvicorn>=0.54,<1",
    ];
    let listed: Vec<_> = text(&files, "requirements.txt").lines().skip(1).collect();
    assert_eq!(listed, wanted);
    let project = &toml(&files, "pyproject.toml")["project"];
    let list = |list: &toml::Value| list.clone().try_into::<Vec<String>>().unwrap();
    assert_eq!(list(&project["dependencies"]), wanted);
    let dev = list(&project["optional-dependencies"]["dev"]);
    assert_eq!(dev, ["httpx>=0.28,<1", "pytest>=9.2,<10", "respx"]);

    plan.framework = Framework::Axum;
    plan.dependencies = vec![
        dependency("serde-json", None, false),
        dependency("uuid", Some("1"), false),
        dependency("tower", None, true),
    ];
    let manifest = toml(&render(&plan, &facts()), "Cargo.toml");
    let used = manifest["dependencies"].as_table().unwrap();
    assert!(!used.contains_key("serde-json"));
    assert_eq!(used["uuid"].as_str(), Some("1"));
    assert_eq!(used["serde"]["features"][0].as_str(), Some("derive"));
    assert_eq!(manifest["dev-dependencies"]["tower"].as_str(), Some("*"));
}

#[test]
fn own_name_differs_from_dependencies() {
    let named = |framework, name: &str| {
        let mut plan = plan(framework);
        name.clone_into(&mut plan.name);
        let files = render(&plan, &facts());
        match Registry::new(framework).unwrap() {
            Registry::Npm => json(&files, "package.json")["name"]
                .as_str()
                .unwrap()
                .to_owned(),
            Registry::PyPi => toml(&files, "pyproject.toml")["project"]["name"]
                .as_str()
                .unwrap()
                .to_owned(),
            Registry::CratesIo => toml(&files, "Cargo.toml")["package"]["name"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    };
    assert_eq!(named(Framework::NextJs, "react"), "react-app");
    assert_eq!(named(Framework::NextJs, "match"), "match");
    assert_eq!(named(Framework::FastApi, "fastapi"), "fastapi-app");
    assert_eq!(named(Framework::Rust, "match"), "match-app");
    assert_eq!(named(Framework::Rust, "clap"), "clap-app");
    assert_eq!(named(Framework::Rust, "Not a Name!"), "not-a-name");
}

#[test]
fn readme_of_a_stand_in_says_so_before_anything_else() {
    let plan = plan(Framework::Rust);
    let real = render(&plan, &facts());
    assert!(!text(&real, "README.md").contains("stand-in"));
    let facts = Facts {
        answered_by: AnswerClass::StandIn,
        ..facts()
    };
    let files = render(&plan, &facts);
    let readme = text(&files, "README.md");
    let note = readme.lines().nth(2).unwrap();
    assert!(note.starts_with("> **No AI model was asked.**"), "{readme}");
    assert!(note.contains("GEMINI_API_KEY"), "{note}");
    assert!(readme.contains("written by a stand-in"));
}

#[test]
fn a_description_is_a_line() {
    let described = |summary: &str| {
        let mut plan = plan(Framework::NextJs);
        summary.clone_into(&mut plan.summary);
        json(&render(&plan, &facts()), "package.json")["description"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(described("\n One\tline \nand more"), "One line");
    assert_eq!(described(" "), "Kitchen timer");
    assert_eq!(
        described(&"word ".repeat(100)),
        "word ".repeat(39) + "word …"
    );
    assert_eq!(described(&"ä".repeat(300)), "ä".repeat(200));
}
