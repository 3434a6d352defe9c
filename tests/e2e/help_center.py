"""A help center as a user has it: a folder, a configuration, and the command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbsync.cli import run
from kbsync.sandbox.server import Sandbox


@dataclass(frozen=True)
class Result:
    """How one command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on stderr; fails when there are more or none."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


CONFIG: dict[str, dict[str, Any]] = {
    "content": {"root": "content", "default_locale": "en"},
    "intercom": {},
    "confluence": {"root_page": "Help Center"},
    "assets": {},
    "sync": {"max_deletes": "60%"},
}


class HelpCenter:
    """One project folder bound to one sandbox."""

    def __init__(self, folder: Path, box: Sandbox) -> None:
        self.folder = folder
        self.box = box
        self.environment = {
            "KBSYNC_INTERCOM_TOKEN": box.intercom_token,
            "KBSYNC_CONFLUENCE_USER": box.confluence_user,
            "KBSYNC_CONFLUENCE_TOKEN": box.confluence_token,
        }
        (folder / "content").mkdir(parents=True, exist_ok=True)

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def database(self) -> Path:
        return self.folder / ".kbsync" / "state.db"

    def configure(self, *leave_out: str, **tables: Mapping[str, Any]) -> None:
        """Write kbsync.toml: all tables but those left out, their keys overridden by the arguments."""
        addresses: dict[str, dict[str, Any]] = {
            "intercom": {"base_url": self.box.intercom_url, "workspace": self.box.workspace},
            "confluence": {
                "base_url": self.box.confluence_url,
                "space": self.box.space,
                "deployment": self.box.deployment,
            },
            "assets": {"public_base_url": self.box.public_url},
        }
        lines = list[str]()
        for name in (*CONFIG, *(set(tables) - set(CONFIG))):
            if name not in leave_out:
                keys = {**addresses.get(name, {}), **CONFIG.get(name, {}), **tables.get(name, {})}
                lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""]
        (self.folder / "kbsync.toml").write_text("\n".join(lines), "utf-8")

    def write(self, path: str, body: str, title: str = "", **keys: str) -> Path:
        """Write an article, without front matter for an id: kbsync adds it."""
        file = self.content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        front = {"title": title or file.name.partition(".")[0].replace("-", " ").capitalize(), **keys}
        head = "".join(f"{key}: {value}\n" for key, value in front.items())
        file.write_text(f"---\n{head}---\n{body}\n", "utf-8")
        return file

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a file as a person does."""
        file = self.content / path
        text = file.read_text("utf-8")
        assert old in text, text
        file.write_text(text.replace(old, new), "utf-8")

    def read(self, path: str) -> str:
        return (self.content / path).read_text("utf-8")

    def files(self) -> list[str]:
        """The articles' paths below content/, without collections."""
        found = (p.relative_to(self.content).as_posix() for p in self.content.rglob("*.md"))
        return sorted(path for path in found if not path.endswith("_collection.md"))

    def kbsync(self, *arguments: str) -> Result:
        """Run one command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with _inside(self.folder, self.environment), redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        assert "KB000" not in err.getvalue(), err.getvalue()
        return Result(code, out.getvalue(), err.getvalue())

    def ok(self, *arguments: str, code: int = 0) -> Result:
        """Run one command that has to end with this code."""
        result = self.kbsync(*arguments)
        assert result.code == code, f"kbsync {' '.join(arguments)}: {result}"
        assert "Traceback" not in result.err, result.err
        return result

    def start(
        self, *arguments: str, stdout_to: int = subprocess.PIPE, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a real process."""
        return subprocess.Popen(
            [sys.executable, "-m", "kbsync", *arguments],
            cwd=self.folder,
            env={**_plain(os.environ), **self.environment},
            stdout=stdout_to,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def process(self, *arguments: str, text: str = "", **options: Any) -> Result:
        """Run one command as a real process, to its end."""
        with self.start(*arguments, stdin=subprocess.PIPE, **options) as running:
            out, err = running.communicate(text, timeout=60)
        return Result(running.returncode, out, err)

    def git(self, *arguments: str) -> str:
        """Run git here."""
        return git(self.folder, *arguments)


def git(folder: Path, *arguments: str) -> str:
    """Run git with a name that no machine needs to know. Raises CalledProcessError."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.test", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environ.items() if not k.startswith(("KBSYNC_", "GIT_"))}


@contextmanager
def _inside(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Work in a folder with just these secrets."""
    place, before = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({**_plain(before), **environment})
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
