"""Models that datamodel-code-generator makes, with httpx: submits, polls, reads, makes a project, is
refused."""

import os
import time

import httpx
from event_relay_models import (
    Analysis, AnalysisJob, Framework, Job, JobStatus, NewProject, Problem, Project, ProjectJob,
    ProjectType, Submission,
)

client = httpx.Client(base_url=os.environ["API"], headers={"x-api-key": os.environ["KEY"]})
transcript = open(os.environ["TRANSCRIPT"], encoding="utf-8").read()


def post(path, body):
    return client.post(path, json=body.model_dump(mode="json"))


def finished(job):
    while job.status in (JobStatus.queued, JobStatus.running):
        time.sleep(0.2)
        job = Job.model_validate(client.get(f"/v1/jobs/{job.job_id}").json()).root
    assert job.status == JobStatus.done and job.progress == 100, job
    return job


submission = Submission(url="https://youtu.be/jNQXAC9IVRw", transcript=transcript, force=True)
job = finished(AnalysisJob.model_validate(post("/v1/videos", submission).json()))
assert isinstance(job, AnalysisJob) and job.kind == "analysis" and job.stage.value == "done"
analysis = Analysis.model_validate(client.get(f"/v1/videos/{job.video_id}").json())
assert analysis.transcript[0].text
project = NewProject(
    project_type=ProjectType.web, framework=Framework.static, features=["A table"], plan_only=True
)
made = ProjectJob.model_validate(post(f"/v1/videos/{job.video_id}/projects", project).json())
made = finished(made)
assert isinstance(made, ProjectJob) and made.kind == "project"
read = Project.model_validate(client.get(f"/v1/projects/{made.project_id}").json())
assert read.features == ["A table"]
answer = post("/v1/videos", Submission(language="en"))
problem = Problem.model_validate(answer.json())
assert answer.status_code == problem.status == 422 and problem.field == "url"
print(f"{analysis.video.title}: {len(analysis.transcript)} lines; {read.title}; {problem.detail}")
