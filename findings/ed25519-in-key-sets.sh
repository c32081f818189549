#!/usr/bin/env bash
# The algorithm "Ed25519" of RFC 9864: signed by some libraries by default, unknown to others.
#
# RFC 9864 deprecates the JWS algorithm "EdDSA" and names it "Ed25519" for that curve. jose (npm) and joserfc (PyPI) know both
# and keep them apart: each refuses a token of one name where the other was asked for, also by the `alg` of a key in a key set.
# PyJWT knows the old name only: it can verify no such token, and cannot even load a key set whose key has the new name, although
# the key is the same. So an issuer that follows the RFC, in the header or only in its key set, shuts PyJWT's users out; one that
# publishes keys without `alg` and signs "EdDSA" is read by all of them.
#
# Seen: jose 6.2.18 (Node.js), PyJWT 2.15.1, joserfc 1.8.0 (Python). Each line: the token's algorithm, who verifies it, by what.
#
# Requires Node.js with npm, and Python 3 with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'PyJWT[crypto]==2.15.1' joserfc==1.8.0

cat >sign.mjs <<'JS'
import { SignJWT, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';

const { publicKey, privateKey } = await generateKeyPair('Ed25519', { extractable: true });
const key = { ...(await exportJWK(publicKey)), kid: 'one' };
const tokens = {};
const lines = [];
for (const alg of ['EdDSA', 'Ed25519']) {
  tokens[alg] = await new SignJWT({ sub: 'someone' }).setProtectedHeader({ alg, kid: 'one' }).sign(privateKey);
  for (const named of ['EdDSA', 'Ed25519', undefined]) {
    const keys = createLocalJWKSet({ keys: [named ? { ...key, alg: named } : key] });
    const outcome = await jwtVerify(tokens[alg], keys).then(() => 'verified', (error) => error.code);
    lines.push(`${alg}: jose, a key of ${named ?? 'no algorithm'}: ${outcome}`);
  }
}
console.log(JSON.stringify({ key, tokens, lines }));
JS
cat >verify.py <<'PYTHON'
import json, sys, warnings
import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OKPKey

warnings.simplefilter("ignore")
given = json.load(sys.stdin)
print(*given["lines"], sep="\n")


def outcome(work):
    try:
        work()
        return "verified"
    except Exception as error:
        return type(error).__name__


for algorithm, token in given["tokens"].items():
    for named in ("EdDSA", "Ed25519", None):
        key = {**given["key"], **({"alg": named} if named else {})}
        by = lambda: jwt.decode(token, jwt.PyJWKSet.from_dict({"keys": [key]})["one"], algorithms=[algorithm])
        print(f"{algorithm}: PyJWT, a key of {named or 'no algorithm'}: {outcome(by)}")
    by = lambda: joserfc_jwt.decode(token, OKPKey.import_key(given["key"]), algorithms=[algorithm])
    print(f"{algorithm}: joserfc, a key of no algorithm: {outcome(by)}")
PYTHON
output=$(node sign.mjs | python/bin/python verify.py)
printf '%s\n' "$output"
expected='EdDSA: jose, a key of EdDSA: verified
EdDSA: jose, a key of Ed25519: ERR_JWKS_NO_MATCHING_KEY
EdDSA: jose, a key of no algorithm: verified
Ed25519: jose, a key of EdDSA: ERR_JWKS_NO_MATCHING_KEY
Ed25519: jose, a key of Ed25519: verified
Ed25519: jose, a key of no algorithm: verified
EdDSA: PyJWT, a key of EdDSA: verified
EdDSA: PyJWT, a key of Ed25519: PyJWKSetError
EdDSA: PyJWT, a key of no algorithm: verified
EdDSA: joserfc, a key of no algorithm: verified
Ed25519: PyJWT, a key of EdDSA: InvalidAlgorithmError
Ed25519: PyJWT, a key of Ed25519: PyJWKSetError
Ed25519: PyJWT, a key of no algorithm: InvalidAlgorithmError
Ed25519: joserfc, a key of no algorithm: verified'
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
