"""What the emulated Confluence refuses, and the two envelopes in which it says so."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

_CODES: Final[Mapping[int, str]] = {
    400: "INVALID_REQUEST_PARAMETER",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    410: "GONE",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_EXCEPTIONS: Final[Mapping[int, str]] = {
    400: "com.atlassian.confluence.api.service.exceptions.api.BadRequestException",
    403: "com.atlassian.confluence.api.service.exceptions.api.PermissionException",
    404: "com.atlassian.confluence.api.service.exceptions.api.NotFoundException",
    409: "com.atlassian.confluence.api.service.exceptions.api.ConflictException",
    410: "com.atlassian.confluence.api.service.exceptions.api.GoneException",
}


class Refusal(Exception):
    """One refused request: an HTTP status, a title that users may see, and an optional detail."""

    def __init__(self, status: int, title: str = "", detail: str | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail

    def v2(self) -> Json:
        """Return the envelope of the v2 API: a list of errors with status, code, title, detail."""
        code = _CODES.get(self.status, HTTPStatus(self.status).name)
        return {"errors": [{"status": self.status, "code": code, "title": self.title, "detail": self.detail}]}

    def v1(self) -> Json:
        """Return the envelope of the v1 API: statusCode, data, message, reason."""
        if self.status == HTTPStatus.UNAUTHORIZED:
            return {"code": 401, "message": "Unauthorized; scope does not match"}
        raised = _EXCEPTIONS.get(self.status)
        return {
            "statusCode": self.status,
            "data": {"authorized": True, "valid": False, "errors": [], "successful": False},
            "message": f"{raised}: {self.title}" if raised else self.title,
            "reason": HTTPStatus(self.status).phrase,
        }


def missing() -> Refusal:
    """Return the 404 that unknown and forbidden things share."""
    return Refusal(404, "Not Found")


def invalid(title: str, detail: str | None = None) -> Refusal:
    """Return a 400."""
    return Refusal(400, title, detail)


def conflict(title: str) -> Refusal:
    """Return a 409."""
    return Refusal(409, title)
