import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";

import { actionItems, chapters, title } from "../src/companion.js";
import app from "../src/index.js";

const server = app.listen(0, "127.0.0.1");
let base = "";

before(async () => {
  if (!server.listening) {
    await once(server, "listening");
  }
  const { port } = server.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
});

after(() => {
  server.close();
  // The client keeps its connections for more calls, and the server would wait for them.
  server.closeAllConnections();
});

test("the companion is served", async () => {
  const response = await fetch(`${base}/`);
  assert.equal(response.status, 200);
  const body = (await response.json()) as { title: string; chapters: unknown };
  assert.equal(body.title, title);
  assert.deepEqual(body.chapters, chapters);
});

test("chapters are found by their words", async () => {
  const response = await fetch(`${base}/chapters`);
  assert.deepEqual(await response.json(), chapters);
  for (const chapter of chapters) {
    const query = new URLSearchParams({ q: chapter.title });
    const found = (await (await fetch(`${base}/chapters?${query}`)).json()) as unknown[];
    assert.ok(found.length > 0);
  }
});

test("action items are served", async () => {
  const response = await fetch(`${base}/action-items`);
  assert.deepEqual(await response.json(), actionItems);
});

test("what goes wrong is a problem document", async () => {
  for (const [path, status] of [
    ["/chapters/at/soon", 422],
    ["/chapters/at/999999999", 404],
    ["/chapters?q=a&q=b", 422],
    ["/nowhere", 404],
  ] as const) {
    const response = await fetch(`${base}${path}`);
    assert.equal(response.status, status, path);
    assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  }
});
