//! Validation of the model's answer to the prompt for a plan.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Deserialize;

use super::{Dependency, Plan, PlannedFile, slug};
use crate::{Framework, Language, MAX_WRITTEN, Span, paths, templates};
use eventrelay_analysis::text;

/// Maximum characters of a title.
const MAX_TITLE_LENGTH: usize = 120;

/// Maximum characters of a summary.
const MAX_SUMMARY_LENGTH: usize = 2000;

/// Maximum characters of a file's purpose.
const MAX_PURPOSE_LENGTH: usize = 2000;

/// Maximum stretches of the video for a file.
const MAX_SOURCES: usize = 20;

/// Maximum dependencies of a file.
const MAX_NEEDS: usize = 12;

/// Maximum packages beside those of the templates.
pub const MAX_DEPENDENCIES: usize = 40;

/// Maximum bytes of a package name or version range.
const MAX_NAME_LENGTH: usize = 214;

/// Reason why a plan is invalid. The message tells the model how to repair it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The answer has no text.
    #[error("the answer is empty")]
    Empty,
    /// The answer does not match the schema.
    #[error("the answer is not of the schema: {0}")]
    NotTheSchema(String),
    /// The plan has too many files, or none.
    #[error("there are {0} files; plan at least one and at most {MAX_WRITTEN}")]
    Files(usize),
    /// The path is invalid.
    #[error("files[{at}].path: {why}")]
    Path { at: usize, why: paths::NotAPath },
    /// The path collides with another file or with a template.
    #[error("files[{0}].path collides with another file, or with one that is made elsewhere")]
    Taken(usize),
    /// The entry file is not planned.
    #[error("the entry `{0}` is not planned")]
    NoEntry(&'static str),
    /// The file is not a text file.
    #[error("files[{0}] is not a text file")]
    Binary(usize),
    /// The file has no purpose.
    #[error("files[{0}] has no purpose")]
    NoPurpose(usize),
    /// The file depends on a file that is not planned.
    #[error("files[{0}].depends_on names a file that is not planned")]
    Unknown(usize),
    /// The files have a circular dependency.
    #[error("the file `{0}` depends on itself, directly or through others")]
    Circle(String),
    /// The dependency is not a valid package.
    #[error("dependencies[{0}] is no package of the registry with a range of versions")]
    Dependency(usize),
}

#[derive(Deserialize)]
struct Draft {
    title: String,
    #[serde(default)]
    summary: String,
    files: Vec<DraftFile>,
    #[serde(default)]
    dependencies: Vec<DraftDependency>,
}

#[derive(Deserialize)]
struct DraftFile {
    path: String,
    purpose: String,
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    sources: Vec<Span>,
}

#[derive(Deserialize)]
struct DraftDependency {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    dev: bool,
}

/// Context that a plan is validated against.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Framework of the project.
    pub framework: Framework,
    /// Paths of the template files.
    pub made_elsewhere: &'a [&'a str],
    /// Duration of the video in seconds, if known.
    pub duration_s: Option<f64>,
}

/// Parses and validates an answer.
///
/// # Errors
/// [`PlanError`] if any part of the plan is invalid.
pub fn read(answer: &str, bounds: Bounds<'_>) -> Result<Plan, PlanError> {
    let answer = text::without_fence(answer);
    if answer.is_empty() {
        return Err(PlanError::Empty);
    }
    // The message may quote the model's value.
    let shape = |error: serde_json::Error| text::line(&error.to_string(), 200);
    let draft: Draft =
        serde_json::from_str(answer).map_err(|error| PlanError::NotTheSchema(shape(error)))?;
    let title = match text::line(&draft.title, MAX_TITLE_LENGTH) {
        title if title.is_empty() => "Project".to_owned(),
        title => title,
    };
    let files = draft.files.into_iter().enumerate();
    let files = files
        .map(|(at, file)| planned(at, file, bounds.duration_s))
        .collect::<Result<Vec<_>, _>>()?;
    let dependencies = draft.dependencies.into_iter().enumerate();
    let dependencies = dependencies
        .map(|(at, package)| dependency(at, package, bounds.framework))
        .collect::<Result<Vec<_>, _>>()?;
    Plan {
        name: slug(&title),
        title,
        summary: text::block(&draft.summary, MAX_SUMMARY_LENGTH),
        framework: bounds.framework,
        files,
        dependencies,
    }
    .checked(bounds.made_elsewhere)
}

fn planned(at: usize, file: DraftFile, duration_s: Option<f64>) -> Result<PlannedFile, PlanError> {
    let mut depends_on = file.depends_on;
    depends_on.sort();
    depends_on.dedup();
    depends_on.truncate(MAX_NEEDS);
    let purpose = text::block(&file.purpose, MAX_PURPOSE_LENGTH);
    if purpose.is_empty() {
        return Err(PlanError::NoPurpose(at));
    }
    // An impossible time is no reason to reject a plan.
    let end = duration_s.unwrap_or(f64::MAX);
    let is_within = |span: &Span| (0.0..=span.end_s).contains(&span.start_s) && span.end_s <= end;
    Ok(PlannedFile {
        path: file.path,
        purpose,
        depends_on,
        sources: file
            .sources
            .into_iter()
            .filter(is_within)
            .take(MAX_SOURCES)
            .collect(),
    })
}

fn dependency(
    at: usize,
    package: DraftDependency,
    framework: Framework,
) -> Result<Dependency, PlanError> {
    // Text in manifests is limited to characters that need no escape in any format.
    let is_plain = |text: &str| {
        (1..=MAX_NAME_LENGTH).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".,<>=~^!*| -+".contains(c))
    };
    let name = package.name.trim();
    let version = package.version.as_deref().map(str::trim);
    let version = version.filter(|version| !version.is_empty() && *version != "*");
    if templates::could_have(framework, name) && version.is_none_or(is_plain) {
        Ok(Dependency {
            name: name.to_owned(),
            version: version.map(ToOwned::to_owned),
            dev: package.dev,
        })
    } else {
        Err(PlanError::Dependency(at))
    }
}

impl Plan {
    /// Validates the plan and sorts its files so that each follows its dependencies. Edited plans
    /// pass the same validation.
    ///
    /// # Errors
    /// [`PlanError`] if the plan is invalid.
    pub fn checked(mut self, made_elsewhere: &[&str]) -> Result<Self, PlanError> {
        if self.files.is_empty() || self.files.len() > MAX_WRITTEN {
            return Err(PlanError::Files(self.files.len()));
        }
        if self.dependencies.len() > MAX_DEPENDENCIES {
            return Err(PlanError::Dependency(MAX_DEPENDENCIES));
        }
        for (at, file) in self.files.iter().enumerate() {
            paths::check(&file.path).map_err(|why| PlanError::Path { at, why })?;
            if Language::of_path(&file.path) == Language::Binary {
                return Err(PlanError::Binary(at));
            }
        }
        let planned: Vec<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let all: Vec<&str> = made_elsewhere.iter().copied().chain(planned).collect();
        let taken = paths::collisions(&all).into_iter();
        if let Some(at) = taken
            .skip(made_elsewhere.len())
            .position(|other| other.is_some())
        {
            return Err(PlanError::Taken(at));
        }
        let entry = self.framework.entry();
        if !self.files.iter().any(|file| file.path == entry) {
            return Err(PlanError::NoEntry(entry));
        }
        self.files = in_order(self.files)?;
        Ok(self)
    }
}

/// Sorts with Kahn's algorithm. Among available files, the first planned comes first.
fn in_order(files: Vec<PlannedFile>) -> Result<Vec<PlannedFile>, PlanError> {
    let place: BTreeMap<&str, usize> = files
        .iter()
        .enumerate()
        .map(|(at, file)| (file.path.as_str(), at))
        .collect();
    let mut open: Vec<usize> = Vec::with_capacity(files.len());
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
    for (at, file) in files.iter().enumerate() {
        for path in &file.depends_on {
            let other = place.get(path.as_str()).ok_or(PlanError::Unknown(at))?;
            needed_by[*other].push(at);
        }
        open.push(file.depends_on.len());
    }
    let ready = (0..files.len()).filter(|at| open[*at] == 0);
    let mut ready: VecDeque<usize> = ready.collect();
    let mut order = Vec::with_capacity(files.len());
    while let Some(at) = ready.pop_front() {
        order.push(at);
        for other in &needed_by[at] {
            open[*other] -= 1;
            if open[*other] == 0 {
                ready.push_back(*other);
            }
        }
    }
    let done: BTreeSet<usize> = order.iter().copied().collect();
    if let Some(at) = (0..files.len()).find(|at| !done.contains(at)) {
        return Err(PlanError::Circle(files[at].path.clone()));
    }
    let mut files: Vec<Option<PlannedFile>> = files.into_iter().map(Some).collect();
    Ok(order
        .into_iter()
        .filter_map(|at| files[at].take())
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const BOUNDS: Bounds<'static> = Bounds {
        framework: Framework::FastApi,
        made_elsewhere: &["README.md", "app/__init__.py"],
        duration_s: Some(60.0),
    };

    fn file(path: &str, depends_on: &[&str]) -> Value {
        json!({"path": path, "purpose": "p", "depends_on": depends_on, "sources": []})
    }

    fn answer(files: Vec<Value>) -> Value {
        json!({"title": " My  App ", "summary": "s", "files": files, "dependencies": []})
    }

    fn read_value(value: &Value) -> Result<Plan, PlanError> {
        read(&value.to_string(), BOUNDS)
    }

    #[test]
    fn files_come_after_those_they_depend_on() {
        let plan = read_value(&answer(vec![
            file("app/main.py", &["app/store.py", "app/model.py"]),
            file("app/store.py", &["app/model.py"]),
            file("app/model.py", &[]),
        ]))
        .unwrap();
        let paths: Vec<_> = plan.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["app/model.py", "app/store.py", "app/main.py"]);
        assert_eq!(
            (plan.title.as_str(), plan.name.as_str()),
            ("My App", "my-app")
        );
    }

    #[test]
    fn read_refuses_invalid_plan_with_its_path() {
        let main = || file("app/main.py", &[]);
        let with = |more: Value| read_value(&answer(vec![main(), more])).unwrap_err();
        for path in [
            "../x.py",
            "/etc/x",
            "a\\b",
            "C:x",
            ".git/config",
            "nul.py",
            "a//b",
            "",
        ] {
            let error = with(file(path, &[]));
            assert!(
                matches!(error, PlanError::Path { at: 1, .. }),
                "{path}: {error}"
            );
        }
        for path in ["APP/main.py", "readme.MD", "app/main.py/x", "app"] {
            assert_eq!(with(file(path, &[])), PlanError::Taken(1), "{path}");
        }
        assert_eq!(with(file("a.png", &[])), PlanError::Binary(1));
        assert_eq!(with(file("a.py", &["b.py"])), PlanError::Unknown(1));
        assert_eq!(
            with(file("a.py", &["a.py"])),
            PlanError::Circle("a.py".into())
        );
        assert_eq!(
            read_value(&answer(vec![file("a.py", &[])])),
            Err(PlanError::NoEntry("app/main.py"))
        );
        assert_eq!(read_value(&answer(vec![])), Err(PlanError::Files(0)));
        let many = (0..=MAX_WRITTEN).map(|at| file(&format!("f{at}.py"), &[]));
        assert_eq!(
            read_value(&answer(many.collect())),
            Err(PlanError::Files(MAX_WRITTEN + 1))
        );
        assert_eq!(read("", BOUNDS), Err(PlanError::Empty));
        assert!(matches!(
            read("sorry", BOUNDS),
            Err(PlanError::NotTheSchema(_))
        ));
    }

    #[test]
    fn a_package_is_a_name_and_a_range() {
        let with = |name: &str, version: Value| {
            let mut answer = answer(vec![file("app/main.py", &[])]);
            answer["dependencies"] = json!([{"name": name, "version": version, "dev": false}]);
            read_value(&answer).map(|plan| plan.dependencies[0].clone())
        };
        assert_eq!(
            with("httpx", json!(">=0.27,<1")).unwrap().version.unwrap(),
            ">=0.27,<1"
        );
        assert_eq!(with("zope.interface", json!("*")).unwrap().version, None);
        for (name, version) in [
            ("x\"", json!(null)),
            ("", json!("1")),
            ("x", json!("git+https://host/x")),
            ("x", json!("file:../y")),
            ("x y", json!("1")),
            // The name is valid at npm, but the registry is PyPI.
            ("@scope/x", json!("1")),
        ] {
            assert_eq!(with(name, version), Err(PlanError::Dependency(0)), "{name}");
        }
    }

    #[test]
    fn a_time_outside_the_video_is_left_out() {
        let mut main = file("app/main.py", &[]);
        main["sources"] = json!([
            {"start_s": 0, "end_s": 60}, {"start_s": 50, "end_s": 61},
            {"start_s": 5, "end_s": 4}, {"start_s": -1, "end_s": 4},
        ]);
        let plan = read_value(&answer(vec![main])).unwrap();
        assert_eq!(
            plan.files[0].sources,
            [Span {
                start_s: 0.0,
                end_s: 60.0
            }]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            let _ = read(&text, BOUNDS);
        }

        /// Any dependency graph has an order or a circle.
        #[test]
        fn in_order_sorts_or_reports_circle(edges in proptest::collection::vec((0usize..8, 0usize..8), 0..16)) {
            let name = |at: usize| format!("app/f{at}.py");
            let mut files: Vec<_> = (0..8).map(|at| file(&name(at), &[])).collect();
            for (from, to) in &edges {
                let needs = files[*from]["depends_on"].as_array_mut().unwrap();
                needs.push(json!(name(*to)));
            }
            files.push(file("app/main.py", &[]));
            match read_value(&answer(files)) {
                Ok(plan) => {
                    let place = |path: &str| plan.files.iter().position(|file| file.path == path);
                    for file in &plan.files {
                        for need in &file.depends_on {
                            prop_assert!(place(need) < place(&file.path));
                        }
                    }
                    prop_assert_eq!(plan.files.len(), 9);
                }
                Err(error) => prop_assert!(matches!(error, PlanError::Circle(_))),
            }
        }
    }
}
