import type { Chapter } from "./companion.js";

/** The chapters whose title holds each of the words, in any case. */
export function chaptersWith(
  chapters: readonly Chapter[],
  words: string,
): Chapter[] {
  const wanted = words.toLowerCase().split(/\s+/);
  return chapters.filter((chapter) => {
    const title = chapter.title.toLowerCase();
    return wanted.every((word) => title.includes(word));
  });
}

/** The chapter that a second lies in, if there is one. */
export function chapterAt(
  chapters: readonly Chapter[],
  seconds: number,
): Chapter | undefined {
  return chapters.find(
    (chapter) =>
      chapter.startSeconds <= seconds && seconds < chapter.endSeconds,
  );
}
