"""The lookup as it was to become: the folders are walked once, bodies are kept in memory.

`python after.py FOLDER MOST_BODIES`, see README.md.
"""

import sys
from collections import OrderedDict
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response

from server import serve

root = Path(sys.argv[1])
most_bodies = int(sys.argv[2])

app = FastAPI()


def build_index() -> dict[str, Path]:
    """The newest file of every video; names sort by time, and enhanced ones after legacy ones."""
    index: dict[str, Path] = {}
    for path in sorted(root.glob("markdown_analysis/*/*_analysis.md")):
        index[path.name.removesuffix("_analysis.md")] = path
    for path in sorted(root.glob("enhanced_analysis/*/*_enhanced.md")):
        video_id, _stamp, _ = path.name.rsplit("_", 2)
        index[video_id] = path
    return index


index = build_index()
bodies: OrderedDict[str, bytes] = OrderedDict()


def body_of(video_id: str) -> bytes | None:
    body = bodies.get(video_id)
    if body is not None:
        bodies.move_to_end(video_id)
        return body
    path = index.get(video_id)
    if path is None:
        return None
    body = path.read_bytes()
    bodies[video_id] = body
    if len(bodies) > most_bodies:
        bodies.popitem(last=False)
    return body


@app.get("/v1/videos/{video_id}")
async def get_video(video_id: str) -> Response:
    body = body_of(video_id.removeprefix("yt:"))
    if body is None:
        raise HTTPException(status_code=404)
    return Response(body, media_type="application/json")


serve(app)
