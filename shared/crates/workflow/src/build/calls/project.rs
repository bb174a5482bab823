//! Steps of the build of a project.

use crate::build::BuildRow;
use crate::engine;
use crate::engine::WorkflowKind;
use std::{collections::BTreeMap, time::Duration};

use futures_util::{
    future::try_join,
    stream::{self, StreamExt, TryStreamExt},
};

use super::{AT_ONCE, Allowance, Calls, facts, file::DraftText, graph::Graph, paid};
use crate::build::{
    file::{self, FileWork, Mending, unusable},
    model::{Build, End, Work},
    project::{Draft, ProjectWork, Seen, Stage},
};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    ids::JobId,
    limit::Cap,
    usage::Usage,
};
use eventrelay_project::{
    Finding, Made, Origin, Project, ProjectFile, ProjectStatus, Severity,
    package::{self, Manifest},
    plan::{self, Plan},
    templates,
};
use eventrelay_store::project_blobs::{Kind, draft_key};

/// Estimated output tokens of a plan.
const PLAN_TOKENS: u64 = 3000;

impl Calls {
    pub(super) async fn project_step(
        &self,
        build: &Build,
        work: &ProjectWork,
        time: Duration,
        usage: &mut Usage,
        counted: &mut Usage,
    ) -> Result<Seen, Error> {
        if let Some(parent) = &build.parent {
            self.at_work(parent).await?;
        }
        match &work.stage {
            Stage::Planning => self.make_plan(build, work, time, usage).await,
            Stage::Opening {
                round,
                files,
                report,
            } => {
                let opened = self.open(build, work, *round, files, report.as_deref());
                opened.await.map(|()| Seen::Opened)
            }
            Stage::Writing { round, files } => self.look(build, *round, files, counted).await,
            Stage::Checking { .. } => self.check(work).await,
            Stage::Packaging { report } => self.package(build, work, report).await,
        }
    }

    async fn make_plan(
        &self,
        build: &Build,
        work: &ProjectWork,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<Seen, Error> {
        let project = self.project(&work.project).await?;
        let analysis = self.analysis(&project).await?;
        let framework = project.request.framework;
        let made_elsewhere = templates::paths(framework);
        let packages = templates::packages(framework).iter();
        let packages: Vec<&str> = packages.map(|package| package.name).collect();
        let question =
            plan::prompt::question(&project.request, &analysis, made_elsewhere, &packages);
        let bounds = plan::Bounds {
            framework,
            made_elsewhere,
            duration_s: analysis.video.duration_s,
        };
        let read = |answer: &str| {
            plan::read(answer, bounds).map_err(|source| Error::AnswerMalformed {
                source: Box::new(source),
            })
        };
        let hash = question.hash();
        let (plan, answered_by) = match self.kept(build, &project.id, &hash, usage).await? {
            Some(answer) => (read(&answer.text)?, answer.answered_by),
            None => {
                let before = *usage;
                let cap = project.request.max_cost_usd.map(|usd| Cap {
                    usd,
                    spent_usd: usage.cost_usd.unwrap_or(0.0),
                });
                let allowance = Allowance {
                    output_tokens: PLAN_TOKENS,
                    cap,
                };
                let answer = self.ask(build, &question, allowance, time, usage).await?;
                let plan = read(&answer.text)?;
                let paid = paid(before, *usage);
                self.keep(build, &project.id, &hash, &answer, paid).await;
                (plan, answer.answered_by)
            }
        };
        let blobs = &self.context.blobs;
        let etag = blobs.put_document(&project.id, Kind::Plan, &plan).await?;
        self.note(build, work, |project| {
            (project.plan, project.title) = (Some(etag.clone()), plan.title.clone());
            project.answered_by = project.answered_by.min(answered_by);
            if !work.plan_only {
                project.status = ProjectStatus::Building;
            }
        })
        .await?;
        Ok(Seen::Planned {
            plan: etag,
            files: u32::try_from(plan.files.len()).unwrap_or(u32::MAX),
        })
    }

    /// Changes the row of the project if this build still owns it.
    async fn note(
        &self,
        build: &Build,
        work: &ProjectWork,
        change: impl Fn(&mut Project),
    ) -> Result<(), Error> {
        let now = Timestamp::now();
        let change = |project: &mut Project| {
            if project.job != build.header.id {
                return false;
            }
            let before = project.clone();
            change(project);
            let changed = *project != before;
            project.updated_at = now;
            changed
        };
        let projects = &self.context.projects;
        match projects.change(work.project.as_str(), change).await? {
            Some(_) => Ok(()),
            None => self.tidy(&work.project).await,
        }
    }

    /// Starts a child workflow for each file: first the fan-in row, then the workflows, then the
    /// messages of files without dependencies. Idempotent.
    async fn open(
        &self,
        build: &Build,
        work: &ProjectWork,
        round: u32,
        files: &[u32],
        report: Option<&str>,
    ) -> Result<(), Error> {
        let project = self.project(&work.project).await?;
        let etag = work.plan.as_deref().ok_or_else(no_plan)?;
        let plan = self.plan(&work.project, etag).await?;
        let graph = Graph::new(&plan, files);
        let now = Timestamp::now();
        let jobs = &self.context.jobs;
        jobs.open_join(&build.header.id, round, &graph.join(files), now)
            .await?;
        let share = project.request.max_cost_usd.map(|usd| {
            let left = (usd - build.header.usage.cost_usd.unwrap_or(0.0)).max(0.0);
            left / f64::from(u32::try_from(files.len().max(1)).unwrap_or(u32::MAX))
        });
        let parts = files.iter().map(|number| {
            let draft = work
                .drafts
                .get(*number as usize)
                .copied()
                .unwrap_or_default();
            let mends = report.map(|report| Mending {
                round: draft.round,
                report: report.to_owned(),
            });
            let round_of = |other: &u32| {
                if files.contains(other) {
                    round
                } else {
                    work.drafts
                        .get(*other as usize)
                        .map_or(0, |draft| draft.round)
                }
            };
            let needs = graph.needs.get(number).into_iter().flatten();
            let part = FileWork {
                project: work.project.clone(),
                plan: etag.to_owned(),
                number: *number,
                path: plan.files[*number as usize].path.clone(),
                round,
                repairs: draft.repairs + u32::from(mends.is_some()),
                mends,
                needs: needs.map(|other| (*other, round_of(other))).collect(),
                needed_by: graph.needed_by.get(number).cloned().unwrap_or_default(),
                max_cost_usd: share,
                asked: Vec::new(),
                stage: file::Stage::Waiting,
            };
            let mut one = Build::new(
                part_id(&build.header.id, round, *number),
                Work::File(part),
                build.header.deadline,
                now,
            );
            one.parent = Some(build.header.id.clone());
            one.header
                .submitted_by
                .clone_from(&build.header.submitted_by);
            if graph.waits(*number, files) {
                // Its last dependency enqueues its message.
                one.header.due_at = build.header.deadline;
            }
            one
        });
        let created = stream::iter(parts)
            .map(async |part: Build| jobs.create(&part).await)
            .buffer_unordered(AT_ONCE);
        created.try_collect::<Vec<bool>>().await?;
        let first = files.iter().filter(|number| !graph.waits(**number, files));
        let first: Vec<JobId> = first
            .map(|number| part_id(&build.header.id, round, *number))
            .collect();
        self.context.builds_queue.send_first_steps(&first).await
    }

    async fn look(
        &self,
        build: &Build,
        round: u32,
        files: &[u32],
        counted: &mut Usage,
    ) -> Result<Seen, Error> {
        let jobs = &self.context.jobs;
        let join = jobs
            .join(&build.header.id, round)
            .await?
            .unwrap_or_default();
        let mut ids: Vec<JobId> = files
            .iter()
            .map(|number| part_id(&build.header.id, round, *number))
            .collect();
        if let Some(failed) = join.failed.first() {
            ids = vec![part_id(&build.header.id, round, *failed)];
        } else if !join.pending.is_empty() {
            return Ok(Seen::Waiting);
        }
        let rows = jobs.get_all::<Build>(&ids).await?;
        let by_id: BTreeMap<&str, &Build> = rows
            .iter()
            .map(|row| (row.job.header.id.as_str(), &row.job))
            .collect();
        let mut repairs = Vec::with_capacity(files.len());
        for id in &ids {
            let part = by_id.get(id.as_str()).copied();
            let part = part.ok_or_else(|| Error::internal("a file's build is gone"))?;
            match (&part.end, &part.work) {
                (Some(End::Failed { error }), _) => return Ok(Seen::Failed(error.clone())),
                (Some(End::Done), Work::File(work)) => repairs.push(work.repairs),
                (Some(_), _) => return Ok(Seen::Failed(JobError::from(&Error::Cancelled))),
                (None, _) => return Ok(Seen::Waiting),
            }
        }
        *counted = taken(&rows);
        Ok(Seen::Written { repairs })
    }

    /// Returns all files: those of the templates and those of the model.
    async fn all_files(
        &self,
        project: &Project,
        plan: &Plan,
        etag: &str,
        drafts: &[Draft],
    ) -> Result<Vec<ProjectFile>, Error> {
        let analysis = self.analysis(project).await?;
        let mut files = templates::render(plan, &facts(project, &analysis));
        let written: Vec<ProjectFile> = stream::iter(plan.files.iter().zip(drafts).enumerate())
            .map(async |(number, (file, draft))| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let key = draft_key(&project.id, etag, number, draft.round);
                let text: Option<DraftText> = self.context.blobs.json(&key).await?;
                let text = text.ok_or_else(|| Error::internal("a file's text is gone"))?;
                Ok::<_, Error>(ProjectFile {
                    path: file.path.clone(),
                    content: text.content.into_bytes(),
                    executable: false,
                    origin: Origin::Model,
                    sources: file.sources.clone(),
                })
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        files.extend(written);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    async fn check(&self, work: &ProjectWork) -> Result<Seen, Error> {
        let project = self.project(&work.project).await?;
        let etag = work.plan.as_deref().ok_or_else(no_plan)?;
        let plan = self.plan(&work.project, etag).await?;
        let files = self.all_files(&project, &plan, etag, &work.drafts).await?;
        let report = (self.checker.project)(&files, plan.framework);
        let blobs = &self.context.blobs;
        let stored = blobs
            .put_document(&work.project, Kind::Report, &report)
            .await?;
        let errors = report.findings.iter();
        let errors: Vec<&Finding> = errors
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        let numbers = plan.files.iter().enumerate().filter_map(|(number, file)| {
            let is_broken = errors.iter().any(|finding| finding.path == file.path);
            is_broken.then_some(u32::try_from(number).ok()).flatten()
        });
        let failing: Vec<u32> = numbers.collect();
        let fail = |path: &str| {
            let findings = errors.iter().filter(|finding| finding.path == path);
            unusable(
                path,
                &findings.map(|one| (*one).clone()).collect::<Vec<_>>(),
            )
        };
        if let Some(number) = work.beyond_repair(&failing) {
            let beyond = plan.files.get(number as usize);
            return Err(fail(beyond.map_or("", |file| file.path.as_str())));
        }
        // A finding outside the written files cannot be repaired.
        let is_written = |path: &str| plan.files.iter().any(|file| file.path == path);
        if let Some(finding) = errors.iter().find(|finding| !is_written(&finding.path)) {
            return Err(fail(&finding.path));
        }
        Ok(Seen::Checked {
            report: stored,
            failing,
        })
    }

    async fn package(
        &self,
        build: &Build,
        work: &ProjectWork,
        report: &str,
    ) -> Result<Seen, Error> {
        let project = self.project(&work.project).await?;
        let etag = work.plan.as_deref().ok_or_else(no_plan)?;
        let plan = self.plan(&work.project, etag).await?;
        let files = self.all_files(&project, &plan, etag, &work.drafts).await?;
        let manifest = Manifest::new(&files);
        let blobs = &self.context.blobs;
        let entries = manifest.files.iter().zip(&files);
        // Files with equal bytes share one blob.
        let contents: BTreeMap<&str, &[u8]> = entries
            .map(|(entry, file)| (entry.sha256.as_str(), file.content.as_slice()))
            .collect();
        let stored = stream::iter(contents)
            .map(async |(hash, content)| blobs.put_file(&project.id, hash, content).await)
            .buffer_unordered(AT_ONCE);
        stored.try_collect::<Vec<()>>().await?;
        let zip = package::archive(&files, &plan.name)?;
        let archive_bytes = zip.len() as u64;
        let (manifest_etag, archive) = try_join(
            Box::pin(blobs.put_document(&project.id, Kind::Manifest, &manifest)),
            Box::pin(blobs.put_archive(&project.id, zip)),
        )
        .await?;
        let made = Made {
            manifest: manifest_etag,
            archive,
            archive_bytes,
            files: u32::try_from(files.len()).unwrap_or(u32::MAX),
            bytes: manifest.bytes() as u64,
        };
        self.note(build, work, |project| {
            project.made = Some(made.clone());
            project.report = Some(report.to_owned());
        })
        .await?;
        Ok(Seen::Packaged)
    }

    /// Saves the end of the build in the row of the project.
    ///
    /// Returns the usage of files that the project did not wait for, except calls that are still
    /// running.
    pub(super) async fn finalize_project(
        &self,
        build: &Build,
        work: &ProjectWork,
    ) -> Result<Usage, Error> {
        let counted = match &work.stage {
            Stage::Opening { round, files, .. } | Stage::Writing { round, files } => {
                self.call_off(build, *round, files).await?
            }
            Stage::Checking { round } if build.error().is_some() => {
                self.forget_broken(work, *round).await?;
                Usage::default()
            }
            _ => Usage::default(),
        };
        self.note(build, work, |project| {
            project.usage = project.usage_before.plus(build.header.usage).plus(counted);
            (project.status, project.error) = match &build.end {
                Some(End::Failed { error }) => (ProjectStatus::Failed, Some(error.clone())),
                Some(End::Cancelled) => (ProjectStatus::Cancelled, None),
                _ if work.plan_only => (ProjectStatus::Planned, None),
                _ => (ProjectStatus::Ready, None),
            };
        })
        .await?;
        Ok(counted)
    }

    /// Deletes the texts of files with findings in the joint check. Another build then asks the
    /// model for them again.
    async fn forget_broken(&self, work: &ProjectWork, round: u32) -> Result<(), Error> {
        let Some(etag) = work.plan.as_deref() else {
            return Ok(());
        };
        let Some(project) = self.context.projects.project(&work.project).await? else {
            return Ok(());
        };
        let plan = self.plan(&work.project, etag).await?;
        // Missing texts need no deletion.
        let files = self
            .all_files(&project.doc, &plan, etag, &work.drafts)
            .await;
        let Ok(files) = files else { return Ok(()) };
        let report = (self.checker.project)(&files, plan.framework);
        let is_broken = |path: &str| {
            let mut errors = report.findings.iter();
            errors.any(|one| one.path == path && one.severity == Severity::Error)
        };
        let broken = plan.files.iter().zip(0u32..);
        let keys = broken
            .filter(|(file, _)| is_broken(&file.path))
            .flat_map(|(_, number)| {
                (0..=round).map(move |round| draft_key(&work.project, etag, number, round))
            });
        self.context.blobs.delete(keys.collect()).await
    }

    /// Cancels the files that wait for dependencies, since no message would wake them. Returns the
    /// usage of all files.
    async fn call_off(&self, build: &Build, round: u32, files: &[u32]) -> Result<Usage, Error> {
        let ids: Vec<JobId> = files
            .iter()
            .map(|number| part_id(&build.header.id, round, *number))
            .collect();
        let waits = |part: &Build| match &part.work {
            Work::File(work) => part.end.is_none() && work.stage == file::Stage::Waiting,
            _ => false,
        };
        let cancelled = |part: Build, now| {
            if waits(&part) {
                engine::cancelled(part, now)
            } else {
                None
            }
        };
        let rows = self.context.jobs.get_all::<Build>(&ids).await?;
        stream::iter(rows.iter().filter(|row| waits(&row.job)))
            .map(async |row: &BuildRow| {
                engine::preempt(
                    &self.context,
                    &row.job.header.id,
                    cancelled,
                    Timestamp::now(),
                )
                .await
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(taken(&rows))
    }
}

fn taken(rows: &[BuildRow]) -> Usage {
    let each = rows.iter().map(|row| row.job.header.usage);
    each.fold(Usage::default(), Usage::plus)
}

/// Returns the id of the build of a file.
pub fn part_id(job: &JobId, round: u32, number: u32) -> JobId {
    JobId::derived(job.as_str(), &format!("file {round} {number}"))
}

fn no_plan() -> Error {
    Error::internal("a build of files without a plan")
}
