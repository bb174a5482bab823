import assert from "node:assert/strict";
import test from "node:test";

import app from "../src/index";

test("the service answers", async () => {
  const server = app.listen(0);
  try {
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const response = await fetch(`http://127.0.0.1:${address.port}/`);
    assert.ok(response.status < 500);
  } finally {
    server.close();
  }
});
