//! Ids of projects and deployments.

use eventrelay_core::id;
pub use eventrelay_core::ids::NotAnId;

id!(
    /// Project id: `prj_` and a UUID.
    ProjectId,
    "prj_"
);
id!(
    /// Deployment id: `dpl_` and a UUID.
    DeploymentId,
    "dpl_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_nothing_else_does() {
        let id = ProjectId::random();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().parse::<DeploymentId>().is_err());
        for text in ["", "prj_", "prj_1", &id.as_str().to_uppercase()] {
            assert_eq!(text.parse::<ProjectId>(), Err(NotAnId), "{text}");
        }
    }
}
