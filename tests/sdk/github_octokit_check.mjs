// Drives a stand-in of GitHub with GitHub's official client for JavaScript, unchanged.
//
//     npm install octokit
//     cargo run --package eventrelay-standins --example standins     # prints the base URLs
//     node tests/sdk/github_octokit_check.mjs http://127.0.0.1:PORT
//
// Prints one line for each check and fails at the first that does not hold. Resets the stand-in.

import assert from "node:assert/strict";
import { Octokit } from "octokit";

const [baseUrl] = process.argv.slice(2);
await fetch(`${baseUrl}/_control`, { method: "DELETE" });
const { rest, paginate } = new Octokit({ auth: "test-token", baseUrl });
const FILES = { "src/main.rs": "fn main() {}\n", "run.sh": "#!/bin/sh\n" };

function holds(what, actual, expected) {
  assert.deepEqual(actual, expected, what);
  console.log(`ok ${what}: ${JSON.stringify(actual)}`);
}

const made = await rest.repos.createForAuthenticatedUser({ name: "checked", auto_init: true, private: true });
const repository = { owner: made.data.owner.login, repo: made.data.name };
holds("repository", (await rest.repos.get(repository)).data.full_name, `${repository.owner}/checked`);

const first = (await rest.git.getRef({ ...repository, ref: "heads/main" })).data.object.sha;
const parent = (await rest.git.getCommit({ ...repository, commit_sha: first })).data;
const tree = await rest.git.createTree({
  ...repository,
  base_tree: parent.tree.sha,
  tree: Object.entries(FILES).map(([path, content]) => ({
    path,
    content,
    type: "blob",
    mode: path.endsWith(".sh") ? "100755" : "100644",
  })),
});
const commit = await rest.git.createCommit({
  ...repository,
  message: "Add files",
  tree: tree.data.sha,
  parents: [first],
});
const sha = commit.data.sha;
await rest.git.updateRef({ ...repository, ref: "heads/main", sha });

const entries = (await rest.git.getTree({ ...repository, tree_sha: sha, recursive: "1" })).data.tree;
holds("tree", entries.map((entry) => `${entry.mode} ${entry.path}`), [
  "100644 README.md",
  "100755 run.sh",
  "040000 src",
  "100644 src/main.rs",
]);
holds("commit", (await rest.git.getCommit({ ...repository, commit_sha: sha })).data.parents[0].sha, first);
const commits = await paginate(rest.repos.listCommits, repository);
holds("commits", commits.map((one) => one.commit.message), ["Add files", "Initial commit"]);
for (const [path, content] of Object.entries(FILES)) {
  const { data } = await rest.repos.getContent({ ...repository, path });
  holds(`file ${path}`, Buffer.from(data.content, "base64").toString(), content);
}
const taken = rest.repos.createForAuthenticatedUser({ name: "checked" });
holds("a taken name", await taken.catch((error) => error.status), 422);
