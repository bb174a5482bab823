"""Finds the chapter that is closest to a question."""

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from app.data import Tables


def texts(tables: Tables) -> list[str]:
    """The words of each chapter: its title and the action items within it."""
    words = []
    for number, title in enumerate(tables.chapters["title"]):
        inside = tables.actions["chapter"] == number
        words.append(" ".join([title, *tables.actions.loc[inside, "title"]]))
    return words


class ChapterSearch:
    """Chapters by their words, weighed by how rare these are (TF-IDF)."""

    def __init__(self, chapters: Sequence[str]) -> None:
        """Fits the model to the words of the chapters, of which there is at least one."""
        # Letters in threes to fives: short texts share few whole words.
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
        self._chapters = self._vectorizer.fit_transform(chapters)

    def scores(self, question: str) -> np.ndarray:
        """How close each chapter is, from 0 to 1."""
        asked = self._vectorizer.transform([question])
        return cosine_similarity(asked, self._chapters)[0]

    def best(self, question: str) -> int | None:
        """The number of the closest chapter; none where no chapter shares anything with it."""
        scores = self.scores(question)
        best = int(scores.argmax())
        return best if scores[best] > 0 else None
