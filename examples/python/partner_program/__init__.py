"""A client of the Partner Program API: executes operations with retries, and follows the event feed."""

from .client import ApiError, Client, backoff
from .feed import Event, Position, follow, latest_number

__all__ = ["ApiError", "Client", "Event", "Position", "backoff", "follow", "latest_number"]
