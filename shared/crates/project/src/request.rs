//! What somebody asks for.

use serde::{Deserialize, Serialize};

use super::{Framework, ProjectType};

/// Most features that are asked for.
pub const MAX_FEATURES: usize = 20;

/// Longest feature, in characters.
pub const MAX_FEATURE_LENGTH: usize = 200;

/// Longest instructions, in characters.
pub const MAX_INSTRUCTIONS_LENGTH: usize = 4000;

/// What is to be made of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectRequest {
    /// What kind of software.
    pub project_type: ProjectType,
    /// What it is built with.
    pub framework: Framework,
    /// What it must have, each in a line.
    #[serde(default)]
    pub features: Vec<String>,
    /// What else its maker should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// It is planned and no more: the plan may be edited before files are made.
    #[serde(default)]
    pub plan_only: bool,
    /// What it may cost in US dollars; none for any price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
}
