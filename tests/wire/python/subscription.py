"""Runs a query and a subscription over a WebSocket with the package gql, as its documentation shows it."""

import asyncio
import sys

from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport


async def main(url: str, key: str) -> None:
    transport = WebsocketsTransport(url, headers={"Authorization": f"Bearer {key}"})
    async with Client(transport=transport) as session:
        result = await session.execute(gql("{ viewer { role } }"))
        print(result["viewer"]["role"])
        async for result in session.subscribe(gql("subscription { events(after: 0) { number } }")):
            print(result["events"]["number"])
            if result["events"]["number"] == 3:
                break


asyncio.run(main(sys.argv[1], sys.argv[2]))
