"""What Schemathesis is told beside the contract: what the formats stand for that JSON Schema cannot
say, which resources there are, and what two members of a body have to do with each other."""

import json
import os
import re
import zlib

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

with open(os.environ["SEEDED"], encoding="utf-8") as seeded:
    SEEDED = json.load(seeded)

ID = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", min_size=11, max_size=11)
# No kind of private list has this prefix.
LIST = st.from_regex(r"PL[A-Za-z0-9_-]{16,32}", fullmatch=True)
WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
WATCHED = re.compile(r"youtu|^[A-Za-z0-9_-]{11}$")
LISTED = re.compile(r"list=|^PL[A-Za-z0-9_-]{16,32}$")
RECORDED = re.compile(r"^\s*(audio|video|application)/", re.IGNORECASE)

FORMATS = {
    "eventrelay-video": st.one_of(
        ID,
        ID.map("https://www.youtube.com/watch?v={}".format),
        ID.map("https://youtu.be/{}?t=9".format),
        ID.map("https://m.youtube.com/shorts/{}".format),
    ),
    "eventrelay-playlist": st.one_of(LIST, LIST.map("https://www.youtube.com/playlist?list={}".format)),
    "eventrelay-captions": st.lists(WORD, min_size=1, max_size=5).map(
        lambda words: "WEBVTT\n\n"
        + "".join(f"00:0{at}.000 --> 00:0{at}.900\n{word}\n\n" for at, word in enumerate(words))
    ),
    "eventrelay-media-type": st.sampled_from(
        ["video/mp4", "video/webm;codecs=vp9,opus", "audio/x-m4a", "Audio/MPEG"]
    ),
    "eventrelay-query": st.lists(WORD, min_size=1, max_size=8).map(" ".join),
    # Signed by the API: there is none to be made up. `map_query` leaves it out.
    "eventrelay-cursor": st.just("AAAA"),
    "eventrelay-path": WORD.map("src/{}.txt".format),
    "eventrelay-package": WORD,
    "eventrelay-range": st.just("1.0"),
}
for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Says in the words of OpenAPI what the contract says in words of its own, for the sake of
    generators: formats, and the media types of which a client has to ask for one."""
    pending = [raw_schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "x-eventrelay-format" in value:
                value["format"] = value.pop("x-eventrelay-format")
            if "x-other-content" in value:
                value["content"] |= value.pop("x-other-content")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def chosen(all_of_them: list, value: object) -> object:
    """One of them, the same for the same value, so that a case can be repeated."""
    return all_of_them[zlib.crc32(repr(value).encode()) % len(all_of_them)]


def is_right(case, place: ParameterLocation) -> bool:
    """Whether this part of a case is meant to be accepted."""
    if case.meta is None:
        return True
    component = case.meta.components.get(place)
    return (component or case.meta.generation).mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    # No header has control characters (RFC 9110, section 5.5): the HTTP server hangs up before there
    # is a request.
    for name, value in (case.headers or {}).items():
        if isinstance(value, str):
            case.headers[name] = CONTROL.sub("", value)
    declared = case.operation.schema.raw_schema["paths"][case.operation.path]
    if case.method.lower() not in declared:
        # What no route takes goes to one that needs a key, also where the path is open to all.
        case.headers = {**(case.headers or {}), "x-api-key": os.environ["API_KEY"]}
        return
    # Ids are 128 random bits: made up, they would never name anything. What stateful testing has
    # got from an answer is left alone, and so is what would be gone for the others.
    is_stateful = case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL
    if is_right(case, ParameterLocation.PATH) and not is_stateful and case.method != "DELETE":
        for name, value in (case.path_parameters or {}).items():
            case.path_parameters[name] = chosen([value, *SEEDED[name], *SEEDED[name]], value)
    if is_right(case, ParameterLocation.QUERY) and case.query:
        # There is one selector of an analysis, only JSON has members to choose, and a cursor is
        # signed by the API.
        if "variant" in case.query:
            case.query.pop("version", None)
        if case.query.get("format", "json") != "json":
            case.query.pop("fields", None)
        if not is_stateful or case.query.get("cursor") == "AAAA":
            case.query.pop("cursor", None)
    if is_right(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        body = case.body
        # A text of the least or the greatest length is no address, no captions, no media type.
        if isinstance(body.get("url"), str):
            is_list = case.operation.path == "/v1/playlists"
            if not (LISTED if is_list else WATCHED).search(body["url"]):
                body["url"] = "https://youtu.be/jNQXAC9IVRw"
                if is_list:
                    body["url"] = "https://www.youtube.com/playlist?list=PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI"
        if isinstance(body.get("transcript"), str) and not body["transcript"].startswith("WEBVTT"):
            body.pop("transcript")
        if isinstance(body.get("content_type"), str) and not RECORDED.search(body["content_type"]):
            body["content_type"] = "video/mp4"
        # A part ends after it begins.
        start, end = body.get("start_s") or 0, body.get("end_s")
        if end is not None and end <= start:
            body.pop("start_s", None)
            if end == 0:
                body.pop("end_s")
        if body.get("cursor") is not None:
            body.pop("cursor")
        keep_to_words(case.operation.definition.raw.get("operationId"), body)
        # A plan has the file that everything begins at, no file twice, and needs only what it has.
        if case.operation.definition.raw.get("operationId") == "editPlan" and body.get("files"):
            names = [f"src/{zlib.crc32(file['path'].encode('utf-8', 'replace'))}.txt" for file in body["files"]]
            by_path = {name: {**file, "path": name, "depends_on": []} for name, file in zip(names, body["files"])}
            first = next(iter(by_path.values()))
            body["files"] = [*by_path.values(), {**first, "path": "app/cli.py"}]


# Frameworks by project type, each with its language; the targets of each are those of its type.
FRAMEWORKS = {
    "web": {"nextjs": "typescript", "static": "javascript"},
    "api": {"fastapi": "python", "express": "typescript", "axum": "rust"},
    "cli": {"python": "python", "rust": "rust"},
    "ml": {"notebook": "python"},
    "mobile": {"expo": "typescript"},
}


def keep_to_words(operation: str, body: dict) -> None:
    """Takes out of a body what the contract excludes in words."""
    if operation in ("submitVideo", "createSoftware"):
        if body.get("url") is not None:
            body.pop("upload_id", None)
        elif body.get("upload_id") is None:
            body["url"] = "https://youtu.be/jNQXAC9IVRw"
    if operation == "createFeedback" and body.get("rating") is None and body.get("comment") is None:
        body["rating"] = 4
    if operation == "redriveDeadLetters":
        if body.get("ids") is None:
            body["all"] = True
        elif body.get("all"):
            body.pop("all")
    if operation == "editPlan" and not any(value is not None for value in body.values()):
        body["title"] = "Another title"
    if operation in ("createProject", "createSoftware"):
        offered = FRAMEWORKS.get(body.get("project_type"), {})
        if body.get("framework") is not None and body["framework"] not in offered:
            body.pop("framework")
        fitting = [offered[body["framework"]]] if body.get("framework") else offered.values()
        if body.get("language") is not None and body["language"] not in fitting:
            body.pop("language")
    if operation == "createSoftware":
        # Every framework can become a repository.
        body["deployment_target"] = "github"
    if operation == "createDeployment" and body.get("target") in ("vercel", "netlify"):
        body.pop("repository", None)


# What a job can have failed by.
OF_JOBS = [
    "prompt-blocked",
    "video-not-found",
    "video-private",
    "video-not-public",
    "video-is-live",
]


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    operation = case.operation.definition.raw.get("operationId")
    # Deleting a job gives it up: it has ended then, and can still be looked at.
    if type(failure).__name__ == "UseAfterFree":
        return operation not in ("getJob", "cancelJob")
    # An item of a batch that is wrong is refused by itself, with 200 for the batch.
    if type(failure).__name__ == "AcceptedNegativeData" and operation == "submitBatch":
        return False
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem = response.json()
    kind = problem["type"].rsplit(":", 1)[-1]
    # A video whose last job has failed is answered with what that failed by, for a while.
    if operation == "submitVideo" and kind in OF_JOBS:
        return False
    # Which targets there are for a project hangs on what it is made with.
    return not (operation == "createDeployment" and "does not take a project" in problem["detail"])
