const KEY = "companion-progress";

/**
 * The ids of the action items that are done.
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Set<string>}
 */
export function readProgress(storage) {
  try {
    const stored = JSON.parse(storage.getItem(KEY) ?? "[]");
    const ids = Array.isArray(stored) ? stored : [];
    return new Set(ids.filter((id) => typeof id === "string"));
  } catch {
    // Another program wrote invalid JSON, so no progress is known.
    return new Set();
  }
}

/**
 * Remembers which action items are done.
 * @param {Pick<Storage, "setItem">} storage
 * @param {ReadonlySet<string>} done
 */
export function writeProgress(storage, done) {
  storage.setItem(KEY, JSON.stringify([...done]));
}
