//! Request for a project.

use serde::{Deserialize, Serialize};

use super::{Framework, ProjectType};

pub const MAX_FEATURES: usize = 20;

/// Maximum characters of a feature.
pub const MAX_FEATURE_LENGTH: usize = 200;

/// Maximum characters of the instructions.
pub const MAX_INSTRUCTIONS_LENGTH: usize = 4000;

/// Request to generate a project from an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectRequest {
    pub project_type: ProjectType,
    pub framework: Framework,
    /// Required features, one a line.
    #[serde(default)]
    pub features: Vec<String>,
    /// Additional instructions for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// True if the build stops after the plan, so that the caller can edit it.
    #[serde(default)]
    pub plan_only: bool,
    /// Maximum cost in US dollars; unlimited if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
}
