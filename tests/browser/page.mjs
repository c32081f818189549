// A demo server, and a page of it in a browser that can reach nothing else.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import puppeteer from 'puppeteer-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/// Longest time to wait for a condition, in milliseconds.
const TIMEOUT_MS = 60_000;

/// Starts a server on a free port, with further settings: the demo, or that of a database. `keys` are the API keys that the demo
/// prints, by role.
export async function startServer(binary, settings = {}, command = ['serve', '--demo']) {
  const child = spawn(binary, command, {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, BIND: '127.0.0.1:0', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const keys = {};
  let link;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, role, key] = /^([A-Z_]+)(?: \(.*\))?: Authorization: Bearer (\S+)$/.exec(line) ?? [];
    if (role) {
      keys[role] = key;
    }
    link ??= /^GraphiQL: open (\S+) /.exec(line)?.[1];
    const [, base] = /^Listening on (\S+)\/graphql$/.exec(line) ?? [];
    if (base) {
      return { base, link, keys, stop: () => ended(child) };
    }
  }
  throw new Error('the server did not print its address');
}

async function ended(child) {
  if (child.exitCode === null) {
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exit;
  }
}

/// Executes an operation without the page.
export async function post(server, key, query, variables) {
  const answer = await fetch(`${server.base}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const body = await answer.json();
  if (body.errors) {
    throw new Error(JSON.stringify(body.errors));
  }
  return body.data;
}

/// A browser that can resolve no host but that of `base`.
export async function startBrowser(executablePath, base) {
  const { hostname } = new URL(base);
  return puppeteer.launch({
    executablePath,
    headless: true,
    protocolTimeout: 900_000,
    args: [`--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`, '--no-sandbox', '--disable-gpu', '--lang=en'],
  });
}

/// A page, with the errors that it logged and the requests that it made to other hosts.
export class Page {
  constructor(page, base, folder) {
    Object.assign(this, { page, base, folder, complaints: [], strangers: [], friends: [], sockets: [], subscribed: false });
    mkdirSync(folder, { recursive: true });
  }

  static async open(browser, base, folder, viewport) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport(viewport);
    page.setDefaultTimeout(TIMEOUT_MS);
    const it = new Page(page, base, folder);
    await it.#watch();
    return it;
  }

  async #watch() {
    const { page } = this;
    page.on('pageerror', (error) => this.complaints.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.complaints.push(`${message.text()} ${message.location().url ?? ''}`);
      }
    });
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin === this.base || this.friends.includes(url.origin) || ['data:', 'blob:'].includes(url.protocol)) {
        request.continue();
      } else {
        this.strangers.push(request.url());
        request.abort();
      }
    });
    const session = await page.createCDPSession();
    await session.send('Network.enable');
    session.on('Network.webSocketCreated', ({ url }) => this.sockets.push(url));
    // The client subscribes after the server has acknowledged the connection.
    session.on('Network.webSocketFrameSent', ({ response }) => {
      this.subscribed ||= response.payloadData.includes('"type":"subscribe"');
    });
  }

  async shot(name) {
    // Wait for animations to end, so that they do not blur the screenshot.
    await this.page.evaluate(() => Promise.allSettled(document.getAnimations().map((it) => it.finished)));
    await this.page.screenshot({ path: join(this.folder, `${name}.png`) });
  }

  /// Checks the page with axe-core, in both themes by default. `except` are rules with the elements that they may find.
  async accessible(name, { themes = ['light', 'dark'], except = {} } = {}) {
    for (const theme of themes) {
      await this.page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: theme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
      ]);
      // Added by the debugger, which the policy of the page does not concern.
      await this.page.evaluate(AXE);
      const violations = await this.page.evaluate(async (except) => {
        const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
        return violations.flatMap(({ id, nodes }) => {
          const left = nodes.filter((it) => !except[id]?.some((selector) => document.querySelector(it.target)?.matches(selector)));
          const said = left.slice(0, 4).map((it) => `${it.target} (${it.failureSummary?.split('\n')[1]?.trim()})`);
          return left.length > 0 ? [`${id}: ${said.join(', ')}`] : [];
        });
      }, except);
      assert.deepEqual(violations, [], `${name} in the ${theme} theme`);
      await this.shot(`${name}-${theme}`);
    }
    await this.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: themes[0] }]);
  }

  /// Waits until `find` returns a truthy value in the page, and returns that value.
  async until(what, find, ...values) {
    try {
      const found = await this.page.waitForFunction(find, { timeout: TIMEOUT_MS, polling: 50 }, ...values);
      return await found.jsonValue();
    } catch (error) {
      await this.shot('failure');
      throw new Error(`timed out waiting for ${what}: ${error.message}`, { cause: error });
    }
  }

  /// Waits until the text of an element contains all words. Any whitespace counts as a space, because
  /// the editors wrap lines.
  text(selector, ...words) {
    return this.until(
      `${words.join(', ')} in ${selector}`,
      (selector, words) => {
        const text = document.querySelector(selector)?.innerText.replace(/\s+/g, ' ');
        return text !== undefined && words.every((word) => text.includes(word)) && text;
      },
      selector,
      words,
    );
  }

  /// Waits until the visible part of the response contains all words.
  answer(...words) {
    return this.text('.graphiql-response .view-lines', ...words);
  }

  async setKey(key) {
    await this.page.locator('input[name=key]').fill(key);
    await this.page.locator('.key button[type=submit]').click();
  }

  /// Opens an example of the panel in the editor.
  async example(group, title) {
    const handle = await this.page.waitForFunction(
      (group, title) => {
        const groups = [...document.querySelectorAll('.examples details')];
        const found = groups.find((it) => it.querySelector('summary').innerText === group);
        return [...(found?.querySelectorAll('button') ?? [])].find(
          (it) => it.querySelector('.example-title').innerText === title && it.checkVisibility(),
        );
      },
      { polling: 50 },
      group,
      title,
    );
    await handle.click();
  }

  /// Waits until the page has sent a subscription.
  async connected() {
    for (const end = Date.now() + TIMEOUT_MS; !this.subscribed; await new Promise((next) => setTimeout(next, 20))) {
      if (Date.now() > end) {
        throw new Error('the page did not subscribe');
      }
    }
    // The server may still be starting the subscription: the caller allows for that.
  }

  /// The local storage, which all tabs share, as JSON.
  stored() {
    return this.page.evaluate(() => JSON.stringify(localStorage));
  }

  async run() {
    await this.page.locator('.graphiql-execute-button').click();
  }
}
