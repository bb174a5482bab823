"""The lookup as it was before: nothing is remembered, every request walks the folders.

`python before.py FOLDER`, see README.md.
"""

import sys
import time
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response

from server import serve

LEGACY_MAX_AGE_S = 86_400

root = Path(sys.argv[1])
legacy = root / "markdown_analysis"
enhanced = root / "enhanced_analysis"

app = FastAPI()


def legacy_file(video_id: str) -> Path | None:
    """A pair of files with fixed names in one of the categories, not older than a day."""
    for category in legacy.iterdir():
        text = category / f"{video_id}_analysis.md"
        metadata = category / f"{video_id}_metadata.json"
        if text.exists() and metadata.exists():
            if time.time() - text.stat().st_mtime < LEGACY_MAX_AGE_S:
                return text
    return None


def enhanced_file(video_id: str) -> Path | None:
    """The name has a time in it, so each category is listed until one has a match."""
    for category in enhanced.iterdir():
        found = sorted(category.glob(f"{video_id}_*_enhanced.md"))
        if found:
            return found[-1]
    return None


@app.get("/v1/videos/{video_id}")
async def get_video(video_id: str) -> Response:
    name = video_id.removeprefix("yt:")
    path = legacy_file(name) or enhanced_file(name)
    if path is None:
        raise HTTPException(status_code=404)
    return Response(path.read_bytes(), media_type="application/json")


serve(app)
