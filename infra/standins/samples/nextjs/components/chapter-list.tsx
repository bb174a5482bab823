"use client";

import { useState } from "react";

import type { Chapter } from "../lib/companion";
import { clock } from "../lib/time";

interface Props {
  readonly chapters: readonly Chapter[];
}

/** The chapters, narrowed to those whose title holds what was typed. */
export function ChapterList({ chapters }: Props) {
  const [words, setWords] = useState("");
  const wanted = words.trim().toLowerCase();
  const found = chapters.filter((chapter) =>
    chapter.title.toLowerCase().includes(wanted),
  );
  return (
    <section aria-labelledby="chapters">
      <h2 id="chapters">Chapters</h2>
      <label>
        Find a chapter{" "}
        <input
          type="search"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      </label>
      {found.length === 0 ? (
        <p role="status">No chapter has these words.</p>
      ) : (
        <ol>
          {found.map((chapter) => (
            <li key={`${chapter.startSeconds} ${chapter.title}`}>
              <time dateTime={`PT${Math.floor(chapter.startSeconds)}S`}>
                {clock(chapter.startSeconds)}
              </time>{" "}
              {chapter.title}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
