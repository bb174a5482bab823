import { z } from "zod";

import { chapters } from "../../../lib/companion";
import { chapterAt } from "../../../lib/time";

const Second = z.coerce.number().min(0);

/** All chapters, or with `?at=` the one at that second. */
export function GET(request: Request): Response {
  const at = new URL(request.url).searchParams.get("at");
  if (at === null) {
    return Response.json({ chapters });
  }
  const second = Second.safeParse(at);
  if (!second.success) {
    return Response.json({ error: "at is a number of seconds" }, { status: 400 });
  }
  const chapter = chapterAt(chapters, second.data);
  return chapter === undefined
    ? Response.json({ error: "no chapter at that second" }, { status: 404 })
    : Response.json({ chapter });
}
