"""Executes operations, and retries with backoff when a failure is transient."""

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

# Transient failures of a server or proxy.
TRANSIENT = (429, 502, 503, 504)


class ApiError(Exception):
    """The request was rejected, or a field failed. `codes` are the API's error codes."""

    def __init__(self, message: str, codes: list[str]) -> None:
        super().__init__(message)
        self.codes = codes


class Client:
    """A client of one server, authenticated with an API key."""

    def __init__(self, base: str, key: str) -> None:
        self.endpoint = base.rstrip("/") + "/graphql"
        self.headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            # With this media type, the status code says whether the operation was executed.
            "Accept": "application/graphql-response+json",
        }

    def run(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Executes a query or mutation, retries transient failures, and returns the data.

        If a response is lost, the mutation may have been applied, so use this only for idempotent mutations.
        Those of this API are, through their natural key or idempotency key.
        """
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        for attempt in range(1, ATTEMPTS):
            wait = backoff(attempt)
            try:
                return self._send(body)
            except HTTPError as error:
                if error.code not in TRANSIENT:
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
        result = json.loads(text)
        if result.get("errors") or result.get("data") is None:
            raise _api_error(response.status, text)
        data: dict[str, Any] = result["data"]
        return data


def backoff(attempt: int) -> float:
    """Seconds before the next attempt: exponential backoff with jitter."""
    longest = min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), BACKOFF_SECONDS_MAX)
    return longest * (0.5 + random.random() / 2)


def _retry_after(error: HTTPError) -> float | None:
    """The server's `Retry-After`, in seconds."""
    text = error.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _api_error(status: int, text: bytes) -> ApiError:
    try:
        errors = json.loads(text)["errors"]
    except (ValueError, KeyError, TypeError):
        return ApiError(f"the server returned {status} without data", [])
    codes = [error.get("extensions", {}).get("code", "") for error in errors]
    return ApiError("; ".join(error["message"] for error in errors), codes)
