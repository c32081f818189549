"""Runs the official Python SDK of the Model Context Protocol against the server, as its documentation shows it."""

import asyncio
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, key: str) -> None:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})
    async with Client(streamable_http_client(url, http_client=http)) as client:
        tools = (await client.list_tools()).tools
        print("tools", len(tools))
        me = await client.call_tool("who_am_i", {})
        viewer = me.structured_content["data"]["viewer"]
        print(viewer["role"])
        activity = {
            "subject": {"partner": (await partner(client))},
            "kind": "LINKEDIN_POST",
            "occurredOn": me.structured_content["data"]["today"],
            "source": "agent",
            "externalId": "wire-python",
        }
        preview = await client.call_tool("record_activity", activity)
        assert preview.structured_content["step"] == "PREVIEW", preview
        confirmed = {**activity, "confirmation": preview.structured_content["confirmation"]}
        for duplicate in (False, True):
            done = await client.call_tool("record_activity", confirmed)
            assert done.structured_content["data"]["recordActivity"]["duplicate"] is duplicate, done
        print("recorded once")
        rules = await client.read_resource("partner-program://rules")
        assert "credits" in rules.contents[0].text
        print("prompts", len((await client.list_prompts()).prompts))


async def partner(client: Client) -> str:
    found = await client.call_tool("find_partner", {"first": 1})
    return found.structured_content["data"]["partners"]["nodes"][0]["code"]


asyncio.run(main(sys.argv[1], sys.argv[2]))
