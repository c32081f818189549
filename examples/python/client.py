"""Sends operations, and sends them again where that is what the server asks for."""

import json
import random
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ATTEMPTS = 6
BACKOFF_SECONDS = 0.5
BACKOFF_SECONDS_MAX = 30.0
TIMEOUT_SECONDS = 30.0

# A server or proxy that can't answer now, and may soon.
PASSING = (429, 502, 503, 504)


class ApiError(Exception):
    """The request could not be run, or a field failed. `codes` are from the API's closed list."""

    def __init__(self, message: str, codes: list[str]) -> None:
        super().__init__(message)
        self.codes = codes


class Client:
    """A server and the key to use it with."""

    def __init__(self, base: str, key: str) -> None:
        self.endpoint = base.rstrip("/") + "/graphql"
        self.headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            # With this type the status tells whether the operation was run.
            "Accept": "application/graphql-response+json",
        }

    def run(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs a query or mutation and gives its data.

        What fails on the way is sent again: nobody knows whether a lost answer was to a change that took
        place, so this is for mutations that are safe to repeat. Those of this API are, by their natural or
        idempotency key.
        """
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        for attempt in range(1, ATTEMPTS):
            wait = backoff(attempt)
            try:
                return self._send(body)
            except HTTPError as error:
                if error.code not in PASSING:
                    raise _api_error(error.code, error.read()) from error
                wait = _retry_after(error) or wait
            except (URLError, HTTPException, OSError):
                pass
            time.sleep(wait)
        try:
            return self._send(body)
        except HTTPError as error:
            raise _api_error(error.code, error.read()) from error

    def _send(self, body: bytes) -> dict[str, Any]:
        request = Request(self.endpoint, data=body, headers=self.headers, method="POST")
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            text = response.read()
        answer = json.loads(text)
        if answer.get("errors") or answer.get("data") is None:
            raise _api_error(response.status, text)
        data: dict[str, Any] = answer["data"]
        return data


def backoff(attempt: int) -> float:
    """Seconds before the next attempt: longer each time, and not the same for everybody."""
    longest = min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), BACKOFF_SECONDS_MAX)
    return longest * (0.5 + random.random() / 2)


def _retry_after(error: HTTPError) -> float | None:
    """Seconds that the server asks to wait."""
    text = error.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _api_error(status: int, text: bytes) -> ApiError:
    try:
        errors = json.loads(text)["errors"]
    except (ValueError, KeyError, TypeError):
        return ApiError(f"the server answered {status} without data", [])
    codes = [error.get("extensions", {}).get("code", "") for error in errors]
    return ApiError("; ".join(error["message"] for error in errors), codes)
