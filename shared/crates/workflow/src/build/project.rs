//! The build of a project.
//!
//! ```text
//! planning ─┬─ (plan only) done
//!           └─ opening ─ writing (waits for the files) ─ checking ─┬─ packaging ─ done
//!                 └──────────── files with findings ───────────────┘
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::After;
use eventrelay_core::error::JobError;
use eventrelay_project::ProjectId;

/// Maximum repairs per file.
pub const MAX_REPAIRS: u32 = 2;

/// Interval of polling the files. The last file enqueues the project, unless its worker crashes
/// first.
const LOOK: Duration = Duration::from_secs(30);

/// State of the build of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectWork {
    pub project: ProjectId,
    /// Ends after the plan.
    pub plan_only: bool,
    /// Entity tag of the plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// State of each file of the plan.
    #[serde(default)]
    pub drafts: Vec<Draft>,
    pub stage: Stage,
}

/// State of a file in the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Round of the present text.
    pub round: u32,
    pub repairs: u32,
}

/// Stage of the build of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Stage {
    /// Asks the model for a plan.
    Planning,
    /// Starts the builds of the files.
    #[strum(to_string = "writing")]
    Opening {
        /// 0 for the first texts, plus 1 for each round of repairs.
        round: u32,
        /// Indexes of the files in the plan.
        files: Vec<u32>,
        /// Entity tag of the report whose findings this round repairs.
        report: Option<String>,
    },
    Writing {
        round: u32,
        files: Vec<u32>,
    },
    /// Checks all files together.
    Checking {
        round: u32,
    },
    /// Creates the manifest and the archive.
    Packaging {
        /// Entity tag of the report of the joint check.
        report: String,
    },
}

impl Stage {
    #[must_use]
    pub fn progress(&self) -> u8 {
        match self {
            Self::Planning => 5,
            Self::Opening { .. } => 20,
            Self::Writing { .. } => 30,
            Self::Checking { .. } => 85,
            Self::Packaging { .. } => 95,
        }
    }

    pub(super) const fn waits_for_others(&self) -> bool {
        matches!(self, Self::Writing { .. })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The plan with this number of files is stored.
    Planned {
        plan: String,
        files: u32,
    },
    /// The builds of the files were started.
    Opened,
    /// Some files are not written yet.
    Waiting,
    /// All files are written. Number of repairs each, in the order in which they were opened.
    Written {
        repairs: Vec<u32>,
    },
    Failed(JobError),
    /// All files were checked together.
    Checked {
        report: String,
        failing: Vec<u32>,
    },
    /// The manifest and the archive are stored.
    Packaged,
}

impl ProjectWork {
    /// Creates the state of a project without a plan.
    #[must_use]
    pub fn new(project: ProjectId, plan_only: bool) -> Self {
        Self {
            project,
            plan_only,
            plan: None,
            drafts: Vec::new(),
            stage: Stage::Planning,
        }
    }

    /// Creates the state of a project that has a plan.
    #[must_use]
    pub fn planned(project: ProjectId, plan: String, files: u32) -> Self {
        Self {
            project,
            plan_only: false,
            plan: Some(plan),
            drafts: vec![Draft::default(); files as usize],
            stage: Stage::Opening {
                round: 0,
                files: (0..files).collect(),
                report: None,
            },
        }
    }

    /// Returns the first of these files that has used up its repairs.
    #[must_use]
    pub fn beyond_repair(&self, failing: &[u32]) -> Option<u32> {
        let is_beyond = |file: &u32| {
            let draft = self.drafts.get(*file as usize);
            draft.is_none_or(|draft| draft.repairs >= MAX_REPAIRS)
        };
        failing.iter().copied().find(is_beyond)
    }

    pub(super) fn observe(&mut self, seen: Seen) -> After {
        let next = match (seen, &self.stage) {
            (Seen::Planned { plan, .. }, _) if self.plan_only => {
                self.plan = Some(plan);
                return After::Done;
            }
            (Seen::Planned { plan, files }, _) => {
                *self = Self::planned(self.project.clone(), plan, files);
                return After::Now;
            }
            (Seen::Opened, Stage::Opening { round, files, .. }) => Stage::Writing {
                round: *round,
                files: files.clone(),
            },
            (Seen::Written { repairs }, Stage::Writing { round, files }) => {
                for (file, repairs) in files.iter().zip(repairs) {
                    if let Some(draft) = self.drafts.get_mut(*file as usize) {
                        *draft = Draft {
                            round: *round,
                            repairs,
                        };
                    }
                }
                Stage::Checking { round: *round }
            }
            (Seen::Checked { report, failing }, Stage::Checking { .. }) if failing.is_empty() => {
                Stage::Packaging { report }
            }
            (Seen::Checked { report, failing }, Stage::Checking { round }) => Stage::Opening {
                round: round + 1,
                files: failing,
                report: Some(report),
            },
            (Seen::Packaged, _) => return After::Done,
            (Seen::Failed(error), _) => return After::Failed(error),
            _ => return After::Later(LOOK),
        };
        self.stage = next;
        After::Now
    }
}
