// A demo server, and a page of it in a browser that reaches nothing else.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import puppeteer from 'puppeteer-core';

/// Longest time for what a person would wait for, in milliseconds.
const PATIENCE = 30_000;

/// Starts a demo server on a free port. `keys` are those that it prints, by role.
export async function startServer(binary) {
  const child = spawn(binary, ['serve', '--demo'], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, BIND: '127.0.0.1:0' },
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
  throw new Error('the server did not say where it listens');
}

async function ended(child) {
  if (child.exitCode === null) {
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exit;
  }
}

/// Runs an operation without the page.
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

/// A browser for which there is no other host than `base`.
export async function startBrowser(executablePath, base) {
  const { hostname } = new URL(base);
  return puppeteer.launch({
    executablePath,
    headless: true,
    args: [`--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`, '--no-sandbox', '--disable-gpu', '--lang=en'],
  });
}

/// A page, with what went wrong in it and where it wanted to go.
export class Page {
  constructor(page, base, folder) {
    Object.assign(this, { page, base, folder, complaints: [], strangers: [], sockets: [], subscribed: false });
    mkdirSync(folder, { recursive: true });
  }

  static async open(browser, base, folder, viewport) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport(viewport);
    page.setDefaultTimeout(PATIENCE);
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
      if (url.origin === this.base || ['data:', 'blob:'].includes(url.protocol)) {
        request.continue();
      } else {
        this.strangers.push(request.url());
        request.abort();
      }
    });
    const session = await page.createCDPSession();
    await session.send('Network.enable');
    session.on('Network.webSocketCreated', ({ url }) => this.sockets.push(url));
    // The client subscribes when the server has taken the key.
    session.on('Network.webSocketFrameSent', ({ response }) => {
      this.subscribed ||= response.payloadData.includes('"type":"subscribe"');
    });
  }

  async shot(name) {
    // Tooltips and panes move for a moment; only the picture depends on it.
    await this.page.evaluate(() => Promise.allSettled(document.getAnimations().map((it) => it.finished)));
    await this.page.screenshot({ path: join(this.folder, `${name}.png`) });
  }

  /// Waits until `see` finds what it looks for in the page, and gives that.
  async until(what, see, ...values) {
    try {
      const found = await this.page.waitForFunction(see, { timeout: PATIENCE, polling: 50 }, ...values);
      return await found.jsonValue();
    } catch (error) {
      await this.shot('failure');
      throw new Error(`waited in vain for ${what}: ${error.message}`, { cause: error });
    }
  }

  /// Waits until the text of an element holds all words; spaces are all alike.
  text(selector, ...words) {
    return this.until(
      `${words.join(', ')} in ${selector}`,
      (selector, words) => {
        const text = document.querySelector(selector)?.innerText.replaceAll('\u00a0', ' ');
        return text !== undefined && words.every((word) => text.includes(word)) && text;
      },
      selector,
      words,
    );
  }

  /// The answer, as far as it can be seen.
  answer(...words) {
    return this.text('.graphiql-response .view-lines', ...words);
  }

  async setKey(key) {
    await this.page.locator('input[name=key]').fill(key);
    await this.page.locator('.key button[type=submit]').click();
  }

  /// Puts an example of the panel into the editor.
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

  /// Waits until the page has subscribed to something.
  async connected() {
    for (const end = Date.now() + PATIENCE; !this.subscribed; await new Promise((next) => setTimeout(next, 20))) {
      if (Date.now() > end) {
        throw new Error('the page did not subscribe');
      }
    }
    // What the server got before the next request to it is dealt with before it or soon after.
  }

  /// Everything in the storage that all tabs share.
  stored() {
    return this.page.evaluate(() => JSON.stringify(localStorage));
  }

  async run() {
    await this.page.locator('.graphiql-execute-button').click();
  }
}
