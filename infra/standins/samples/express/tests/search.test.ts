import assert from "node:assert/strict";
import { test } from "node:test";

import type { Chapter } from "../src/companion.js";
import { chapterAt, chaptersWith } from "../src/search.js";

const first: Chapter = { title: "Install the tools", startSeconds: 0, endSeconds: 60 };
const second: Chapter = { title: "Write the first test", startSeconds: 60, endSeconds: 150.5 };

test("every word must be there", () => {
  assert.deepEqual(chaptersWith([first, second], "THE first"), [second]);
  assert.deepEqual(chaptersWith([first, second], "first tools"), []);
  assert.deepEqual(chaptersWith([first, second], ""), [first, second]);
});

test("a second belongs to one chapter", () => {
  assert.equal(chapterAt([first, second], 59.9), first);
  assert.equal(chapterAt([first, second], 60), second);
  assert.equal(chapterAt([first, second], 150.5), undefined);
});
