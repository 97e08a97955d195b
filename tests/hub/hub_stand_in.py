"""A local stand-in for the HTTP interface of the Hugging Face Hub, as far as huggingface_hub asks it for models.

It was written from what huggingface_hub sends and reads. The real hub is never reached.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_stand_in"
_REPO = r"(?P<repo>[\w.-]+/[\w.-]+)"
Files = dict[str, bytes]


class Hub:
    """Repositories: by branch the commits, by commit the files."""

    def __init__(self) -> None:
        self.branches: dict[str, dict[str, str]] = {}
        self.commits: dict[str, Files] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.url = ""

    def files(self, repo: str, revision: str = "main") -> Files:
        return self.commits[self.branches[repo].get(revision, revision)]

    def commit(self, repo: str, branch: str, files: Files) -> str:
        sha = hashlib.sha1(json.dumps([repo, len(self.commits)]).encode()).hexdigest()
        self.commits[sha] = files
        self.branches[repo][branch] = sha
        return sha


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        if match := re.fullmatch(rf"/{_REPO}/resolve/(?P<revision>[^/]+(/pr/\d+)?)/(?P<file>.+)", path):
            self._resolve(match["repo"], match["revision"], match["file"])
        elif match := re.fullmatch(rf"/api/models/{_REPO}/tree/(?P<revision>.+)", path):
            self._with_files(match["repo"], match["revision"], lambda sha, files: _tree(files))
        elif match := re.fullmatch(rf"/api/models/{_REPO}(/revision/(?P<revision>.+))?", path):
            self._with_files(
                match["repo"], match["revision"] or "main", lambda sha, files: _info(match["repo"], sha, files)
            )
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"POST {path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
        elif path == "/api/repos/create":
            values = json.loads(body)
            repo = f"{values['organization']}/{values['name']}" if values.get("organization") else values["name"]
            if repo in self.hub.branches:
                self._answer(409, {"url": f"{self.hub.url}/{repo}", "error": "You already created this model repo"})
                return
            self.hub.branches[repo] = {}
            self.hub.commit(repo, "main", {".gitattributes": b""})
            self._answer(200, {"url": f"{self.hub.url}/{repo}"})
        elif path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif match := re.fullmatch(rf"/api/models/{_REPO}/branch/(?P<branch>.+)", path):
            branches = self.hub.branches[match["repo"]]
            taken = match["branch"] in branches
            branches.setdefault(match["branch"], branches["main"])
            self._answer(409 if taken else 200, {})
        elif re.fullmatch(rf"/api/models/{_REPO}/preupload/.+", path):
            files = [
                {"path": file["path"], "uploadMode": _mode(file["path"]), "shouldIgnore": False, "oid": None}
                for file in json.loads(body)["files"]
            ]
            self._answer(200, {"files": files})
        elif re.fullmatch(rf"/{_REPO}\.git/info/lfs/objects/batch", path):
            objects = [
                {**item, "actions": {"upload": {"href": f"{self.hub.url}/lfs/{item['oid']}"}}}
                for item in json.loads(body)["objects"]
            ]
            self._answer(200, {"transfer": "basic", "objects": objects})
        elif match := re.fullmatch(rf"/api/models/{_REPO}/commit/(?P<branch>.+)", path):
            self._commit(match["repo"], match["branch"], body)
        else:
            self._answer(404, {"error": "not found"})

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        oid = self.path.rpartition("/")[2]
        ok = hashlib.sha256(data).hexdigest() == oid
        self.hub.blobs[oid] = data
        self._answer(200 if ok else 400, {})

    def _commit(self, repo: str, branch: str, body: bytes) -> None:
        files = dict(self.hub.files(repo, branch))
        for entry in map(json.loads, body.splitlines()):
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
        is_proposal = "create_pr" in self.path
        sha = self.hub.commit(repo, "refs/pr/1" if is_proposal else branch, files)
        answer = {"commitUrl": f"{self.hub.url}/{repo}/commit/{sha}", "commitOid": sha}
        if is_proposal:
            answer["pullRequestUrl"] = f"{self.hub.url}/{repo}/discussions/1"
        self._answer(200, answer)

    def _resolve(self, repo: str, revision: str, name: str) -> None:
        def answer(sha: str, files: Files) -> None:
            if name not in files:
                self._answer(404, {"error": "no entry"}, {"X-Error-Code": "EntryNotFound"})
                return
            data = files[name]
            etag = hashlib.sha256(data).hexdigest()
            self._send(
                200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": sha, "Content-Type": "application/octet-stream"}
            )

        self._with_files(repo, revision, answer)

    def _with_files(self, repo: str, revision: str, answer: Any) -> None:
        if repo.startswith("closed/"):
            self._answer(403, {"error": "gated"}, {"X-Error-Code": "GatedRepo"})
            return
        branches = self.hub.branches.get(repo)
        sha = None if branches is None else branches.get(revision, revision)
        if branches is None:
            self._answer(401, {"error": "no such repo"}, {"X-Error-Code": "RepoNotFound"})
        elif sha not in self.hub.commits:
            self._answer(404, {"error": "no such revision"}, {"X-Error-Code": "RevisionNotFound"})
        elif (value := answer(sha, self.hub.commits[sha])) is not None:
            self._answer(200, value)

    def _answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _mode(name: str) -> str:
    return "lfs" if name.endswith(".safetensors") else "regular"


def _tree(files: Files) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
        for name, data in files.items()
    ]


def _info(repo: str, sha: str, files: Files) -> dict[str, Any]:
    return {"id": repo, "modelId": repo, "sha": sha, "siblings": [{"rfilename": name} for name in files]}


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub of its own on a free port of this machine."""
    hub = Hub()
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
