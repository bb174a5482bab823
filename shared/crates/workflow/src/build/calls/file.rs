//! Steps of the build of a file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Allowance, Calls, paid, project::part_id};
use crate::build::{
    file::{FileWork, Seen, Stage},
    model::{Build, End},
};
use eventrelay_core::{answer_class::AnswerClass, error::Error, limit::Cap, usage::Usage};
use eventrelay_project::{
    Finding, Neighbours, Origin, Project, ProjectFile, ProjectId, Report, Severity,
    generate::{self, Known, Repair},
    plan::Plan,
    templates,
};
use eventrelay_store::project_blobs::{Kind, draft_key, made_key};

/// Estimated output tokens of a file.
const FILE_TOKENS: u64 = 2500;

/// Text of a file after a round.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DraftText {
    pub(super) content: String,
    /// Hash of the first question of the round. If the question is unchanged, the text is reused.
    pub(super) question: String,
    pub(super) repairs: u32,
}

impl Calls {
    pub(super) async fn file_step(
        &self,
        build: &Build,
        work: &FileWork,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<Seen, Error> {
        if let Some(parent) = &build.parent {
            self.at_work(parent).await?;
        }
        let project = self.project(&work.project).await?;
        let plan = self.plan(&work.project, &work.plan).await?;
        let file = plan
            .files
            .get(work.number as usize)
            .ok_or_else(|| Error::internal("a file that is not planned"))?;
        let analysis = self.analysis(&project).await?;
        let texts = self.texts(work, &plan).await?;
        let packages = packages(&plan);
        let known = Known {
            made_elsewhere: templates::paths(plan.framework),
            packages: &packages,
            texts: &texts,
            analysis: &analysis,
        };
        let base = self.base(work).await?;
        let repair = base.as_ref().map(|(content, findings)| Repair {
            content,
            findings,
            number: work.repairs_before(),
        });
        let first = generate::question(&plan, file, known, repair);
        let first_hash = first.hash();
        let blobs = &self.context.blobs;
        let key = draft_key(&work.project, &work.plan, work.number, work.round);
        if work.asked.is_empty()
            && let Some(draft) = blobs.json::<DraftText>(&key).await?
            && draft.question == first_hash
        {
            // The worker that stored the text may have crashed before it saved the usage.
            let kept = self.kept(build, &work.project, &first_hash, usage).await?;
            return Ok(Seen::Written {
                repairs: draft.repairs,
                question: kept.map(|_| first_hash),
            });
        }
        let question = match &work.stage {
            Stage::Waiting | Stage::Writing => first,
            Stage::Mending { findings } => {
                let last = work.asked.last().map(String::as_str).unwrap_or_default();
                let mut unpaid = Usage::default();
                let answer = self.kept(build, &work.project, last, &mut unpaid).await?;
                let answer = answer.ok_or_else(|| Error::internal("a paid answer is gone"))?;
                let content = generate::read(&answer.text).unwrap_or_default();
                let repair = Repair {
                    content: &content,
                    findings,
                    number: work.repairs,
                };
                generate::question(&plan, file, known, Some(repair))
            }
        };
        let hash = question.hash();
        let answer = match self.kept(build, &work.project, &hash, usage).await? {
            Some(answer) => answer,
            None => {
                let before = *usage;
                let cap = work.max_cost_usd.map(|usd| Cap {
                    usd,
                    spent_usd: usage.cost_usd.unwrap_or(0.0),
                });
                let allowance = Allowance {
                    output_tokens: FILE_TOKENS,
                    cap,
                };
                let answer = self.ask(build, &question, allowance, time, usage).await?;
                let malformed = |source| Error::AnswerMalformed {
                    source: Box::new(source),
                };
                generate::read(&answer.text).map_err(malformed)?;
                let paid = paid(before, *usage);
                self.keep(build, &work.project, &hash, &answer, paid).await;
                answer
            }
        };
        // The README of the project names the class of the models that wrote its files.
        self.note_class(&work.project, answer.answered_by).await?;
        let content = generate::read(&answer.text).unwrap_or_default();
        let written = model_file(file.path.clone(), content.clone());
        let neighbours = neighbours(&plan, packages, texts);
        let findings = (self.checker.file)(&written, plan.framework, neighbours);
        let findings = errors(findings);
        if !findings.is_empty() {
            return Ok(Seen::Broken {
                question: hash,
                findings,
            });
        }
        let draft = DraftText {
            content,
            question: first_hash,
            repairs: work.repairs,
        };
        blobs.put_json(&key, &draft).await?;
        Ok(Seen::Written {
            repairs: work.repairs,
            question: Some(hash),
        })
    }

    /// Lowers the class of a project to that of one of its answers.
    async fn note_class(&self, id: &ProjectId, answered_by: AnswerClass) -> Result<(), Error> {
        if self.project(id).await?.answered_by <= answered_by {
            return Ok(());
        }
        let lower = |project: &mut Project| {
            let is_lower = answered_by < project.answered_by;
            project.answered_by = project.answered_by.min(answered_by);
            is_lower
        };
        self.context.projects.change(id.as_str(), lower).await?;
        Ok(())
    }

    /// Returns the texts of the files that this file depends on.
    async fn texts(&self, work: &FileWork, plan: &Plan) -> Result<Vec<(String, String)>, Error> {
        let reads = work.needs.iter().map(async |(number, round)| {
            let key = draft_key(&work.project, &work.plan, *number, *round);
            let draft: Option<DraftText> = self.context.blobs.json(&key).await?;
            let draft = draft.ok_or_else(not_yet)?;
            let path = plan.files.get(*number as usize);
            let path = path.map(|file| file.path.clone()).unwrap_or_default();
            Ok::<_, Error>((path, draft.content))
        });
        futures_util::future::try_join_all(reads).await
    }

    /// Returns the text that this round repairs, with its findings.
    async fn base(&self, work: &FileWork) -> Result<Option<(String, Vec<Finding>)>, Error> {
        let Some(mends) = &work.mends else {
            return Ok(None);
        };
        let blobs = &self.context.blobs;
        let key = draft_key(&work.project, &work.plan, work.number, mends.round);
        let draft = blobs.json::<DraftText>(&key).await?;
        let draft = draft.ok_or_else(|| Error::internal("a file's text is gone"))?;
        let report: Report = blobs
            .document(&work.project, Kind::Report, &mends.report)
            .await?;
        let findings = report.findings.into_iter();
        let findings = findings.filter(|finding| finding.path == work.path);
        Ok(Some((draft.content, errors(findings.collect()))))
    }

    /// Completes the file in the fan-in of its project and deletes its paid answers. After a
    /// failure, another build therefore asks the model again.
    pub(super) async fn finalize_file(&self, build: &Build, work: &FileWork) -> Result<(), Error> {
        if let Some(parent) = &build.parent {
            let jobs = &self.context.jobs;
            if build.end == Some(End::Done) {
                let join = jobs.complete(parent, work.round, work.number, &work.needed_by);
                let join = join.await?;
                let ready = work.needed_by.iter();
                let ready: Vec<_> = ready
                    .filter(|other| !join.waiting.contains_key(other))
                    .map(|other| part_id(parent, work.round, *other))
                    .collect();
                self.context.builds_queue.send_first_steps(&ready).await?;
                if join.pending.is_empty() {
                    self.wake(parent).await?;
                }
            } else {
                jobs.fail(parent, work.round, work.number).await?;
                self.wake(parent).await?;
            }
        }
        let asked = work.asked.iter();
        let keys = asked.map(|hash| made_key(&work.project, hash)).collect();
        self.context.blobs.delete(keys).await?;
        self.tidy(&work.project).await
    }
}

fn errors(findings: Vec<Finding>) -> Vec<Finding> {
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    findings.into_iter().filter(is_error).collect()
}

/// Returns the names of all packages that the project declares.
fn packages(plan: &Plan) -> Vec<String> {
    let base = templates::packages(plan.framework).iter();
    let base = base.map(|package| package.name.to_owned());
    let planned = plan.dependencies.iter().map(|package| package.name.clone());
    let mut names: Vec<String> = base.chain(planned).collect();
    names.sort();
    names.dedup();
    names
}

fn neighbours(plan: &Plan, mut packages: Vec<String>, texts: Vec<(String, String)>) -> Neighbours {
    let from_templates = templates::paths(plan.framework).iter();
    let from_templates = from_templates.map(|path| (*path).to_owned());
    let planned = plan.files.iter().map(|file| file.path.clone());
    // A crate imports its own library by the name of the project.
    packages.push(plan.name.clone());
    let texts = texts.into_iter();
    Neighbours {
        paths: from_templates.chain(planned).collect(),
        packages,
        phrases: generate::MARKERS.map(ToOwned::to_owned).to_vec(),
        files: texts.map(|(path, text)| model_file(path, text)).collect(),
    }
}

fn model_file(path: String, text: String) -> ProjectFile {
    ProjectFile {
        path,
        content: text.into_bytes(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    }
}

/// Error of a file whose message arrived before its dependencies were written.
fn not_yet() -> Error {
    Error::Storage {
        transient: true,
        source: "what a file depends on is not there yet".into(),
    }
}
