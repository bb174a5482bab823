// A client of openapi-typescript and openapi-fetch: submits, polls, reads, makes a project, is refused.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript.js";

type Job = components["schemas"]["Job"];

const { API = "", KEY = "", TRANSCRIPT = "" } = process.env;
const client = createClient<paths>({ baseUrl: API, headers: { "x-api-key": KEY } });

async function finished(job: Job): Promise<Job> {
  while (job.status === "queued" || job.status === "running") {
    await pause(200);
    const { data } = await client.GET("/v1/jobs/{job_id}", { params: { path: { job_id: job.job_id } } });
    assert(data);
    job = data;
  }
  assert.deepEqual([job.status, job.stage, job.progress], ["done", "done", 100]);
  return job;
}

const url = "https://youtu.be/jNQXAC9IVRw";
const submitted = await client.POST("/v1/videos", {
  body: { url, transcript: readFileSync(TRANSCRIPT, "utf8"), force: true },
});
assert(submitted.data && "kind" in submitted.data);
const job = await finished(submitted.data);
assert(job.kind === "analysis");
const path = { video_id: job.video_id };
const { data: analysis } = await client.GET("/v1/videos/{video_id}", { params: { path } });
assert(analysis && !("kind" in analysis));
const made = await client.POST("/v1/videos/{video_id}/projects", {
  params: { path },
  body: { project_type: "web", framework: "static", features: ["A table"], plan_only: true },
});
assert(made.data);
const built = await finished(made.data);
assert(built.kind === "project");
const read = await client.GET("/v1/projects/{project_id}", { params: { path: { project_id: built.project_id } } });
assert.deepEqual(read.data?.features, ["A table"]);
const { error: problem } = await client.POST("/v1/videos", { body: { language: "en" } });
assert(problem?.status === 422 && problem.field === "url");
console.log(`${analysis.video.title}: ${analysis.transcript.length} lines; ${read.data?.title}; ${problem.detail}`);
