import { Router } from "express";
import { z } from "zod";

import { actionItems, chapters, summary, title } from "./companion.js";
import { Problem } from "./problems.js";
import { chapterAt, chaptersWith } from "./search.js";

const ChaptersQuery = z.object({ q: z.string().max(200).default("") });
const Second = z.coerce.number().min(0);

export const routes = Router();

routes.get("/", (_request, response) => {
  response.json({ title, summary, chapters, actionItems });
});

routes.get("/chapters", (request, response) => {
  const query = ChaptersQuery.safeParse(request.query);
  if (!query.success) {
    throw new Problem(422, "q is one text of at most 200 characters");
  }
  response.json(chaptersWith(chapters, query.data.q));
});

routes.get("/chapters/at/:second", (request, response) => {
  const second = Second.safeParse(request.params.second);
  if (!second.success) {
    throw new Problem(422, "the second is a number");
  }
  const chapter = chapterAt(chapters, second.data);
  if (chapter === undefined) {
    throw new Problem(404, "no chapter at that second");
  }
  response.json(chapter);
});

routes.get("/action-items", (_request, response) => {
  response.json(actionItems);
});
