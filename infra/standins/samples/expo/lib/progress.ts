import { create } from "zustand";

interface Progress {
  /** The ids of the action items that are done. */
  readonly done: ReadonlySet<string>;
  /** Marks an action item as done, or as not done if it was. */
  readonly toggle: (id: string) => void;
}

/** Which action items are done, for as long as the application runs. */
export const useProgress = create<Progress>()((set) => ({
  done: new Set<string>(),
  toggle: (id) =>
    set(({ done }) => {
      const next = new Set(done);
      if (!next.delete(id)) {
        next.add(id);
      }
      return { done: next };
    }),
}));
