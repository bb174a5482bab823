use serde::Deserialize;
use serde_json::Value;

/// A project of a framework with placeholders for facts about a video (see `holes`).
#[derive(Debug)]
pub(super) struct Sample {
    plan: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SamplePlan {
    /// Sorted so that dependencies come first.
    pub(super) files: Vec<SampleFile>,
    /// Packages beyond those of every project of the framework.
    pub(super) dependencies: Vec<Value>,
}

/// A file of the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleFile {
    pub(super) path: String,
    pub(super) purpose: String,
    pub(super) depends_on: Vec<String>,
    /// Indices of its chapters, counted from 0 and modulo their number. Null means all, and the
    /// file contains them.
    pub(super) sources: Option<Vec<usize>>,
}

impl Sample {
    pub(super) fn plan(&self) -> SamplePlan {
        serde_json::from_str(self.plan).expect("a sample's plan is written by hand and tested")
    }

    /// Returns the text of a file with its placeholders.
    pub(super) fn file(&self, path: &str) -> Option<&'static str> {
        let mut files = self.files.iter();
        files.find_map(|(name, text)| (*name == path).then_some(*text))
    }
}

macro_rules! sample {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &Sample {
            plan: include_str!(concat!("../../../samples/", $folder, "/plan.json")),
            files: &[$((
                $path,
                include_str!(concat!("../../../samples/", $folder, "/", $path)),
            )),+],
        }
    };
}

/// Framework, by its name in the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Framework {
    NextJs,
    Static,
    FastApi,
    Express,
    Axum,
    Python,
    Rust,
    Notebook,
    Expo,
}

impl Framework {
    pub(super) const fn sample(self) -> &'static Sample {
        match self {
            Self::NextJs => sample!("nextjs":
                "lib/companion.ts", "lib/time.ts", "lib/progress.ts",
                "components/chapter-list.tsx", "components/checklist.tsx",
                "app/api/chapters/route.ts", "app/page.tsx",
            ),
            Self::Static => sample!("static":
                "js/companion.js", "js/time.js", "js/progress.js", "js/main.js",
                "css/style.css", "index.html",
            ),
            Self::FastApi => sample!("fastapi":
                "app/models.py", "app/companion.py", "app/settings.py", "app/search.py",
                "app/main.py", "tests/test_search.py", "tests/test_main.py",
            ),
            Self::Express => sample!("express":
                "src/companion.ts", "src/search.ts", "src/problems.ts", "src/routes.ts",
                "src/index.ts", "tests/search.test.ts", "tests/index.test.ts",
            ),
            Self::Axum => sample!("axum":
                "src/companion.rs", "src/search.rs", "src/problem.rs", "src/routes.rs",
                "src/main.rs",
            ),
            Self::Python => sample!("python":
                "app/companion.py", "app/times.py", "app/progress.py", "app/cli.py",
                "tests/test_times.py", "tests/test_cli.py",
            ),
            Self::Rust => sample!("rust":
                "src/companion.rs", "src/time.rs", "src/progress.rs", "src/command.rs",
                "src/main.rs",
            ),
            Self::Notebook => sample!("notebook":
                "data/companion.json", "app/data.py", "app/search.py", "app/plots.py",
                "notebooks/analysis.ipynb", "tests/test_data.py", "tests/test_search.py",
            ),
            Self::Expo => sample!("expo":
                "lib/companion.ts", "lib/time.ts", "lib/progress.ts",
                "components/action-row.tsx", "app/actions.tsx", "app/index.tsx",
            ),
        }
    }

    /// Returns the entry file.
    pub(super) const fn entry(self) -> &'static str {
        match self {
            Self::NextJs => "app/page.tsx",
            Self::Static => "index.html",
            Self::FastApi => "app/main.py",
            Self::Express => "src/index.ts",
            Self::Axum | Self::Rust => "src/main.rs",
            Self::Python => "app/cli.py",
            Self::Notebook => "notebooks/analysis.ipynb",
            Self::Expo => "app/index.tsx",
        }
    }

    /// Returns whether an import names the extension of a module.
    pub(super) const fn imports_with_ending(self) -> bool {
        matches!(self, Self::Static | Self::Express)
    }
}

#[cfg(test)]
pub(super) const ALL: [(&str, Framework); 9] = [
    ("nextjs", Framework::NextJs),
    ("static", Framework::Static),
    ("fastapi", Framework::FastApi),
    ("express", Framework::Express),
    ("axum", Framework::Axum),
    ("python", Framework::Python),
    ("rust", Framework::Rust),
    ("notebook", Framework::Notebook),
    ("expo", Framework::Expo),
];

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use serde_json::json;

    use super::*;

    fn on_disk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                on_disk(&path, found)
            } else {
                found.push(path)
            }
        }
    }

    #[test]
    fn sample_plan_table_and_folder_have_the_same_files() {
        for (name, framework) in ALL {
            assert_eq!(
                serde_json::from_value::<Framework>(json!(name)).unwrap(),
                framework
            );
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("samples")
                .join(name);
            let mut found = Vec::new();
            on_disk(&folder, &mut found);
            let found: BTreeSet<String> = found
                .iter()
                .map(|path| {
                    path.strip_prefix(&folder)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned()
                })
                .filter(|path| path != "plan.json")
                .collect();
            let sample = framework.sample();
            let paths = sample.files.iter().map(|(path, _)| (*path).to_owned());
            assert_eq!(paths.collect::<BTreeSet<_>>(), found, "{name}");
            let planned = sample.plan().files;
            let paths = planned.iter().map(|file| file.path.clone());
            assert_eq!(paths.collect::<BTreeSet<_>>(), found, "{name}");
            assert_eq!(planned.len(), found.len(), "{name}");
            assert!((4..=8).contains(&found.len()), "{name}");
            assert!(found.contains(framework.entry()), "{name}");
        }
    }

    #[test]
    fn sample_files_follow_their_dependencies() {
        for (name, framework) in ALL {
            let plan = framework.sample().plan();
            let mut before = BTreeSet::new();
            for file in &plan.files {
                for path in &file.depends_on {
                    assert!(before.contains(path), "{name}: {} needs {path}", file.path);
                }
                before.insert(file.path.clone());
            }
            let all = plan.files.iter().filter(|file| file.sources.is_none());
            assert_eq!(all.count(), 1, "{name}");
        }
    }
}
