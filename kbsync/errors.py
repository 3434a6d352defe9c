"""Every error a user can meet.

KbsyncError
├── UsageError                KB100  the command line asks for something that does not exist
├── ConfigError               KB101  kbsync.toml or the environment is not usable
├── ContentError              KB201  a file under content/ cannot be used as it is
│   └── DuplicateId           KB202  two files carry one id
├── DocumentError             KB210  a body cannot be read; names the position
├── RemoteError               KB300  a remote answered with something unusable
│   ├── RemoteDown            KB301  no answer, or only 5xx, after all retries
│   ├── AccessRefused         KB302  the token is missing, wrong, or lacks a scope
│   ├── WrongWorkspace        KB303  the token belongs to another workspace or site
│   ├── Missing               KB304  the thing is not there (404, trash)
│   ├── Moved                 KB305  the thing changed since it was last seen
│   ├── Rejected              KB306  the remote refuses the content itself (400, 413, 422)
│   ├── Incomplete            KB307  a listing broke off; it proves nothing absent
│   └── Waiting               KB308  something must happen first, then the step goes on by itself
├── StateError                KB400  the state cannot be read or written
│   ├── LeaseHeld             KB401  another run is at work
│   └── StateTooNew           KB402  written by a newer kbsync
├── PlanError                 KB500  a plan file cannot be used
├── GuardRefused              KB501  a safety guard stopped the step
├── WriteFailed               KB502  a file could not be written (disk full, permission)
├── GitError                  KB510  git refused
└── ConversationError         KB600  conversations cannot be read or analysed

The code is stable: it is what users search for, and each has an article in content/troubleshooting.
"""

from __future__ import annotations

from typing import ClassVar


class KbsyncError(Exception):
    """Base of all foreseeable errors: what, where, and how to mend it."""

    code: ClassVar[str] = "KB000"
    default_hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint or self.default_hint

    def line(self) -> str:
        """Return the one line a user reads: place, what happened, how to mend it."""
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return " ".join(f"{place}{self.message}{hint} [{self.code}]".split())

    def __str__(self) -> str:
        return self.line()


class UsageError(KbsyncError):
    """The command line asks for something that does not exist."""

    code = "KB100"
    exit_code = 64


class ConfigError(KbsyncError):
    """The configuration file or the environment is not usable."""

    code = "KB101"
    exit_code = 64


class ContentError(KbsyncError):
    """A file under the content root cannot be used as it is."""

    code = "KB201"


class DuplicateId(ContentError):
    """Two files carry one id."""

    code = "KB202"
    default_hint = "give one of them another id, or remove the id line of the copy"


class DocumentError(KbsyncError):
    """A body cannot be read; `line_number` is 1-based, 0 when unknown."""

    code = "KB210"

    def __init__(self, message: str, *, where: str = "", hint: str = "", line_number: int = 0) -> None:
        super().__init__(message, where=where, hint=hint)
        self.line_number = line_number

    def line(self) -> str:
        """Return the one line a user reads; a body that is no file is named by the line in it."""
        line = super().line()
        named = not self.line_number or self.where or self.message.startswith("line ")
        return line if named else f"line {self.line_number}: {line}"


class RemoteError(KbsyncError):
    """A remote answered with something unusable; `status` is the HTTP status, 0 without one."""

    code = "KB300"

    def __init__(self, message: str, *, where: str = "", hint: str = "", status: int = 0) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class RemoteDown(RemoteError):
    """No answer, or only server errors, after all retries."""

    code = "KB301"
    default_hint = "run again later; nothing was lost"


class AccessRefused(RemoteError):
    """The token is missing, wrong, or lacks a scope."""

    code = "KB302"


class WrongWorkspace(RemoteError):
    """The token belongs to another workspace or site."""

    code = "KB303"
    exit_code = 64


class Missing(RemoteError):
    """The thing is not there."""

    code = "KB304"


class Moved(RemoteError):
    """The thing changed since it was last seen; the step is refused."""

    code = "KB305"
    default_hint = "run kbsync sync again to merge the newer version"


class Rejected(RemoteError):
    """The remote refuses the content itself."""

    code = "KB306"


class Incomplete(RemoteError):
    """A listing broke off; it proves nothing absent."""

    code = "KB307"
    default_hint = "nothing was deleted; run again later"


class Waiting(RemoteError):
    """Something must happen first: an image goes public, a teammate finishes a draft."""

    code = "KB308"
    exit_code = 3
    default_hint = "run kbsync sync again once it has happened"


class StateError(KbsyncError):
    """The state cannot be read or written."""

    code = "KB400"


class LeaseHeld(StateError):
    """Another run is at work."""

    code = "KB401"


class StateTooNew(StateError):
    """The state was written by a newer kbsync."""

    code = "KB402"
    default_hint = "upgrade kbsync"


class PlanError(KbsyncError):
    """A plan file cannot be used."""

    code = "KB500"
    exit_code = 64


class GuardRefused(KbsyncError):
    """A safety guard stopped the step."""

    code = "KB501"


class WriteFailed(KbsyncError):
    """A file could not be written."""

    code = "KB502"
    default_hint = "free some space or check the permissions, then run again; nothing was half written"


class GitError(KbsyncError):
    """Git refused."""

    code = "KB510"


class ConversationError(KbsyncError):
    """Conversations cannot be read or analysed."""

    code = "KB600"
