// Runs a client of the Model Context Protocol against the server as its documentation shows it: the official SDK for
// TypeScript, of either line.
//
//   node agents.mjs <v1|v2> <url> <key>

import assert from 'node:assert/strict'

const [line, url, key] = process.argv.slice(2)
const { Client } =
  line === 'v1'
    ? await import('@modelcontextprotocol/sdk/client/index.js')
    : await import('@modelcontextprotocol/client')
const { StreamableHTTPClientTransport } =
  line === 'v1'
    ? await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
    : await import('@modelcontextprotocol/client')

const client = new Client({ name: 'tests', version: '1.0.0' })
const headers = { authorization: `Bearer ${key}` }
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
console.log(client.getServerVersion().name)
assert.match(client.getInstructions(), /two steps/)

const call = async (name, args = {}) => {
  const result = await client.callTool({ name, arguments: args })
  const text = result.content.map((block) => block.text).join('\n')
  return { ...result, text, data: result.structuredContent?.data }
}

const { tools } = await client.listTools()
console.log('tools', tools.length)
const me = await call('who_am_i')
console.log(me.data.viewer.role, me.data.today)

const { data } = await call('find_partner', { first: 1 })
const partner = data.partners.nodes[0].code
const balance = async () => (await call('explain_balance', { partner, year: 2026 })).data.partner.balance
const before = await balance()
const activity = {
  subject: { partner },
  kind: 'LINKEDIN_POST',
  occurredOn: me.data.today,
  source: 'agent',
  externalId: `wire-${line}`,
}
const preview = await call('record_activity', activity)
assert.equal(preview.isError, false, preview.text)
assert.equal(preview.structuredContent.step, 'PREVIEW')
assert.equal(await balance(), before)
const { confirmation } = preview.structuredContent
const other = await call('record_activity', { ...activity, quantity: 2, confirmation })
assert.match(other.text, /does not belong to this call/)
for (const duplicate of [false, true]) {
  const done = await call('record_activity', { ...activity, confirmation })
  assert.equal(done.structuredContent.step, 'DONE', done.text)
  assert.equal(done.data.recordActivity.duplicate, duplicate)
}
const [entry] = preview.data.recordActivity.effects.ledgerEntries
assert.equal(await balance(), entry?.balanceAfter ?? before)
console.log('recorded once')

const refused = await call('find_partner', { frist: 1 })
assert.equal(refused.isError, true)
console.log(refused.text.split(';')[0])

const { resources } = await client.listResources()
const { contents } = await client.readResource({ uri: 'partner-program://edition' })
assert.match(contents[0].text, /effective_from/)
console.log('resources', resources.map(({ name }) => name).join(' '))

const { prompts } = await client.listPrompts()
const prompt = await client.getPrompt({ name: 'explain_partner', arguments: { partner } })
assert.ok(prompt.messages[0].content.text.includes(partner))
console.log('prompts', prompts.length)
await client.close()
