//! Steps of a deployment to GitHub. A new repository takes five calls. A repository of an earlier
//! deployment gets a pull request.

use futures_util::future::try_join;

use super::Calls;
use crate::build::{
    deployment::{DeploymentWork, Seen, Stage},
    model::Build,
    start::LOOKED_BACK,
};
use eventrelay_core::error::Error;
use eventrelay_project::{
    Deployment, DeploymentStatus, ProjectFile,
    deploy::{
        Address, Blob, RepositoryName, Target, bears_marker, blobs, branch, changes,
        commit_message, description, entries,
    },
    package::Manifest,
};
use eventrelay_store::project_blobs::Kind;
use eventrelay_upstream::github::{
    Commit, Created, GitHub, Moved, NewCommit, NewPullRequest, NewRepository, PagesBuild,
    PagesEnabled, PagesState, PullRequestCreated, Repository,
};

impl Calls {
    fn github(&self) -> Result<&GitHub, Error> {
        self.github.as_ref().ok_or(Error::NotConfigured {
            what: Target::GitHub.needs(),
        })
    }

    pub(super) async fn repository_step(
        &self,
        build: &Build,
        work: &DeploymentWork,
    ) -> Result<Seen, Error> {
        let github = self.github()?;
        match &work.stage {
            Stage::Creating { number } => self.create(github, work, *number).await,
            Stage::Adopting { number, .. } => self.adopt(github, work, *number).await,
            Stage::Entering { at, branch } => self.enter(github, work, at, branch).await,
            Stage::Committing { at, head, tree, .. } => {
                let project = self.project(&work.project).await?;
                let message = commit_message(&project.title, &work.project, &work.deployment);
                let new = NewCommit {
                    tree,
                    parents: std::slice::from_ref(head),
                    message: &message,
                    at: build.header.created_at,
                };
                github.commit(at, new).await.map(Seen::Commit)
            }
            Stage::Moving { at, branch, commit } => {
                Ok(match github.move_reference(at, branch, commit).await? {
                    Moved::Done => Seen::Moved,
                    Moved::NotAFastForward => Seen::Outrun,
                })
            }
            Stage::Comparing { at } => self.compare(github, work, at).await,
            Stage::Branching { at, commit, .. } => {
                let name = branch(&work.deployment);
                // An existing branch is ours: its name contains the deployment.
                github.create_reference(at, &name, commit).await?;
                Ok(Seen::Branch(name))
            }
            Stage::Requesting { at, branch } => self.request(github, work, at, branch).await,
            Stage::Enabling { at, branch } => match github.enable_pages(at, branch).await? {
                PagesEnabled::Site(_) | PagesEnabled::Exists => Ok(Seen::Enabled),
                PagesEnabled::NotOffered => Ok(Seen::Broken {
                    message: "the account's plan has no Pages for a private repository".to_owned(),
                    log: Vec::new(),
                }),
            },
            Stage::Publishing { at, .. } => {
                published(github, at, work.result.commit.as_deref()).await
            }
            _ => Err(Error::internal("not a step at GitHub")),
        }
    }

    async fn name(&self, work: &DeploymentWork, number: u32) -> Result<RepositoryName, Error> {
        let name = match &work.request.repository {
            Some(name) => name.clone(),
            None => {
                let project = self.project(&work.project).await?;
                let plan = project.plan.as_deref().unwrap_or_default();
                let plan = self.plan(&work.project, plan).await?;
                plan.name.parse().map_err(Error::internal)?
            }
        };
        let candidate = name.candidate(number);
        candidate.ok_or_else(|| Error::internal("no more names"))
    }

    async fn create(
        &self,
        github: &GitHub,
        work: &DeploymentWork,
        number: u32,
    ) -> Result<Seen, Error> {
        let name = self.name(work, number).await?;
        // Reads the project even if the title is not needed: nothing is created for a deleted
        // project.
        let title = self.project(&work.project).await?.title;
        let about = work.request.description.clone().unwrap_or(title);
        // The account of the token itself is not an organisation.
        let organisation = match &work.request.owner {
            Some(owner) if !github.viewer().await?.is_same(owner) => Some(owner),
            _ => None,
        };
        let new = NewRepository {
            organisation,
            name: &name,
            description: &description(&about, &work.project),
            private: work.request.private,
        };
        match github.create_repository(new).await? {
            Created::Repository(repository) => Ok(new_one(repository)),
            Created::NameTaken => Ok(Seen::NameTaken),
            Created::NoSuchOrganisation => Err(Error::invalid(
                "repository.owner",
                "is no organisation that the token may make repositories in",
            )),
        }
    }

    /// Recognises our repository after a lost response: it has our marker and a single commit
    /// without parents.
    async fn adopt(
        &self,
        github: &GitHub,
        work: &DeploymentWork,
        number: u32,
    ) -> Result<Seen, Error> {
        let owner = match &work.request.owner {
            Some(owner) => owner.clone(),
            None => github.viewer().await?,
        };
        let name = self.name(work, number).await?;
        let at = Address { owner, name };
        let Some(repository) = github.repository(&at).await? else {
            return Ok(Seen::Vanished);
        };
        if !bears_marker(repository.description.as_deref(), &work.project) {
            return Ok(Seen::Foreign);
        }
        let head = head(github, &repository).await?;
        Ok(if head.parents.is_empty() {
            new_one(repository)
        } else {
            Seen::Ours {
                at: repository.address,
                url: repository.html_url,
            }
        })
    }

    /// Reads the head of the first branch while it creates the tree.
    ///
    /// The tree contains only our files, so nothing of the first commit stays. A repository with
    /// more commits belongs to another owner or deployment and is left unchanged.
    async fn enter(
        &self,
        github: &GitHub,
        work: &DeploymentWork,
        at: &Address,
        branch: &str,
    ) -> Result<Seen, Error> {
        let files = self.files(&work.project, &work.manifest).await?;
        if let Some(blob) = next_blob(work, &files) {
            github.create_blob(at, blob.content).await?;
            return Ok(Seen::Blob);
        }
        let entries = entries(&files);
        // If the tree is throttled, the branch is not read either.
        let admitted = github.admitted().await?;
        let tree = Box::pin(admitted.create_tree(at, None, &entries));
        let head = Box::pin(github.branch(at, branch));
        let (head, tree) = if admitted.is_probe() {
            let tree = tree.await?;
            (head.await?, tree)
        } else {
            try_join(head, tree).await?
        };
        let head = head.ok_or_else(not_ready)?;
        if !head.parents.is_empty() {
            return Ok(Seen::Outrun);
        }
        Ok(Seen::Tree {
            at: at.clone(),
            url: None,
            branch: branch.to_owned(),
            head: head.id,
            tree,
            proposed: false,
        })
    }

    async fn compare(
        &self,
        github: &GitHub,
        work: &DeploymentWork,
        at: &Address,
    ) -> Result<Seen, Error> {
        let Some(repository) = github.repository(at).await? else {
            return Ok(Seen::Vanished);
        };
        if !bears_marker(repository.description.as_deref(), &work.project) {
            return Ok(Seen::Foreign);
        }
        let head = head(github, &repository).await?;
        let (at, url) = (&repository.address, Some(repository.html_url));
        let files = self.files(&work.project, &work.manifest).await?;
        let before = self.deployed_before(work, at).await?;
        let there = github.tree(at, &head.tree).await?;
        let changes = changes(&files, &before, &there.files);
        let branch = repository.default_branch;
        if changes.is_empty() {
            let at = at.clone();
            return Ok(Seen::Unchanged { at, url, branch });
        }
        if let Some(blob) = next_blob(work, &files) {
            github.create_blob(at, blob.content).await?;
            return Ok(Seen::Blob);
        }
        let tree = github.create_tree(at, Some(&head.tree), &changes).await?;
        let at = at.clone();
        if tree == head.tree {
            return Ok(Seen::Unchanged { at, url, branch });
        }
        Ok(Seen::Tree {
            at,
            url,
            branch,
            head: head.id,
            tree,
            proposed: true,
        })
    }

    /// Returns the paths that earlier deployments put into the repository.
    async fn deployed_before(
        &self,
        work: &DeploymentWork,
        at: &Address,
    ) -> Result<Vec<String>, Error> {
        let context = &self.context;
        let at = at.to_string();
        let mut paths = Vec::new();
        let mut read = Vec::new();
        for deployment in self.others(work).await? {
            let is_there = deployment.result.repository.as_ref() == Some(&at);
            let is_new =
                deployment.manifest != work.manifest && !read.contains(&deployment.manifest);
            // A failed deployment without a change has put nothing there.
            let has_changed = deployment.result.change.is_some();
            if is_there && is_new && has_changed {
                let manifest: Manifest = context
                    .blobs
                    .document(&work.project, Kind::Manifest, &deployment.manifest)
                    .await?;
                paths.extend(manifest.files.into_iter().map(|file| file.path));
                read.push(deployment.manifest);
            }
        }
        Ok(paths)
    }

    async fn request(
        &self,
        github: &GitHub,
        work: &DeploymentWork,
        at: &Address,
        base: &str,
    ) -> Result<Seen, Error> {
        let project = self.project(&work.project).await?;
        let head = branch(&work.deployment);
        let title = format!("Update {}", project.title);
        let body = format!(
            "The project `{}` as deployment `{}` has it.",
            work.project, work.deployment
        );
        let new = NewPullRequest {
            head: &head,
            base,
            title: &title,
            body: &body,
        };
        match github.create_pull_request(at, new).await? {
            PullRequestCreated::Opened(request) => Ok(Seen::PullRequest(request.html_url)),
            PullRequestCreated::NothingToMerge => Ok(Seen::Unchanged {
                at: at.clone(),
                url: None,
                branch: base.to_owned(),
            }),
            PullRequestCreated::Exists => {
                let found = github.pull_request_of(at, &head).await?;
                let found = found.ok_or_else(not_ready)?;
                Ok(Seen::PullRequest(found.html_url))
            }
        }
    }

    /// Deletes the repository that a failed deployment created. Returns whether it is gone.
    ///
    /// The repository stays if another author has pushed to it, or if another deployment of the
    /// project may use it.
    pub(super) async fn delete_if_ours(&self, work: &DeploymentWork) -> Result<bool, Error> {
        let github = self.github()?;
        let Some(at) = work.result.repository.as_deref().and_then(address) else {
            return Ok(false);
        };
        let Some(repository) = github.repository(&at).await? else {
            return Ok(true);
        };
        if !bears_marker(repository.description.as_deref(), &work.project) {
            return Ok(false);
        }
        let head = head(github, &repository).await?;
        let is_ours =
            work.result.commit.as_deref() == Some(head.id.as_str()) || head.parents.is_empty();
        if !is_ours || self.is_wanted(work).await? {
            return Ok(false);
        }
        github.delete_repository(&at).await?;
        Ok(true)
    }

    /// Returns whether another running deployment targets the same repository.
    async fn is_wanted(&self, work: &DeploymentWork) -> Result<bool, Error> {
        let wants = |other: &Deployment| {
            let (one, another) = (&other.request, &work.request);
            other.status == DeploymentStatus::Running
                && one.target.has_repository()
                && (&one.repository, &one.owner) == (&another.repository, &another.owner)
        };
        Ok(self.others(work).await?.iter().any(wants))
    }

    /// Returns other deployments of the project, newest first.
    async fn others(&self, work: &DeploymentWork) -> Result<Vec<Deployment>, Error> {
        let projects = &self.context.projects;
        let found = projects.children::<Deployment>(work.project.as_str(), LOOKED_BACK, None);
        let mut found = found.await?.items;
        found.retain(|other| other.id != work.deployment);
        Ok(found)
    }
}

/// Parses the `owner/name` of a repository.
pub fn address(text: &str) -> Option<Address> {
    let (owner, name) = text.split_once('/')?;
    Some(Address {
        owner: owner.parse().ok()?,
        name: name.parse().ok()?,
    })
}

fn new_one(repository: Repository) -> Seen {
    Seen::New {
        at: repository.address,
        branch: repository.default_branch,
        url: repository.html_url,
    }
}

async fn head(github: &GitHub, repository: &Repository) -> Result<Commit, Error> {
    let found = github.branch(&repository.address, &repository.default_branch);
    found.await?.ok_or_else(not_ready)
}

/// Returns the next binary file to upload. Each one is a step, so that it passes the limits alone
/// and a retry does not repeat the earlier ones.
fn next_blob<'a>(work: &DeploymentWork, files: &'a [ProjectFile]) -> Option<Blob<'a>> {
    blobs(files).into_iter().nth(work.blobs as usize)
}

/// Returns the state of the Pages build of `commit`. The latest build may belong to an earlier
/// commit.
async fn published(github: &GitHub, at: &Address, commit: Option<&str>) -> Result<Seen, Error> {
    let build = github.latest_pages_build(at).await?;
    let is_of = |build: &PagesBuild| match (&build.commit, commit) {
        (Some(built), Some(commit)) => built.as_str() == commit,
        _ => true,
    };
    let build = build.filter(is_of);
    Ok(match build.as_ref().map(|build| build.state) {
        Some(PagesState::Built) => {
            let pages = github.pages(at).await?;
            Seen::Ready {
                url: pages.and_then(|pages| pages.html_url),
            }
        }
        Some(PagesState::Errored) => Seen::Broken {
            message: build
                .and_then(|build| build.message)
                .unwrap_or_else(|| "the build of the site failed".to_owned()),
            log: Vec::new(),
        },
        _ => Seen::Waiting,
    })
}

fn not_ready() -> Error {
    Error::NotReady {
        service: eventrelay_core::error::Service::GitHub,
        source: "what was made is not shown yet".into(),
    }
}
