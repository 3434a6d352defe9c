"""Refusals in Intercom's form."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is answered with an error.

    `bare` answers have no body, as some of the real 401, 404 and 422 do.
    """

    def __init__(self, status: int, code: str, message: str, field: str = "", *, bare: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.bare = bare

    def as_json(self, request_id: str) -> dict[str, Any]:
        """Return the `error.list` envelope."""
        error = {"code": self.code, "message": self.message}
        if self.field:
            error["field"] = self.field
        return {"type": "error.list", "request_id": request_id, "errors": [error]}


def missing(what: str = "Resource Not Found", code: str = "not_found") -> Refusal:
    """Return the refusal for a thing that is not there."""
    return Refusal(404, code, what)


def invalid(message: str, field: str = "") -> Refusal:
    """Return the refusal for a parameter that makes no sense."""
    return Refusal(400, "parameter_invalid", message, field)


def absent(message: str, field: str = "") -> Refusal:
    """Return the refusal for a required parameter that is not there."""
    return Refusal(400, "parameter_not_found", message, field)


def unprocessable(message: str, code: str = "parameter_invalid") -> Refusal:
    """Return the refusal for a request that fits no longer to how things stand."""
    return Refusal(422, code, message)
