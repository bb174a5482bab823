//! Dependencies between the files of a round.

use std::collections::BTreeMap;

use eventrelay_project::plan::Plan;
use eventrelay_store::fan_in::FanIn;

/// Dependency graph of the files of a round.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Dependencies of each file, whether in this round or not.
    pub(super) needs: BTreeMap<u32, Vec<u32>>,
    /// Files of this round that depend on each file.
    pub(super) needed_by: BTreeMap<u32, Vec<u32>>,
}

impl Graph {
    pub(super) fn new(plan: &Plan, files: &[u32]) -> Self {
        let numbered = plan.files.iter().zip(0u32..);
        let place: BTreeMap<&str, u32> = numbered
            .map(|(file, number)| (file.path.as_str(), number))
            .collect();
        let mut graph = Self::default();
        for number in files {
            let Some(file) = plan.files.get(*number as usize) else {
                continue;
            };
            let needs = file.depends_on.iter();
            let needs: Vec<u32> = needs
                .filter_map(|path| place.get(path.as_str()).copied())
                .collect();
            for other in needs.iter().filter(|other| files.contains(other)) {
                graph.needed_by.entry(*other).or_default().push(*number);
            }
            graph.needs.insert(*number, needs);
        }
        graph
    }

    fn awaited(&self, number: u32, files: &[u32]) -> Vec<u32> {
        let needs = self.needs.get(&number).into_iter().flatten();
        needs
            .copied()
            .filter(|other| files.contains(other))
            .collect()
    }

    pub(super) fn waits(&self, number: u32, files: &[u32]) -> bool {
        !self.awaited(number, files).is_empty()
    }

    pub(super) fn join(&self, files: &[u32]) -> FanIn {
        let waiting = files
            .iter()
            .map(|number| (*number, self.awaited(*number, files)));
        FanIn {
            pending: files.to_vec(),
            failed: Vec::new(),
            waiting: waiting.filter(|(_, others)| !others.is_empty()).collect(),
        }
    }
}
