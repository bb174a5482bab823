//! Steps of a deployment to Vercel or Netlify.

use bytes::Bytes;

use super::Calls;
use crate::build::deployment::{DeploymentWork, Seen, Stage};
use eventrelay_core::{clock::Timestamp, error::Error, telemetry};
use eventrelay_project::deploy::{
    Target, digests, host_name, required as lacking, vercel_settings,
};
use eventrelay_upstream::{
    netlify::{self, Netlify, SiteCreated},
    vercel::{self, NewDeployment, Vercel},
};

/// Maximum lines of a log to keep.
const LOG_LINES: usize = 40;

impl Calls {
    fn vercel(&self) -> Result<&Vercel, Error> {
        self.vercel.as_ref().ok_or(Error::NotConfigured {
            what: Target::Vercel.needs(),
        })
    }

    fn netlify(&self) -> Result<&Netlify, Error> {
        self.netlify.as_ref().ok_or(Error::NotConfigured {
            what: Target::Netlify.needs(),
        })
    }

    pub(super) async fn host_step(&self, work: &DeploymentWork) -> Result<Seen, Error> {
        match &work.stage {
            Stage::Sending => self.send_to_vercel(work).await,
            Stage::Building { id, looks } => self.look_at_vercel(id, *looks).await,
            Stage::Siting => self.make_site(work).await,
            Stage::Announcing { site } => self.announce(work, site).await,
            Stage::Uploading { deploy, required } => self.upload(work, deploy, required).await,
            Stage::Processing { deploy, looks } => self.look_at_netlify(deploy, *looks).await,
            _ => Err(Error::internal("not a step at a host")),
        }
    }

    async fn host_name(&self, work: &DeploymentWork) -> Result<String, Error> {
        let project = self.project(&work.project).await?;
        let plan = project.plan.as_deref().unwrap_or_default();
        let plan = self.plan(&work.project, plan).await?;
        Ok(host_name(&plan.name, &work.project))
    }

    async fn send_to_vercel(&self, work: &DeploymentWork) -> Result<Seen, Error> {
        let vercel = self.vercel()?;
        let project = self.project(&work.project).await?;
        let settings = vercel_settings(project.request.framework)
            .ok_or_else(|| Error::internal("Vercel does not take it"))?;
        let files = self.files(&work.project, &work.manifest).await?;
        let sent = vercel
            .create_deployment(NewDeployment {
                name: &self.host_name(work).await?,
                settings,
                files: &files,
                deployment: work.deployment.as_str(),
            })
            .await?;
        Ok(Seen::Sent {
            url: sent.url,
            id: sent.id,
        })
    }

    async fn look_at_vercel(&self, id: &str, looks: u32) -> Result<Seen, Error> {
        let vercel = self.vercel()?;
        let gone = || Seen::Broken {
            message: "the deployment was deleted".to_owned(),
            log: Vec::new(),
        };
        let Some(seen) = vercel.deployment(id).await? else {
            return Ok(gone());
        };
        Ok(match seen.state {
            vercel::State::Waiting | vercel::State::Building => Seen::Waiting,
            vercel::State::Ready => {
                telemetry::noticed("vercel", looks + 1, seen.ready_at, Timestamp::now());
                Seen::Ready {
                    url: seen.site_url.or(seen.url),
                }
            }
            vercel::State::Failed => {
                let mut log = vercel.events(id).await?;
                let more = log.len().saturating_sub(LOG_LINES);
                log.drain(..more);
                Seen::Broken {
                    message: seen
                        .message
                        .unwrap_or_else(|| "the build failed".to_owned()),
                    log,
                }
            }
            vercel::State::Cancelled => Seen::Broken {
                message: "the deployment was cancelled there".to_owned(),
                log: Vec::new(),
            },
        })
    }

    async fn make_site(&self, work: &DeploymentWork) -> Result<Seen, Error> {
        let netlify = self.netlify()?;
        let name = self.host_name(work).await?;
        if let Some(site) = netlify.site(&name).await? {
            return Ok(Seen::Site(site.id));
        }
        match netlify.create_site(&name).await? {
            SiteCreated::Site(site) => Ok(Seen::Site(site.id)),
            // The name contains the id of the project. Either a concurrent deployment created the
            // site, or another account deployed the same project.
            SiteCreated::NameTaken => {
                let site = netlify.site(&name).await?;
                let taken = || Error::Conflict {
                    reason: "The name of the site is taken at Netlify.".into(),
                };
                site.map(|site| Seen::Site(site.id)).ok_or_else(taken)
            }
        }
    }

    /// Announces the files. If the response of an earlier call was lost, its deploy is found by the
    /// title.
    async fn announce(&self, work: &DeploymentWork, site: &str) -> Result<Seen, Error> {
        let netlify = self.netlify()?;
        let title = work.deployment.as_str();
        let known = netlify.deploys(site).await?;
        let known = known
            .into_iter()
            .find(|deploy| deploy.title.as_deref() == Some(title));
        let deploy = match known {
            // A listed deploy lacks the digests to upload.
            Some(known) => netlify.deploy(&known.id).await?.unwrap_or(known),
            None => {
                let files = self.files(&work.project, &work.manifest).await?;
                let digests = digests(&files);
                netlify.create_deploy(site, title, &digests).await?
            }
        };
        Ok(Seen::Announced {
            deploy: deploy.id,
            required: deploy.required,
        })
    }

    async fn upload(
        &self,
        work: &DeploymentWork,
        deploy: &str,
        required: &[String],
    ) -> Result<Seen, Error> {
        let netlify = self.netlify()?;
        let files = self.files(&work.project, &work.manifest).await?;
        let digests = digests(&files);
        for path in lacking(&digests, required) {
            let Some(file) = files.iter().find(|file| file.path == path) else {
                continue;
            };
            let content = Bytes::copy_from_slice(&file.content);
            netlify.upload(deploy, path, content).await?;
        }
        Ok(Seen::Uploaded)
    }

    async fn look_at_netlify(&self, deploy: &str, looks: u32) -> Result<Seen, Error> {
        let netlify = self.netlify()?;
        let Some(seen) = netlify.deploy(deploy).await? else {
            return Ok(Seen::Broken {
                message: "the deploy was deleted".to_owned(),
                log: Vec::new(),
            });
        };
        Ok(match seen.state {
            netlify::State::Uploading | netlify::State::Processing => Seen::Waiting,
            netlify::State::Ready => {
                telemetry::noticed("netlify", looks + 1, seen.ready_at, Timestamp::now());
                Seen::Ready { url: seen.url }
            }
            netlify::State::Failed => Seen::Broken {
                message: seen
                    .message
                    .unwrap_or_else(|| "the deploy failed".to_owned()),
                log: Vec::new(),
            },
        })
    }
}
