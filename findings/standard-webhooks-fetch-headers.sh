#!/usr/bin/env bash
# The verifiers of Standard Webhooks for JavaScript do not read the Headers of fetch.
#
# Handlers of fetch, which Node.js, Deno, Bun, workers and most frameworks have, are given a Headers object. verify() takes one,
# copies its own enumerable properties, of which it has none, and says "Missing required headers", although all three are there.
# An object made from its entries is what it needs. A Map is the same. In Python, both packages take the mappings of the usual
# frameworks, whatever the case of the names; but svix answers None there, where standardwebhooks answers the payload.
#
# Seen: standardwebhooks 1.1.1 and svix 1.99.1 (Node.js), standardwebhooks 1.1.0 and svix 2.9.1 (Python). The message is the same
# in each line, rightly signed.
#
# Requires Node.js with npm, and Python 3 with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"
npm install --silent --no-audit --no-fund --prefix . standardwebhooks@1.1.1 svix@1.99.1 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 svix==2.9.1

cat >verify.mjs <<'JS'
import * as standard from 'standardwebhooks';
import * as svix from 'svix';

const secret = `whsec_${Buffer.from('a secret of the example').toString('base64')}`;
const body = '{"type":"example"}';
for (const [name, { Webhook }] of Object.entries({ standardwebhooks: standard, svix })) {
  const webhook = new Webhook(secret);
  const now = new Date();
  const entries = [
    ['webhook-id', 'msg_1'],
    ['webhook-timestamp', String(Math.floor(now / 1000))],
    ['webhook-signature', webhook.sign('msg_1', now, body)],
  ];
  const given = { 'an object': Object.fromEntries(entries), Headers: new Headers(entries), Map: new Map(entries),
    'the entries of Headers': Object.fromEntries(new Headers(entries)) };
  for (const [what, headers] of Object.entries(given)) {
    let outcome;
    try {
      outcome = JSON.stringify(webhook.verify(body, headers));
    } catch (error) {
      outcome = error.message;
    }
    console.log(`JavaScript, ${name}, ${what}: ${outcome}`);
  }
}
JS
cat >verify.py <<'PYTHON'
import base64
from datetime import datetime, timezone
import standardwebhooks.webhooks, svix.webhooks

secret = "whsec_" + base64.b64encode(b"a secret of the example").decode()
body = '{"type":"example"}'
for name, module in (("standardwebhooks", standardwebhooks.webhooks), ("svix", svix.webhooks)):
    webhook, now = module.Webhook(secret), datetime.now(tz=timezone.utc)
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": webhook.sign("msg_1", now, body),
    }
    print(f"Python, {name}, a mapping: {webhook.verify(body, headers)}")
PYTHON
output=$(node verify.mjs && python/bin/python verify.py)
printf '%s\n' "$output"
expected=$(cat <<'TEXT'
JavaScript, standardwebhooks, an object: {"type":"example"}
JavaScript, standardwebhooks, Headers: Missing required headers
JavaScript, standardwebhooks, Map: Missing required headers
JavaScript, standardwebhooks, the entries of Headers: {"type":"example"}
JavaScript, svix, an object: {"type":"example"}
JavaScript, svix, Headers: Missing required headers
JavaScript, svix, Map: Missing required headers
JavaScript, svix, the entries of Headers: {"type":"example"}
Python, standardwebhooks, a mapping: {'type': 'example'}
Python, svix, a mapping: None
TEXT
)
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
