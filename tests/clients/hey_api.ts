// A client of @hey-api/openapi-ts: submits, polls, reads, makes a project, is refused.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { client } from "./generated/hey-api/client.gen.js";
import { createProject, getJob, getProject, getVideo, submitVideo } from "./generated/hey-api/index.js";
import type { Job } from "./generated/hey-api/index.js";

const { API = "", KEY = "", TRANSCRIPT = "" } = process.env;
client.setConfig({ baseUrl: API, auth: KEY });

async function finished(job: Job): Promise<Job> {
  while (job.status === "queued" || job.status === "running") {
    await pause(200);
    const { data } = await getJob({ path: { job_id: job.job_id } });
    assert(data);
    job = data;
  }
  assert.deepEqual([job.status, job.stage, job.progress], ["done", "done", 100]);
  return job;
}

const url = "https://youtu.be/jNQXAC9IVRw";
const submitted = await submitVideo({
  body: { url, transcript: readFileSync(TRANSCRIPT, "utf8"), force: true },
});
assert(submitted.data && "kind" in submitted.data);
const job = await finished(submitted.data);
assert(job.kind === "analysis");
const path = { video_id: job.video_id };
const { data: analysis } = await getVideo({ path });
assert(analysis && !("kind" in analysis));
const made = await createProject({
  path,
  body: { project_type: "web", framework: "static", features: ["A table"], plan_only: true },
});
assert(made.data);
const built = await finished(made.data);
assert(built.kind === "project");
const read = await getProject({ path: { project_id: built.project_id } });
assert.deepEqual(read.data?.features, ["A table"]);
const { error: problem } = await submitVideo({ body: { language: "en" } });
assert(problem?.status === 422 && problem.field === "url");
console.log(`${analysis.video.title}: ${analysis.transcript.length} lines; ${read.data?.title}; ${problem.detail}`);
