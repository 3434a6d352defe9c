"""Files below one root: read whole, written whole or not at all, never outside."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from kbsync.effects import Effects
from kbsync.errors import ContentError, WriteFailed

MAX_BYTES = 20 * 1024 * 1024


class Disk:
    """Reads and writes below a root; every write is one effect and atomic (temporary file, rename)."""

    def __init__(self, root: Path, effects: Effects) -> None:
        self.root = root
        self._effects = effects

    def markdown(self) -> Iterator[PurePosixPath]:
        """Yield the paths of all Markdown files below the root, sorted."""
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in sorted(files):
                if name.endswith(".md") and not name.startswith(".") and not _is_pipe(Path(folder, name)):
                    yield PurePosixPath(Path(folder, name).relative_to(self.root).as_posix())

    def named(self, folder: str, stem: str) -> list[str]:
        """Return the names of the Markdown files of a folder that begin with a stem and a dot, sorted."""
        try:
            names = os.listdir(self.root / folder)  # noqa: PTH208  a Path for each of thousands is slow
        except (FileNotFoundError, NotADirectoryError):
            return []
        start = f"{stem}."
        return sorted(name for name in names if name.startswith(start) and name.endswith(".md"))

    def folders(self) -> Iterator[PurePosixPath]:
        """Yield the paths of all folders below the root, parents first."""
        for folder, folders, _ in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            if Path(folder) != self.root:
                yield PurePosixPath(Path(folder).relative_to(self.root).as_posix())

    def text(self, path: str) -> str:
        """Return a file's text. Raises ContentError when it is not text, too large or outside."""
        data = self.data(path)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ContentError(
                "is not UTF-8 text", where=self.shown(path), hint="save it as UTF-8"
            ) from error
        if "\0" in text:
            raise ContentError("is not a text file", where=self.shown(path), hint="remove it or rename it")
        return text

    def data(self, path: str) -> bytes:
        """Return a file's bytes. Raises ContentError."""
        try:
            place = self._inside(path)
            if place.stat().st_size > MAX_BYTES:
                raise ContentError("is larger than 20 MB", where=self.shown(path), hint="split it")
            return place.read_bytes()
        except OSError as error:
            raise ContentError(f"cannot be read: {error.strerror}", where=self.shown(path)) from error

    def exists(self, path: str) -> bool:
        """Tell whether there is a file at the path."""
        return os.path.lexists(self.root / path)

    def write(self, path: str, data: bytes) -> None:
        """Write a file whole or not at all. Raises WriteFailed."""
        self._effects.perform("files", f"write {path}", lambda: self._write(self._inside(path), data))

    def stream(self, path: str, data: Iterable[bytes]) -> None:
        """Write a file that is made piece by piece, whole or not at all. Raises WriteFailed."""
        self._effects.perform("files", f"write {path}", lambda: self._stream(self._inside(path), data))

    def move(self, path: str, to: str) -> None:
        """Rename a file. Raises WriteFailed."""
        self._effects.perform("files", f"move {path} {to}", lambda: self._move(path, self._inside(to)))

    def put_away(self, path: str, trash: Path) -> None:
        """Take a file out of the tree into the trash folder, under its own path. Raises WriteFailed."""
        self._effects.perform("files", f"remove {path}", lambda: self._move(path, trash / path))

    def shown(self, path: str) -> str:
        """Return a path as a person would type it from the folder of the configuration."""
        return f"{self.root.name}/{path}"

    def _inside(self, path: str) -> Path:
        place = self.root / path
        if not place.resolve().is_relative_to(self.root.resolve()):
            raise ContentError(
                "leads outside the content folder", where=self.shown(path), hint="replace the link by a file"
            )
        return place

    def _write(self, place: Path, data: bytes) -> None:
        self._stream(place, (data,))

    def _stream(self, place: Path, data: Iterable[bytes]) -> None:
        temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                out.writelines(data)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(place)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise WriteFailed(f"cannot be written: {error.strerror}", where=str(place)) from error

    def _move(self, path: str, to: Path) -> None:
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).replace(to)
            self._prune((self.root / path).parent)
        except OSError as error:
            raise WriteFailed(f"cannot be moved: {error.strerror}", where=self.shown(path)) from error

    def _prune(self, folder: Path) -> None:
        """Remove folders that became empty."""
        with contextlib.suppress(OSError):
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent


def _is_pipe(place: Path) -> bool:
    """Tell whether reading the path might wait forever: a pipe, a socket, a device."""
    return place.exists() and not place.is_file() and not place.is_dir()
