"""The command line of the companion."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.companion import ACTION_ITEMS, CHAPTERS, SUMMARY, TITLE
from app.progress import read_progress, write_progress
from app.times import chapter_at, clock, seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="companion", description="A companion to a video.")
    parser.add_argument(
        "--progress",
        type=Path,
        default=Path("progress.json"),
        help="the file that holds which action items are done",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("about", help="title and summary")
    chapters = commands.add_parser("chapters", help="the chapters")
    chapters.add_argument("words", nargs="*", help="words that a title must hold")
    at = commands.add_parser("at", help="the chapter at a time")
    at.add_argument("time", type=seconds, help="such as 75, 1:15 or 1:01:15")
    commands.add_parser("actions", help="the action items")
    done = commands.add_parser("done", help="mark an action item as done")
    done.add_argument("number", type=int)
    return parser


def _print_chapters(console: Console, words: Sequence[str]) -> int:
    wanted = [word.casefold() for word in words]
    found = [
        chapter
        for chapter in CHAPTERS
        if all(word in chapter.title.casefold() for word in wanted)
    ]
    table = Table("From", "To", "Chapter")
    for chapter in found:
        table.add_row(clock(chapter.start_s), clock(chapter.end_s), chapter.title)
    console.print(table)
    return 0 if found else 1


def _print_actions(console: Console, done: set[int]) -> int:
    table = Table("", "No.", "At", "Action item")
    for item in ACTION_ITEMS:
        mark = "x" if item.number in done else ""
        table.add_row(mark, str(item.number), clock(item.at_s), item.title)
    console.print(table)
    return 0


def _mark_done(console: Console, path: Path, number: int) -> int:
    if all(item.number != number for item in ACTION_ITEMS):
        console.print(f"there is no action item {number}")
        return 1
    done = read_progress(path) | {number}
    write_progress(path, done)
    console.print(f"{len(done)} of {len(ACTION_ITEMS)} done")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    given = _parser().parse_args(arguments)
    # Titles come from a video: what looks like markup in them is text.
    console = Console(markup=False, highlight=False)
    try:
        match given.command:
            case "about":
                console.print(f"{TITLE}\n\n{SUMMARY}")
                return 0
            case "chapters":
                return _print_chapters(console, given.words)
            case "at":
                chapter = chapter_at(CHAPTERS, given.time)
                console.print(chapter.title if chapter else "no chapter at that time")
                return 0 if chapter else 1
            case "actions":
                return _print_actions(console, read_progress(given.progress))
            case _:
                return _mark_done(console, given.progress, given.number)
    except (OSError, ValueError) as error:
        console.print(f"error: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
