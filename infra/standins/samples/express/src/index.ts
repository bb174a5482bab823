import { pathToFileURL } from "node:url";

import express from "express";

import { notFound, onError } from "./problems.js";
import { routes } from "./routes.js";

const app = express();
app.disable("x-powered-by");
app.use(routes);
app.use(notFound);
app.use(onError);

export default app;

const started = process.argv[1];
if (started !== undefined && import.meta.url === pathToFileURL(started).href) {
  const port = Number(process.env.PORT ?? 3000);
  app.listen(port, () => {
    console.log(`listening on port ${port}`);
  });
}
