"""Recordings become analyses at Gemini, in one of three ways.

`python process.py WAY BASE_URL FILE COUNT`, see ../README.md. COUNT at once; prints a line of JSON:
wall-clock seconds of all, those of each that ended well, how late each noticed that its file was
ready, and how many failed.
"""

import asyncio
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import requests

way, base_url, file, count = sys.argv[1:]
recording = Path(file).read_bytes()

POLL_S = 2
MODEL = "gemini-3.8-flash"
key = {"x-goog-api-key": "stand-in"}
start = key | {
    "X-Goog-Upload-Protocol": "resumable",
    "X-Goog-Upload-Command": "start",
    "X-Goog-Upload-Header-Content-Length": str(len(recording)),
    "X-Goog-Upload-Header-Content-Type": "video/mp4",
}
finish = key | {"X-Goog-Upload-Offset": "0", "X-Goog-Upload-Command": "upload, finalize"}
late_s: list[float] = []


def question(uploaded: dict) -> dict:
    media = {"fileData": {"mimeType": uploaded["mimeType"], "fileUri": uploaded["uri"]}}
    return {"contents": [{"parts": [media, {"text": "What is in this video?"}]}]}


def is_ready(uploaded: dict) -> bool:
    if uploaded["state"] == "PROCESSING":
        return False
    ready = datetime.fromisoformat(uploaded["updateTime"])
    late_s.append(time.time() - ready.timestamp())
    return True


def before() -> None:
    """One call after the other, each on a connection of its own; sleeps where it waits."""
    started = requests.post(base_url + "/upload/v1beta/files", headers=start, json={}, timeout=60)
    started.raise_for_status()
    url = started.headers["x-goog-upload-url"]
    uploaded = requests.post(url, headers=finish, data=recording, timeout=60).json()["file"]
    while not is_ready(uploaded):
        time.sleep(POLL_S)
        looked = requests.get(f"{base_url}/v1beta/{uploaded['name']}", headers=key, timeout=60)
        looked.raise_for_status()
        uploaded = looked.json()
    url = f"{base_url}/v1beta/models/{MODEL}:generateContent"
    answer = requests.post(url, headers=key, json=question(uploaded), timeout=60)
    answer.raise_for_status()


async def after(client: httpx.AsyncClient) -> None:
    """The same calls by one client for all; others go on where it waits."""
    started = await client.post("/upload/v1beta/files", headers=start, json={})
    started.raise_for_status()
    url = started.headers["x-goog-upload-url"]
    sent = await client.post(url, headers=finish, content=recording)
    sent.raise_for_status()
    uploaded = sent.json()["file"]
    while not is_ready(uploaded):
        await asyncio.sleep(POLL_S)
        looked = await client.get(f"/v1beta/{uploaded['name']}", headers=key)
        looked.raise_for_status()
        uploaded = looked.json()
    url = f"/v1beta/models/{MODEL}:generateContent"
    answer = await client.post(url, headers=key, json=question(uploaded))
    answer.raise_for_status()


async def main() -> None:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    seconds: list[float] = []
    failed = 0
    pool = ThreadPoolExecutor((os.cpu_count() or 1) + 4)
    started = time.perf_counter()
    async with httpx.AsyncClient(base_url=base_url, limits=limits, timeout=30) as client:

        async def one() -> None:
            nonlocal failed
            try:
                match way:
                    case "blocking":
                        before()
                    case "threads":
                        await asyncio.get_running_loop().run_in_executor(pool, before)
                    case "asynchronous":
                        await after(client)
                    case _:
                        sys.exit(f"no such way: {way}")
                seconds.append(time.perf_counter() - started)
            except (httpx.HTTPError, requests.RequestException):
                failed += 1

        await asyncio.gather(*(one() for _ in range(int(count))))
    wall = time.perf_counter() - started
    print(json.dumps({"wall_s": wall, "seconds": seconds, "late_s": late_s, "failed": failed}))


asyncio.run(main())
