import { actionItems, chapters } from "./companion.js";
import { readProgress, writeProgress } from "./progress.js";
import { chapterAt, clock } from "./time.js";

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`the page has no element ${id}`);
  }
  return found;
}

/** @param {string} words */
function drawChapters(words) {
  const wanted = words.trim().toLowerCase();
  const found = chapters.filter((chapter) =>
    chapter.title.toLowerCase().includes(wanted),
  );
  const items = found.map((chapter) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clock(chapter.startSeconds);
    item.append(time, ` ${chapter.title}`);
    return item;
  });
  element("chapter-list").replaceChildren(...items);
  element("no-chapter").hidden = found.length > 0;
}

/** @param {Set<string>} done */
function drawChecklist(done) {
  const items = actionItems.map((action) => {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = done.has(action.id);
    box.addEventListener("change", () => {
      if (box.checked) {
        done.add(action.id);
      } else {
        done.delete(action.id);
      }
      writeProgress(window.localStorage, done);
      drawCount(done);
    });
    const chapter = chapterAt(chapters, action.atSeconds);
    const place = document.createElement("small");
    place.textContent = chapter
      ? ` ${clock(action.atSeconds)}, ${chapter.title}`
      : ` ${clock(action.atSeconds)}`;
    const label = document.createElement("label");
    label.append(box, ` ${action.title}`, place);
    const item = document.createElement("li");
    item.append(label);
    return item;
  });
  element("action-list").replaceChildren(...items);
  drawCount(done);
}

/** @param {Set<string>} done */
function drawCount(done) {
  const count = actionItems.filter((action) => done.has(action.id)).length;
  element("count").textContent = `${count} of ${actionItems.length} done`;
}

const search = element("search");
search.addEventListener("input", () => {
  if (search instanceof HTMLInputElement) {
    drawChapters(search.value);
  }
});
drawChapters("");
drawChecklist(readProgress(window.localStorage));
