#!/usr/bin/env bash
# gql's WebSocket client finds the chosen subprotocol only if the header's name has capitals.
#
# Names of HTTP headers are case-insensitive, and many servers (every one on hyper, unless told otherwise) write them in lower
# case. gql's WebsocketsTransport looks the answer up as `Sec-WebSocket-Protocol`, exactly. If it is written otherwise, gql does
# not notice that the server chose graphql-transport-ws: it goes on in the older protocol (`start`), and then refuses the server's
# answer (`next`). Only subscriptions show it: the connection is made and acknowledged. Its AIOHTTPWebsocketsTransport is not affected.
#
# Seen: gql 4.4.0 with websockets 17.4 and aiohttp 3.14.5, Python 3.11. Each line: the transport, how the server spells the name,
# what the client sent, and what came of the subscription.
#
# Requires Python 3 with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check gql==4.4.0 websockets==17.4 aiohttp==3.14.5

cat >subscribe.py <<'PYTHON'
import asyncio, base64, hashlib, json, struct
from gql import Client, gql
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.websockets import WebsocketsTransport

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def serve(reader, writer, name, sent):
    """One connection: the handshake of RFC 6455, then short text messages."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    key = next(line.split(": ")[1] for line in lines if line.lower().startswith("sec-websocket-key"))
    assert "graphql-transport-ws" in headers["sec-websocket-protocol"]
    accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-accept: {accept}\r\n{name}: graphql-transport-ws\r\n\r\n".encode()
    )

    def answer(**message):
        text = json.dumps(message).encode()
        assert len(text) < 126
        writer.write(bytes([0x81, len(text)]) + text)

    try:
        while True:
            first, length = await reader.readexactly(2)
            length &= 127
            if length == 126:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
            mask, payload = await reader.readexactly(4), await reader.readexactly(length)
            if first & 15 != 1:
                break
            message = json.loads(bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)))
            sent.append(message["type"])
            if message["type"] == "connection_init":
                answer(type="connection_ack")
            elif message["type"] in ("subscribe", "start"):
                answer(type="next", id=message["id"], payload={"data": {"tick": 1}})
                answer(type="complete", id=message["id"])
    except asyncio.IncompleteReadError:
        pass
    writer.close()


async def main():
    for transport in (WebsocketsTransport, AIOHTTPWebsocketsTransport):
        for name in ("Sec-WebSocket-Protocol", "sec-websocket-protocol"):
            sent = []
            server = await asyncio.start_server(lambda r, w: serve(r, w, name, sent), "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            try:
                async with Client(transport=transport(url=f"ws://127.0.0.1:{port}/")) as client:
                    outcome = [one async for one in client.subscribe(gql("subscription { tick }"))]
            except Exception as error:
                outcome = type(error).__name__
            print(f"{transport.__name__}, {name}: {' '.join(sent[:2])}: {outcome}")
            server.close()


asyncio.run(asyncio.wait_for(main(), 60))
PYTHON
output=$(python/bin/python subscribe.py 2>/dev/null)
printf '%s\n' "$output"
expected=$(cat <<'TEXT'
WebsocketsTransport, Sec-WebSocket-Protocol: connection_init subscribe: [{'tick': 1}]
WebsocketsTransport, sec-websocket-protocol: connection_init start: TransportProtocolError
AIOHTTPWebsocketsTransport, Sec-WebSocket-Protocol: connection_init subscribe: [{'tick': 1}]
AIOHTTPWebsocketsTransport, sec-websocket-protocol: connection_init subscribe: [{'tick': 1}]
TEXT
)
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
