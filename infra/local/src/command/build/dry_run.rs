//! Description of a build without a system: nothing is analysed, made or paid for.

use eventrelay::project::{
    MAX_WRITTEN,
    deploy::{Owner, RepositoryName, Target, Where, dry_run},
};
use serde_json::{Value, json};

use super::check::{NewProject, Video};
use crate::cli::Build;

/// Placeholder of a name that only the plan decides.
const UNKNOWN_NAME: &str = "NAME";

/// Describes the build of a project that does not exist yet.
pub(super) fn told(
    request: &Build,
    new: &NewProject,
    repository: Option<&RepositoryName>,
    owner: Option<&Owner>,
) -> Value {
    let mut stages = vec!["plan", "files", "checks", "archive"];
    let mut model_calls = json!({
        "plan": "1",
        "files": format!(
            "1 for each file that the plan names, up to {MAX_WRITTEN}, and up to 2 more for one \
             that fails its checks"
        ),
    });
    if matches!(new.video, Video::Source(_)) {
        stages.insert(0, "analysis");
        model_calls["analysis"] = "1, or none if an analysis is stored".into();
    }
    if request.target.is_some() {
        stages.push("deployment");
    }
    let mut told = json!({
        "dry_run": true,
        "video": request.video,
        "stages": stages,
        "project": {
            "project_type": new.kind,
            "framework": new.framework,
            "language": new.framework.language(),
            "features": request.features,
        },
        "estimated_model_calls": model_calls,
    });
    if let Some(target) = request.target {
        told["deployment"] = deployment(target, repository, owner);
    }
    told
}

fn deployment(target: Target, repository: Option<&RepositoryName>, owner: Option<&Owner>) -> Value {
    let Ok(unknown) = UNKNOWN_NAME.parse::<RepositoryName>() else {
        return Value::Null;
    };
    let told = dry_run(
        Where {
            target,
            owner,
            repository: repository.unwrap_or(&unknown),
            host: UNKNOWN_NAME,
        },
        &[],
    );
    let calls = told.calls.iter().map(|call| {
        // Without files, the count is unknown.
        let times = match call.times {
            0 => json!("1 for each file"),
            times => json!(times),
        };
        json!({"method": call.method, "path": call.path, "times": times})
    });
    let name = match repository {
        Some(name) => json!(name.as_str()),
        None => json!("taken from the title of the plan"),
    };
    json!({
        "target": target,
        "owner": owner.map_or("the account of the token", Owner::as_str),
        "name": name,
        "estimated_calls": calls.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_each_target_are_told() {
        for &target in Target::ALL {
            let told = deployment(target, None, None);
            let calls = told["estimated_calls"].as_array().unwrap();
            assert!(calls.len() >= 2, "{told}");
            assert_eq!(told["name"], "taken from the title of the plan");
        }
        let name = "talk".parse().unwrap();
        let owner = "octo-org".parse().unwrap();
        let told = deployment(Target::GitHub, Some(&name), Some(&owner));
        assert_eq!(told["name"], "talk");
        assert_eq!(told["estimated_calls"][0]["path"], "/orgs/octo-org/repos");
        let netlify = deployment(Target::Netlify, None, None);
        assert_eq!(netlify["estimated_calls"][2]["times"], "1 for each file");
    }
}
