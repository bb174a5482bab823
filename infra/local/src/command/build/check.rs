//! Arguments of a build, checked before anything is started.

use eventrelay::{
    project::{
        Framework, MAX_FEATURE_LENGTH, MAX_FEATURES, MAX_INSTRUCTIONS_LENGTH, ProjectId,
        ProjectType,
        deploy::{Owner, RepositoryName, Target},
    },
    video::VideoKey,
};
use serde_json::{Map, Value, json};

use super::super::{
    client::given,
    preflight,
    source::{self, Source},
};
use crate::cli::Build;

#[derive(Debug)]
pub(super) struct Order {
    pub(super) subject: Subject,
    pub(super) repository: Option<RepositoryName>,
    pub(super) owner: Option<Owner>,
    /// Body of the deployment request.
    pub(super) deployment: Value,
}

#[derive(Debug)]
pub(super) enum Subject {
    Project(ProjectId),
    /// A project to make.
    New(NewProject),
}

#[derive(Debug)]
pub(super) struct NewProject {
    pub(super) video: Video,
    pub(super) kind: ProjectType,
    pub(super) framework: Framework,
    pub(super) analysis: Map<String, Value>,
    /// Body of the project request.
    pub(super) project: Value,
}

/// Source of a project.
#[derive(Debug)]
pub(super) enum Video {
    /// A video whose analysis is stored.
    Analysed(VideoKey),
    /// A video to analyse.
    Source(Source),
}

/// Reads the arguments.
///
/// # Errors
/// Says what is not possible, and names what is.
pub(super) fn order(request: &Build) -> Result<Order, String> {
    let subject = match request.video.parse() {
        Ok(id) => existing(request, id)?,
        Err(_) => Subject::New(new_project(request)?),
    };
    let repository = request.name.as_deref().map(repository_name).transpose()?;
    let owner = request.owner.as_deref().map(account_name).transpose()?;
    if let Some(target) = request.target {
        check_repository_options(request, target)?;
    }
    if let Some(path) = &request.archive {
        preflight::writable("--archive", path)?;
    }
    if let Some(folder) = &request.checkout {
        preflight::empty_folder("--checkout", folder)?;
        if std::process::Command::new("git")
            .arg("--version")
            .output()
            .is_err()
        {
            return Err("--checkout needs git, which is not installed".to_owned());
        }
    }
    Ok(Order {
        subject,
        repository,
        owner,
        deployment: deployment(request),
    })
}

fn existing(request: &Build, id: ProjectId) -> Result<Subject, String> {
    if request.kind.is_some()
        || request.framework.is_some()
        || request.language.is_some()
        || request.transcript.is_some()
        || request.instructions.is_some()
        || !request.features.is_empty()
    {
        return Err(format!(
            "the project {id} exists, so only its deployment can be chosen"
        ));
    }
    if request.target.is_none() && request.archive.is_none() {
        return Err(format!(
            "the project {id} exists: give a --target or an --archive"
        ));
    }
    Ok(Subject::Project(id))
}

fn new_project(request: &Build) -> Result<NewProject, String> {
    let video = if request.video.starts_with("yt:") || request.video.starts_with("up:") {
        let key = request.video.parse();
        Video::Analysed(key.map_err(|error| format!("{}: {error}", request.video))?)
    } else {
        Video::Source(Source::read(&request.video)?)
    };
    let kind = request
        .kind
        .ok_or("--type is missing: web, api, cli, ml or mobile")?;
    let framework = framework(request, kind)?;
    if let Some(target) = request.target
        && !target.takes(framework)
    {
        return Err(wrong_target(kind, framework, target));
    }
    check_wishes(request)?;
    if request.transcript.is_some() && matches!(video, Video::Analysed(_)) {
        return Err("--transcript is for a video that is not analysed yet".to_owned());
    }
    let transcript = request.transcript.as_deref().map(source::transcript);
    let analysis = given(json!({
        "transcript": transcript.transpose()?,
        "max_cost_usd": request.max_cost_usd,
    }));
    let project = given(json!({
        "project_type": kind,
        "framework": framework,
        "features": request.features,
        "instructions": request.instructions,
        "max_cost_usd": request.max_cost_usd,
    }));
    Ok(NewProject {
        video,
        kind,
        framework,
        analysis,
        project: project.into(),
    })
}

/// Returns the name of a type or language in the API.
fn name_of(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn framework(request: &Build, kind: ProjectType) -> Result<Framework, String> {
    Framework::choose(kind, request.framework, request.language).map_err(|_| {
        let offered: Vec<String> = kind
            .frameworks()
            .iter()
            .map(|one| format!("{} ({})", one.into_str(), name_of(one.language())))
            .collect();
        let wanted = match (request.framework, request.language) {
            (Some(framework), None) => format!("--framework {}", framework.into_str()),
            (None, Some(language)) => format!("--language {}", name_of(language)),
            (framework, language) => format!(
                "--framework {} --language {}",
                framework.map_or("", |one| one.into_str()),
                language.map(name_of).unwrap_or_default()
            ),
        };
        format!(
            "{wanted} does not fit --type {}; it has {}",
            name_of(kind),
            offered.join(", ")
        )
    })
}

fn wrong_target(kind: ProjectType, framework: Framework, target: Target) -> String {
    let targets: Vec<_> = Target::ALL
        .iter()
        .filter(|one| one.takes(framework))
        .map(Target::into_str)
        .collect();
    let frameworks: Vec<_> = kind
        .frameworks()
        .iter()
        .filter(|one| target.takes(**one))
        .map(|one| one.into_str())
        .collect();
    let other = if frameworks.is_empty() {
        String::new()
    } else {
        format!(
            "; --target {} takes --framework {}",
            target.into_str(),
            frameworks.join(" or ")
        )
    };
    format!(
        "--target {} does not take {}, which goes to {}{other}",
        target.into_str(),
        framework.into_str(),
        targets.join(" or ")
    )
}

/// Checks the limits of the API.
fn check_wishes(request: &Build) -> Result<(), String> {
    if request.features.len() > MAX_FEATURES {
        return Err(format!("at most {MAX_FEATURES} times --feature"));
    }
    for feature in &request.features {
        if feature.trim().is_empty() || feature.chars().count() > MAX_FEATURE_LENGTH {
            return Err(format!(
                "--feature has 1 to {MAX_FEATURE_LENGTH} characters"
            ));
        }
    }
    let instructions = request.instructions.as_deref().unwrap_or("none");
    if instructions.trim().is_empty() || instructions.chars().count() > MAX_INSTRUCTIONS_LENGTH {
        return Err(format!(
            "--instructions has 1 to {MAX_INSTRUCTIONS_LENGTH} characters"
        ));
    }
    Ok(())
}

fn check_repository_options(request: &Build, target: Target) -> Result<(), String> {
    if target.has_repository() {
        return Ok(());
    }
    let given = [
        ("--name", request.name.is_some()),
        ("--owner", request.owner.is_some()),
        ("--public", request.public),
        ("--checkout", request.checkout.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(format!(
            "{option} is for a repository, which --target {} does not make; github and \
             github_pages do",
            target.into_str()
        )),
    }
}

fn repository_name(name: &str) -> Result<RepositoryName, String> {
    name.parse().map_err(|_| {
        format!("--name {name} is not a name of a repository: up to 100 letters, digits, . _ and -")
    })
}

fn account_name(name: &str) -> Result<Owner, String> {
    name.parse().map_err(|_| {
        format!("--owner {name} is not an account of GitHub: up to 39 letters, digits, - and _")
    })
}

fn deployment(request: &Build) -> Value {
    let mut body = json!({"target": request.target, "dry_run": request.dry_run});
    let repository = given(json!({
        "name": request.name,
        "owner": request.owner,
        "private": request.public.then_some(false),
    }));
    if !repository.is_empty() {
        body["repository"] = repository.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Cli, Command};

    fn checked(arguments: &[&str]) -> Result<Order, String> {
        let all = ["local", "build"].iter().chain(arguments);
        let cli = Cli::read(all.map(OsString::from)).map_err(|error| error.to_string())?;
        match cli.command {
            Some(Command::Build(request)) => order(&request),
            other => panic!("{other:?}"),
        }
    }

    fn refused(arguments: &[&str]) -> String {
        checked(arguments).expect_err("refused")
    }

    #[test]
    fn framework_must_fit_the_type() {
        let message = refused(&["yt:jNQXAC9IVRw", "--type", "web", "--framework", "axum"]);
        assert!(
            message.contains("nextjs (typescript), static (javascript)"),
            "{message}"
        );
        let message = refused(&["yt:jNQXAC9IVRw", "--type", "ml", "--language", "rust"]);
        assert!(
            message.contains("--language rust does not fit --type ml"),
            "{message}"
        );
        let order = checked(&["yt:jNQXAC9IVRw", "--type", "api", "--language", "rust"]).unwrap();
        assert!(matches!(
            order.subject,
            Subject::New(NewProject {
                framework: Framework::Axum,
                ..
            })
        ));
    }

    #[test]
    fn target_must_take_the_framework() {
        let message = refused(&["yt:jNQXAC9IVRw", "--type", "web", "--target", "netlify"]);
        assert!(
            message.contains("nextjs, which goes to github or vercel"),
            "{message}"
        );
        assert!(
            message.contains("netlify takes --framework static"),
            "{message}"
        );
        let message = refused(&["yt:jNQXAC9IVRw", "--type", "mobile", "--target", "vercel"]);
        assert!(message.ends_with("which goes to github"), "{message}");
        let taken = [
            "yt:jNQXAC9IVRw",
            "--type=web",
            "--framework=static",
            "--target=netlify",
        ];
        assert!(checked(&taken).is_ok());
    }

    #[test]
    fn options_of_a_repository_are_for_a_target_that_makes_one() {
        let vercel = ["yt:jNQXAC9IVRw", "--type", "web", "--target", "vercel"];
        for more in [&["--name", "n"][..], &["--owner", "o"], &["--public"]] {
            let message = refused(&[&vercel, more].concat());
            assert!(message.contains("github_pages"), "{message}");
        }
        let github = ["yt:jNQXAC9IVRw", "--type", "web", "--target", "github"];
        for wrong in [["--name", "a/b"], ["--owner", "a b"]] {
            let message = refused(&[&github[..], &wrong].concat());
            assert!(message.contains("letters, digits"), "{message}");
        }
    }

    #[test]
    fn project_that_exists_is_only_deployed() {
        let id = ProjectId::random();
        let order = checked(&[id.as_str(), "--target", "github", "--dry-run"]).unwrap();
        assert!(matches!(order.subject, Subject::Project(found) if found == id));
        assert_eq!(
            order.deployment,
            json!({"target": "github", "dry_run": true})
        );
        assert!(refused(&[id.as_str()]).contains("--target"));
        assert!(refused(&[id.as_str(), "--type", "web", "--target", "github"]).contains("exists"));
        assert!(refused(&["yt:jNQXAC9IVRw"]).contains("--type is missing"));
        assert!(refused(&["yt:nothing", "--type", "web"]).contains("yt:nothing"));
    }
}
