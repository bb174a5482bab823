import { z } from "zod";

const KEY = "companion-progress";

const Stored = z.object({
  version: z.literal(1),
  done: z.array(z.string()).max(1000),
});

/** The ids of the action items that are done. */
export function readProgress(storage: Pick<Storage, "getItem">): Set<string> {
  const text = storage.getItem(KEY);
  if (text === null) {
    return new Set();
  }
  try {
    const stored = Stored.safeParse(JSON.parse(text));
    return new Set(stored.success ? stored.data.done : []);
  } catch {
    // Another version or program wrote invalid JSON, so no progress is known.
    return new Set();
  }
}

/** Remembers which action items are done. */
export function writeProgress(
  storage: Pick<Storage, "setItem">,
  done: ReadonlySet<string>,
): void {
  const stored: z.infer<typeof Stored> = { version: 1, done: [...done] };
  storage.setItem(KEY, JSON.stringify(stored));
}
