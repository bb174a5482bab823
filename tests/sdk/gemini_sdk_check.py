"""Drives a stand-in of the Gemini API with Google's official Python SDK, unchanged.

    pip install google-genai
    cargo run --package eventrelay-standins --example standins     # prints the base URLs
    python tests/sdk/gemini_sdk_check.py http://127.0.0.1:PORT [v1beta|v1]

Prints one line for each check and fails at the first that does not hold. Resets the stand-in.
"""

import base64
import hashlib
import json
import sys
import tempfile
import time
import urllib.request

from google import genai
from google.genai import errors, types

MODEL = "gemini-3.8-flash"
DEADLINE_S = 10
TRANSCRIPT = """WEBVTT

00:00:00.000 --> 00:00:04.000
Today we build a web server in Rust.

00:00:04.000 --> 00:00:08.000
First, install the toolchain with rustup.

00:00:08.000 --> 00:00:12.000
Then create the file src/main.rs.
"""
JSON_SCHEMA = {
    "type": "object",
    "required": ["title", "summary", "actions", "difficulty"],
    "properties": {
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "difficulty": {"type": ["string", "null"]},
        "actions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["title", "at_s"],
                "properties": {"title": {"type": "string"}, "at_s": {"type": "number"}},
            },
        },
    },
}
OWN_SCHEMA = types.Schema(
    type=types.Type.OBJECT,
    required=["title", "chapters"],
    properties={
        "title": types.Schema(type=types.Type.STRING),
        "chapters": types.Schema(
            type=types.Type.ARRAY,
            items=types.Schema(
                type=types.Type.OBJECT,
                required=["title", "start_s"],
                properties={
                    "title": types.Schema(type=types.Type.STRING),
                    "start_s": types.Schema(type=types.Type.NUMBER),
                },
            ),
        ),
    },
)


def control(base_url, method, path, body=None):
    request = urllib.request.Request(
        base_url + "/_control" + path,
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def check(what, holds, shown=""):
    print("ok  " if holds else "FAIL", what, shown, flush=True)
    if not holds:
        sys.exit(1)


def upload(client, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with tempfile.NamedTemporaryFile(suffix=".mp4") as media:
        media.write(content)
        media.flush()
        config = types.UploadFileConfig(mime_type="video/mp4", display_name="sample.mp4")
        file = client.files.upload(file=media.name, config=config)
    name = f"upload of {size} bytes"
    check(name, file.state == types.FileState.PROCESSING, file.name)
    check(name + ": size", file.size_bytes == size)
    expected = base64.b64encode(hashlib.sha256(content).digest()).decode()
    check(name + ": hash", file.sha256_hash == expected)
    deadline = time.monotonic() + DEADLINE_S
    while file.state == types.FileState.PROCESSING and time.monotonic() < deadline:
        time.sleep(0.1)
        file = client.files.get(name=file.name)
    check(name + ": ACTIVE after polling", file.state == types.FileState.ACTIVE)
    return file


def main():
    base_url = sys.argv[1]
    version = sys.argv[2] if len(sys.argv) > 2 else "v1beta"
    control(base_url, "DELETE", "")
    control(base_url, "PUT", "/settings", {"processing_ms": 300})
    options = types.HttpOptions(base_url=base_url, api_version=version)
    client = genai.Client(api_key="test-key", http_options=options)
    print("google-genai", genai.__version__, version)

    small = upload(client, 1000)
    large = upload(client, 20 * 1024 * 1024 + 5)
    listed = {file.name for file in client.files.list()}
    check("list", listed == {small.name, large.name})

    answer = client.models.generate_content(
        model=MODEL,
        contents=[large, TRANSCRIPT],
        config=types.GenerateContentConfig(
            response_mime_type="application/json", response_json_schema=JSON_SCHEMA
        ),
    )
    content = json.loads(answer.text)
    check("response_json_schema", set(content) == set(JSON_SCHEMA["required"]), content["title"])
    check("actions are those of the transcript", [a["at_s"] for a in content["actions"]] == [4, 8])
    usage = answer.usage_metadata
    total = usage.prompt_token_count + usage.candidates_token_count
    check("usage", usage.total_token_count == total, str(total))
    check("finish reason", answer.candidates[0].finish_reason == types.FinishReason.STOP)

    answer = client.models.generate_content(
        model=MODEL,
        contents=types.Content(
            role="user",
            parts=[
                types.Part(
                    file_data=types.FileData(file_uri="https://www.youtube.com/watch?v=9hE5-98ZeCg"),
                    video_metadata=types.VideoMetadata(start_offset="0s", end_offset="60s"),
                ),
                types.Part(text=TRANSCRIPT),
            ],
        ),
        config=types.GenerateContentConfig(
            response_mime_type="application/json",
            response_schema=OWN_SCHEMA,
            media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
            thinking_config=types.ThinkingConfig(thinking_level="low"),
            system_instruction="Be brief.",
        ),
    )
    check("response_schema", set(answer.parsed) == {"title", "chapters"}, str(answer.parsed))

    answer = client.models.generate_content(model=MODEL, contents="What is this?")
    check("plain text", "no model watched the video" in answer.text)

    text = "".join(
        piece.text or ""
        for piece in client.models.generate_content_stream(model=MODEL, contents=TRANSCRIPT)
    )
    check("stream", "web server in Rust" in text)
    count = client.models.count_tokens(model=MODEL, contents="12345678")
    check("count_tokens", count.total_tokens == 2)

    fault = {"on": "generate", "fault": {"kind": "rate_limited", "retry_delay_s": 26}}
    control(base_url, "POST", "/faults", fault)
    try:
        client.models.generate_content(model=MODEL, contents="x")
        check("429", False)
    except errors.ClientError as error:
        check("429", error.code == 429 and error.status == "RESOURCE_EXHAUSTED", error.status)
        retry = [d for d in error.details["error"]["details"] if d["@type"].endswith("RetryInfo")]
        check("RetryInfo", retry[0]["retryDelay"] == "26s")

    for kind, reason in [("safety", "SAFETY"), ("truncated", "MAX_TOKENS")]:
        control(base_url, "POST", "/faults", {"on": "generate", "fault": {"kind": kind}})
        answer = client.models.generate_content(model=MODEL, contents=TRANSCRIPT)
        check(kind, answer.candidates[0].finish_reason == types.FinishReason[reason])
    fault = {"on": "generate", "fault": {"kind": "blocked", "reason": "PROHIBITED_CONTENT"}}
    control(base_url, "POST", "/faults", fault)
    answer = client.models.generate_content(model=MODEL, contents="x")
    blocked = answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    check("blocked", blocked and not answer.candidates)

    for file in [small, large]:
        client.files.delete(name=file.name)
    try:
        client.files.get(name=small.name)
        check("a deleted file is gone", False)
    except errors.ClientError as error:
        check("a deleted file is gone", error.code == 403 and error.status == "PERMISSION_DENIED")
    check("no file is left", control(base_url, "GET", "/files") == [])


if __name__ == "__main__":
    main()
