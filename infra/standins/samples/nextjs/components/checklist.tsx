"use client";

import { useEffect, useState } from "react";

import type { ActionItem } from "../lib/companion";
import { readProgress, writeProgress } from "../lib/progress";
import { clock } from "../lib/time";

interface Props {
  readonly items: readonly ActionItem[];
}

/** The action items as boxes to tick; the browser remembers which are. */
export function Checklist({ items }: Props) {
  const [done, setDone] = useState<ReadonlySet<string>>(new Set<string>());

  // The server knows nothing of the browser's storage, so that it is read after the first drawing.
  useEffect(() => {
    setDone(readProgress(window.localStorage));
  }, []);

  function toggle(id: string): void {
    const next = new Set(done);
    if (!next.delete(id)) {
      next.add(id);
    }
    writeProgress(window.localStorage, next);
    setDone(next);
  }

  const count = items.filter((item) => done.has(item.id)).length;
  return (
    <section aria-labelledby="checklist">
      <h2 id="checklist">Checklist</h2>
      <p role="status">
        {count} of {items.length} done
      </p>
      <ul>
        {items.map((item) => (
          <li key={item.id}>
            <label>
              <input
                type="checkbox"
                checked={done.has(item.id)}
                onChange={() => toggle(item.id)}
              />{" "}
              {item.title} <small>({clock(item.atSeconds)})</small>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}
