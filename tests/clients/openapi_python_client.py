"""A client that openapi-python-client generates: submits, polls, reads, makes a project, is refused."""

import os
import time

from event_relay_client import AuthenticatedClient
from event_relay_client.api.analyses import get_video
from event_relay_client.api.jobs import get_job
from event_relay_client.api.projects import create_project, get_project
from event_relay_client.api.submissions import submit_video
from event_relay_client.models import (
    Analysis, AnalysisJob, Framework, JobStatus, NewProject, Problem, Project, ProjectJob,
    ProjectType, Submission,
)

client = AuthenticatedClient(
    os.environ["API"], os.environ["KEY"], prefix="", auth_header_name="x-api-key"
)
transcript = open(os.environ["TRANSCRIPT"], encoding="utf-8").read()


def finished(job):
    while job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        time.sleep(0.2)
        job = get_job.sync(job.job_id, client=client)
    assert job.status == JobStatus.DONE and job.progress == 100, job
    return job


submission = Submission(url="https://youtu.be/jNQXAC9IVRw", transcript=transcript, force=True)
job = submit_video.sync(client=client, body=submission)
assert isinstance(job, AnalysisJob), job
job = finished(job)
assert isinstance(job, AnalysisJob) and job.kind == "analysis" and job.stage == "done"
analysis = get_video.sync(job.video_id, client=client)
assert isinstance(analysis, Analysis) and analysis.transcript[0].text, analysis
project = NewProject(ProjectType.WEB, framework=Framework.STATIC, features=["A table"], plan_only=True)
made = create_project.sync(job.video_id, client=client, body=project)
assert isinstance(made, ProjectJob) and made.kind == "project", made
read = get_project.sync(finished(made).project_id, client=client)
assert isinstance(read, Project) and read.features == ["A table"], read
problem = submit_video.sync(client=client, body=Submission(language="en"))
assert isinstance(problem, Problem) and problem.status == 422 and problem.field == "url", problem
print(f"{analysis.video.title}: {len(analysis.transcript)} lines; {read.title}; {problem.detail}")
