"""A folder becomes a repository, in one of three ways.

`python deploy.py WAY BASE_URL FOLDER NAME COUNT`, see ../README.md. COUNT deployments at once, to
NAME-1, NAME-2 and so on; prints a line of JSON: wall-clock seconds of all, those of each, and how
many files were refused.
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path

import httpx
import requests

way, base_url, folder, name, count = sys.argv[1:]
root = Path(folder)
files = {
    path.relative_to(root).as_posix(): path.read_bytes()
    for path in sorted(root.rglob("*"))
    if path.is_file()
}
headers = {"Authorization": "token stand-in", "Accept": "application/vnd.github.v3+json"}
new = {"private": False, "auto_init": True, "has_issues": True, "has_wiki": False}


def content(path: str) -> dict:
    text = base64.b64encode(files[path]).decode()
    return {"message": f"Add {path}", "content": text}


def sequential(repository: str) -> int:
    """A blocking call after the other, each on a connection of its own, a commit a file."""

    def call(method: str, path: str, body: dict | None = None) -> requests.Response:
        return requests.request(method, base_url + path, json=body, headers=headers, timeout=30)

    login = call("GET", "/user").json()["login"]
    call("POST", "/user/repos", new | {"name": repository}).raise_for_status()
    login = call("GET", "/user").json()["login"]
    answers = [
        call("PUT", f"/repos/{login}/{repository}/contents/{path}", content(path)) for path in files
    ]
    return sum(not answer.ok for answer in answers)


async def parallel(client: httpx.AsyncClient, repository: str) -> int:
    """Ten files at a time, a commit a file."""
    login = (await client.get("/user")).json()["login"]
    (await client.post("/user/repos", json=new | {"name": repository})).raise_for_status()
    ten = asyncio.Semaphore(10)

    async def put(path: str) -> bool:
        async with ten:
            url = f"/repos/{login}/{repository}/contents/{path}"
            return (await client.put(url, json=content(path))).is_success

    return (await asyncio.gather(*map(put, files))).count(False)


async def tree(client: httpx.AsyncClient, repository: str) -> int:
    """One commit, by five calls after one another."""

    async def call(method: str, path: str, body: dict | None = None) -> dict:
        answer = await client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    made = await call("POST", "/user/repos", new | {"name": repository})
    at, branch = f"/repos/{made['full_name']}/git", made["default_branch"]
    head = await call("GET", f"{at}/ref/heads/{branch}")
    entries = [
        {"path": path, "mode": "100644", "type": "blob", "content": text.decode()}
        for path, text in files.items()
    ]
    written = await call("POST", f"{at}/trees", {"tree": entries})
    parents = [head["object"]["sha"]]
    commit = {"message": "Add the project", "tree": written["sha"], "parents": parents}
    made = await call("POST", f"{at}/commits", commit)
    await call("PATCH", f"{at}/refs/heads/{branch}", {"sha": made["sha"]})
    return 0


async def main() -> None:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    refused, seconds, failed = 0, [], 0
    started = time.perf_counter()
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, limits=limits, timeout=30
    ) as client:

        async def one(repository: str) -> None:
            nonlocal refused, failed
            try:
                match way:
                    case "sequential":
                        found = sequential(repository)
                    case "parallel":
                        found = await parallel(client, repository)
                    case "tree":
                        found = await tree(client, repository)
                    case _:
                        sys.exit(f"no such way: {way}")
                refused += found
            except (httpx.HTTPError, requests.RequestException):
                failed += 1
            seconds.append(time.perf_counter() - started)

        await asyncio.gather(*(one(f"{name}-{number}") for number in range(1, int(count) + 1)))
    wall = time.perf_counter() - started
    print(json.dumps({"wall_s": wall, "seconds": seconds, "refused": refused, "failed": failed}))


asyncio.run(main())
