"""Verifies a certificate with a library for Open Badges 3.0: key by did:web, signature, form, days and status.

python verify.py <origin> <token>
"""

import sys
import urllib.parse
import urllib.request

from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier


def main(origin: str, token: str) -> None:
    def fetch(url: str) -> bytes:
        # Identifiers and lists are fetched over TLS, which the server of the test does not have.
        with urllib.request.urlopen(url.replace("https://", "http://")) as answer:
            return answer.read()

    host = urllib.parse.urlsplit(origin).netloc
    verifier = OB3Verifier.for_issuer_did(f"did:web:{host.replace(':', '%3A')}", download=fetch)
    credential = verifier.verify(token)
    print("signed by", credential.issuer.name)
    print(credential.identifiers[0].identity_hash, "is", credential.achievement.name)
    try:
        verifier.check_status(credential, verify_list=True, download=fetch)
        print("not revoked")
    except OB3VerificationError as error:
        print("revoked" if "status 'revocation' is set" in str(error) else error)
    # Another name would be another credential.
    head, payload, signature = token.split(".")
    changed = payload[:-8] + ("A" if payload[-8] != "A" else "B") + payload[-7:]
    try:
        verifier.verify(f"{head}.{changed}.{signature}")
    except OB3VerificationError:
        print("a changed one is refused")


main(*sys.argv[1:])
