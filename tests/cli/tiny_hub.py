"""A hub of one folder: the few routes that fetching a model asks for, over a real socket."""

import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves `models/<owner>/<name>`. The name of each file that is fetched is added to `asked`."""

    def __init__(self, models: Path, asked: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models = models
        self.asked = asked


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return cast("Hub", self.server)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        repo, _, name = path.partition(f"/resolve/{SHA}/")
        if name:
            self.send_file(self.hub.models / repo / name, name)
        elif path.startswith("api/models/"):
            owner, model, *rest = path.removeprefix("api/models/").split("/")
            self.send_facts(f"{owner}/{model}", *rest)
        else:
            self.answer(404, b"", {})

    def send_facts(self, repo: str, what: str = "revision", revision: str = "main") -> None:
        folder = self.hub.models / repo
        if not folder.is_dir():
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        if revision not in {"main", SHA}:
            self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        facts = {"id": repo, "sha": SHA, "siblings": [{"rfilename": name} for name in names]}
        tree = [{"type": "file", "path": name, "oid": SHA, "size": (folder / name).stat().st_size} for name in names]
        self.answer(200, json.dumps(tree if what == "tree" else facts).encode(), {})

    def send_file(self, path: Path, name: str) -> None:
        content = path.read_bytes()
        if self.command == "GET":
            self.hub.asked.append(name)
        self.answer(200, content, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": SHA})

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nobody reads it."""


@contextmanager
def tiny_hub(models: Path, asked: list[str]) -> Generator[str]:
    """The hub's address."""
    with Hub(models, asked) as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{hub.server_port}"
        finally:
            hub.shutdown()
            thread.join()
