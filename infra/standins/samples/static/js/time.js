/**
 * Seconds as a clock shows them: 75 is 1:15, 3675 is 1:01:15.
 * @param {number} seconds
 * @returns {string}
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}`
    : `${minutes}:${rest}`;
}

/**
 * The chapter that a second lies in, if there is one.
 * @param {readonly import("./companion.js").Chapter[]} chapters
 * @param {number} seconds
 * @returns {import("./companion.js").Chapter | undefined}
 */
export function chapterAt(chapters, seconds) {
  return chapters.find(
    (chapter) =>
      chapter.startSeconds <= seconds && seconds < chapter.endSeconds,
  );
}
