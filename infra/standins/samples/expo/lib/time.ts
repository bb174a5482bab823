import type { Chapter } from "./companion";

/** Seconds as a clock shows them: 75 is 1:15, 3675 is 1:01:15. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}`
    : `${minutes}:${rest}`;
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
