"""The sandbox's own routes, under `/_sandbox`: faults, limits, clock, request counts, reset."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kbsync.errors import UsageError
from kbsync.sandbox.faults import Fault, Faults, duration
from kbsync.sandbox.intercom import webhooks


def routes() -> list[Route]:
    """Return the control routes."""
    return [
        Route("/faults", _faults, methods=["GET", "POST", "DELETE"]),
        Route("/limits", _limits, methods=["GET", "POST"]),
        Route("/clock", _clock, methods=["GET", "POST"]),
        Route("/requests", _requests, methods=["GET", "DELETE"]),
        Route("/reset", _reset, methods=["POST"]),
        Route("/settings", _settings, methods=["GET", "POST"]),
        Route("/webhooks", webhooks.subscriptions, methods=["GET", "POST", "DELETE"]),
    ]


async def _json(request: Request) -> dict[str, Any]:
    body = await request.body()
    loaded = msgspec.json.decode(body) if body else {}
    return loaded if isinstance(loaded, dict) else {"rules": loaded}


async def _faults(request: Request) -> Response:
    """`{"faults": "429:0.1,lag:5s"}`, one rule `{"kind": "429", "count": 3, …}`, or `{"rules": [rule, …]}`.

    POST adds to the rules in force, DELETE ends them all; `"seed": n` starts the dice anew, `"lag": "5s"`
    sets the lag of the search indexes.
    """
    faults: Faults = request.app.state.faults
    if request.method == "DELETE":
        faults.clear()
    elif request.method == "POST":
        try:
            _add_faults(faults, await _json(request))
        except (UsageError, msgspec.ValidationError, msgspec.DecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
    rules = msgspec.to_builtins(faults.rules)
    return JSONResponse({"rules": rules, "lag": faults.lag})


def _add_faults(faults: Faults, wish: dict[str, Any]) -> None:
    if "seed" in wish:
        faults.random.seed(int(wish.pop("seed")))
    if "lag" in wish:
        faults.lag = duration(str(wish.pop("lag")))
    if "faults" in wish:
        more = Faults.parse(str(wish["faults"]))
        faults.lag = more.lag or faults.lag
        rules = more.rules
    else:
        given = wish.get("rules", [wish] if wish else [])
        rules = msgspec.convert(given, list[Fault])
    for rule in rules:
        faults.add(rule)


async def _limits(request: Request) -> Response:
    """`{"intercom": 20, "confluence": 5}`: requests a window (10 s, 1 s)."""
    limits = request.app.state.limits
    if request.method == "POST":
        for service, limit in (await _json(request)).items():
            limits.window(service).limit = int(limit)
    return JSONResponse({"intercom": limits.intercom.limit, "confluence": limits.confluence.limit})


async def _clock(request: Request) -> Response:
    """`{"advance": seconds}`, `{"freeze": epoch or null}`, `{"run": true}`."""
    clock = request.app.state.store.clock
    if request.method == "POST":
        wish = await _json(request)
        if wish.get("run"):
            clock.run()
        if "freeze" in wish:
            clock.freeze(wish["freeze"])
        clock.advance(float(wish.get("advance", 0)))
    return JSONResponse({"now": clock.now()})


async def _requests(request: Request) -> Response:
    """GET returns the counts, DELETE starts counting anew."""
    journal = request.app.state.journal
    if request.method == "DELETE":
        journal.clear()
    return JSONResponse(journal.as_json())


async def _settings(request: Request) -> Response:
    """Switches of the emulations, e.g. `{"intercom.callouts": "lose"}`; kept in the store."""
    store = request.app.state.store
    if request.method == "POST":
        settings = (store.get("setting", "all") or {}) | await _json(request)
        store.put("setting", "all", settings)
    return JSONResponse(store.get("setting", "all") or {})


async def _reset(request: Request) -> Response:
    """Forget all content, faults and counts."""
    state = request.app.state
    state.store.reset()
    state.store.clock.run()
    state.faults.clear()
    state.journal.clear()
    return JSONResponse({"reset": True})
