//! `--watch`: rebuilds changed source and replaces what runs.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::MissedTickBehavior;

use crate::system::{Renewed, System};

/// Watched folders, and watched files of the root.
const FOLDERS: [&str; 2] = ["functions", "shared"];
const FILES: [&str; 3] = ["template.yaml", "Cargo.toml", "Cargo.lock"];

/// Poll interval. A poll of some hundred files takes milliseconds. Unlike notifications, it works
/// on every file system, including those of containers and of other machines.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Size and modification time of a file.
type Mark = (u64, Option<SystemTime>);

type Seen = BTreeMap<PathBuf, Mark>;

/// Detects changes of the source.
pub(crate) struct Changes {
    root: PathBuf,
    /// State of the last build.
    seen: Seen,
}

impl Changes {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            seen: look(root),
        }
    }

    /// Waits for a change, and until the changes stop: editors and git write several files.
    async fn next(&mut self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = self.seen.clone();
        loop {
            ticks.tick().await;
            let now = look(&self.root);
            if now == last && now != self.seen {
                self.seen = now;
                return;
            }
            last = now;
        }
    }
}

fn look(root: &Path) -> Seen {
    let mut seen = Seen::new();
    for file in FILES {
        note(root.join(file), &mut seen);
    }
    let mut folders: Vec<_> = FOLDERS.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        // The next poll finds a file that vanishes during this one.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => note(entry.path(), &mut seen),
                Err(_) => {}
            }
        }
    }
    seen
}

fn note(path: PathBuf, seen: &mut Seen) {
    if let Ok(metadata) = path.metadata() {
        seen.insert(path, (metadata.len(), metadata.modified().ok()));
    }
}

/// Rebuilds the system after every change.
pub(crate) async fn run(system: &mut System, mut changes: Changes) -> Infallible {
    eprintln!("Watching functions, shared and template.yaml.");
    loop {
        changes.next().await;
        if let Err(error) = renew(system).await {
            eprintln!("{error:#}\nThe previous version keeps running.");
        }
    }
}

/// Rebuilds the functions with running instances first, so that their callers do not wait until all
/// others are linked.
async fn renew(system: &mut System) -> anyhow::Result<()> {
    let mut was_silent = true;
    let running = system.running();
    if !running.is_empty() {
        let renewed = system.renew(Some(&running)).await?;
        if renewed != Renewed::default() {
            eprintln!("{}", words(&renewed));
            was_silent = false;
        }
    }
    let renewed = system.renew(None).await?;
    if was_silent || renewed != Renewed::default() {
        eprintln!("{}", words(&renewed));
    }
    Ok(())
}

fn words(renewed: &Renewed) -> String {
    let functions: Vec<_> = renewed.functions.iter().map(String::as_str).collect();
    let mut words = match functions.as_slice() {
        [] => "Nothing to replace.".to_owned(),
        names if names.len() > 6 => format!("Replaced {} functions.", names.len()),
        names => format!("Replaced {}.", names.join(", ")),
    };
    if renewed.template {
        words.push_str(" template.yaml is in force.");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_few_functions_and_counts_many() {
        let renewed = |count: u8, template| Renewed {
            functions: (0..count).map(|number| format!("F{number}")).collect(),
            template,
        };
        assert_eq!(words(&renewed(0, false)), "Nothing to replace.");
        assert_eq!(
            words(&renewed(2, true)),
            "Replaced F0, F1. template.yaml is in force."
        );
        assert_eq!(words(&renewed(9, false)), "Replaced 9 functions.");
    }

    #[tokio::test]
    async fn change_of_the_source_is_reported_once() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("functions/get/src/main.rs", "1");
        write("template.yaml", "1");
        let mut changes = Changes::new(root.path());
        let is_told = async |changes: &mut Changes| {
            tokio::time::timeout(4 * LOOK_EVERY, changes.next())
                .await
                .is_ok()
        };
        assert!(!is_told(&mut changes).await);
        write("functions/get/src/main.rs", "22");
        write("shared/src/lib.rs", "new");
        assert!(is_told(&mut changes).await);
        write("target/debug/get", "built");
        write("README.md", "read");
        assert!(!is_told(&mut changes).await);
        for change in ["template.yaml", "shared/src/lib.rs"] {
            std::fs::remove_file(root.path().join(change)).unwrap();
            assert!(is_told(&mut changes).await, "{change}");
        }
    }
}
