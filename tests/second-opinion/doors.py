"""What the tests talk to beside the emulator: the API's address, and the view of an operator."""

import http.client
import json
import os
import re
import signal
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from deployment import Deployment

# Headers of one connection, and those that every intermediary sets itself (RFC 9110, 7.6.1).
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}
# What Lambda takes in one invocation (quotas of Lambda), and an HTTP API as request line and headers
# (quotas of API Gateway), in bytes.
LARGEST_BODY = 6 * 1024 * 1024
LARGEST_HEAD = 10_240
REPORT = re.compile(r"^REPORT RequestId: (\S+)\tDuration: (\S+) ms\tBilled Duration: (\S+) ms\tMemory Size: (\d+) MB")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes, and the second must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, value, status: int = 200):
        self.answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(handler) -> str:
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def serve_api(deployment: Deployment) -> str:
    """The API as at an address of its own. MiniStack has it below a path, and without the headers
    that API Gateway adds to every request."""
    emulator = urlsplit(deployment.url).netloc
    prefix = urlsplit(deployment.api).path

    class Door(Handler):
        def pass_on(self):
            body = self.read_body()
            if len(body) > LARGEST_BODY:
                return self.answer_json({"message": "Request Entity Too Large"}, 413)
            headers = [(name.lower(), value) for name, value in self.headers.items()]
            if len(self.requestline) + sum(len(name) + len(value) for name, value in headers) > LARGEST_HEAD:
                return self.answer_json({"message": "Request Header Fields Too Large"}, 431)
            before = [value for name, value in headers if name == "x-forwarded-for"]
            set_here = {
                "content-length": str(len(body)),
                "x-forwarded-for": ", ".join([*before, self.client_address[0]]),
                "x-forwarded-port": str(self.server.server_port),
                "x-forwarded-proto": "http",
            }
            headers = [(name, value) for name, value in headers if name not in HOP_BY_HOP | set_here.keys()]
            target = f"{prefix}{self.path}"
            # One that was kept may be closed by now.
            with closing(http.client.HTTPConnection(emulator, timeout=120)) as upstream:
                upstream.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
                for name, value in [*headers, *set_here.items()]:
                    upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                received = answer.read()
            kept = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in HOP_BY_HOP and name.lower() != "content-length"
            ]
            return self.answer(answer.status, kept, received)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = pass_on

    return serve(Door)


def serve_admin(deployment: Deployment, emulator: int) -> str:
    """What `cargo local` tells and does as `admin`, as far as the emulator knows it."""
    functions = {deployment.resources[name]: name for name in deployment.functions()}
    sources = deployment.event_sources()

    def invocations() -> list[dict]:
        logs = deployment.client("logs")
        peaks = {}
        for instance in instances():
            peaks[instance["function"]] = max(instance["peak_memory_mb"], peaks.get(instance["function"], 0))
        found = []
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/"):
            for group in page["logGroups"]:
                name = functions.get(group["logGroupName"].rsplit("/", 1)[1])
                if name is None:
                    continue
                for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                    for event in events["events"]:
                        if report := REPORT.match(event["message"]):
                            found.append(
                                {
                                    "function": name,
                                    "request_id": report[1],
                                    "ended_at": event["timestamp"],
                                    "duration_ms": float(report[2]),
                                    "billed_ms": int(report[3]),
                                    "memory_mb": int(report[4]),
                                    "max_memory_mb": peaks.get(name),
                                }
                            )
        return found

    def instances() -> list[dict]:
        """The processes of functions, which are the children of the emulator."""
        found = []
        for task in Path(f"/proc/{emulator}/task").iterdir():
            for child in (task / "children").read_text().split():
                try:
                    variables = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
                    status = Path(f"/proc/{child}/status").read_text()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                variables = dict(one.decode().split("=", 1) for one in variables if b"=" in one)
                peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                if name := functions.get(variables.get("AWS_LAMBDA_FUNCTION_NAME")):
                    found.append(
                        {
                            "id": child,
                            "function": name,
                            "process": int(child),
                            "peak_memory_mb": int(peak[1]) // 1024 if peak else 0,
                        }
                    )
        return found

    def queues() -> dict:
        sqs = deployment.client("sqs")
        counts = {}
        for name in deployment.of_type("AWS::SQS::Queue"):
            read = sqs.get_queue_attributes(QueueUrl=deployment.resources[name], AttributeNames=["All"])
            attributes = read["Attributes"]
            counts[name] = {
                "visible": int(attributes["ApproximateNumberOfMessages"]),
                "in_flight": int(attributes["ApproximateNumberOfMessagesNotVisible"]),
                "delayed": int(attributes["ApproximateNumberOfMessagesDelayed"]),
            }
        return counts

    class Admin(Handler):
        def do_GET(self):
            views = {
                "/health": lambda: {"status": "ok"},
                "/invocations": invocations,
                "/instances": instances,
                "/queues": queues,
            }
            view = views.get(self.path)
            if view is None:
                return self.answer_json({"message": "no such view"}, 404)
            return self.answer_json(view())

        def do_DELETE(self):
            place, _, process = self.path.rpartition("/")
            if place != "/instances" or process not in [one["id"] for one in instances()]:
                return self.answer_json({"message": "no such instance"}, 404)
            os.kill(int(process), signal.SIGKILL)
            return self.answer(204, [], b"")

        def do_PUT(self):
            place, _, name = self.path.rpartition("/")
            if place != "/mappings" or name not in sources:
                return self.answer_json({"message": "no such function"}, 404)
            enabled = json.loads(self.read_body())["enabled"]
            for source in sources[name]:
                deployment.client("lambda").update_event_source_mapping(UUID=source, Enabled=enabled)
            return self.answer(204, [], b"")

        def do_POST(self):
            body = self.read_body()
            call = re.fullmatch(r"/2015-03-31/functions/(\w+)/invocations", self.path)
            if call is None or call[1] not in functions.values():
                return self.answer_json({"message": "no such function"}, 404)
            answer = deployment.client("lambda").invoke(FunctionName=deployment.resources[call[1]], Payload=body)
            failed = answer.get("FunctionError")
            headers = [("X-Amz-Function-Error", failed)] if failed else []
            return self.answer(answer["StatusCode"], headers, answer["Payload"].read())

    return serve(Admin)
