// The steps of a person at the console: fields by their labels, buttons by their names.

import assert from 'node:assert/strict';

import { Page } from './page.mjs';

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export class ConsolePage extends Page {
  static async start(browser, base, folder, viewport, key, path = '/console') {
    const it = await ConsolePage.open(browser, base, folder, viewport);
    await it.page.evaluateOnNewDocument((key) => {
      // As if it had been pasted before; the steps of signing in have a test of their own.
      if (key && !sessionStorage.getItem('partner-program:key')) {
        sessionStorage.setItem('partner-program:key', key);
      }
    }, key ?? '');
    await it.page.goto(base + path);
    return it;
  }

  static async open(browser, base, folder, viewport) {
    const it = await Page.open(browser, base, folder, viewport);
    return Object.setPrototypeOf(it, ConsolePage.prototype);
  }

  /// Shows another view, as a link would.
  async go(path, heading) {
    await this.page.evaluate((path) => {
      history.pushState(null, '', `/console${path}`);
    }, path);
    await this.loaded(heading);
  }

  /// Waits until the page has this heading and nothing loads.
  async loaded(heading) {
    await this.until(
      `the page ${heading ?? ''}`,
      (heading) => {
        const title = document.querySelector('main h1');
        return title && (!heading || title.innerText.includes(heading)) && !document.querySelector('main .spinner');
      },
      heading ?? '',
    );
  }

  main(...words) {
    return this.text('main', ...words);
  }

  /// Presses a button, link, tab or menu item by its name, within an element that contains `near`.
  async press(name, { within = 'body', near = '' } = {}) {
    const handle = await this.page
      .waitForFunction(
        (name, within, near) => {
          const names = (it) => [it.getAttribute('aria-label') ?? '', it.innerText ?? ''].map((text) => text.trim());
          const of = (scope) =>
            [...scope.querySelectorAll('button, a, [role=tab], [role=menuitem], summary, label.choice')].find(
              (it) => names(it).includes(name) && !it.disabled && it.checkVisibility({ opacityProperty: true }),
            );
          for (const scope of document.querySelectorAll(within)) {
            if (scope.innerText.includes(near)) {
              const found = of(scope);
              if (found) {
                return found;
              }
            }
          }
          return null;
        },
        { polling: 50, timeout: 20_000 },
        name,
        within,
        near,
      )
      .catch(async (error) => {
        await this.shot('failure');
        throw new Error(`no button ${name} ${near}: ${error.message}`, { cause: error });
      });
    // A preview that arrives moves the buttons below it.
    await handle.evaluate(async (it) => {
      const place = () => JSON.stringify(it.getBoundingClientRect());
      for (let before = '', same = 0; same < 4; ) {
        const now = place();
        same = now === before ? same + 1 : 0;
        before = now;
        await new Promise((next) => requestAnimationFrame(next));
      }
    });
    await (this.page.viewport()?.hasTouch ? handle.tap() : handle.click());
    await handle.dispose();
  }

  async fieldOf(label, within) {
    const handle = await this.page.waitForFunction(
      (label, within) => {
        const found = [...document.querySelectorAll(`${within} label`)].find((it) => it.innerText.trim() === label);
        return found && document.getElementById(found.htmlFor);
      },
      { polling: 50, timeout: 20_000 },
      label,
      within,
    );
    return handle.asElement();
  }

  /// Fills in a field.
  async fill(label, value, within = 'body') {
    const field = await this.fieldOf(label, within);
    // What can be chosen may still be loading.
    await this.page.waitForFunction((it, value) => !(it instanceof HTMLSelectElement) || [...it.options].some((one) => one.value === value), {}, field, value);
    await field.evaluate((it, value) => {
      const kind = it instanceof HTMLSelectElement ? HTMLSelectElement : it instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(it, value);
      it.dispatchEvent(new Event(it instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
    }, value);
  }

  /// What the open dialog says that the change would do.
  preview(...words) {
    return this.text('.dialog .outcome', ...words);
  }

  /// Confirms the open dialog, and waits until it is closed.
  async confirm(name) {
    await this.press(name, { within: '.dialog' });
    await this.until('the end of the dialog', () => !document.querySelector('.dialog'));
  }

  /// The next mutation's outcome looks, in the first list that is read after it, as if it took longer than an answer waits.
  delays(done, underWay) {
    return this.page.evaluate(
      (done, underWay) => {
        const original = globalThis.fetch;
        let changed = false;
        globalThis.fetch = async (input, options) => {
          const response = await original(input, options);
          const body = await response.text();
          const isMutation = String(options?.body).includes('"query":"mutation');
          const text = changed || isMutation ? body.replaceAll(`"status":"${done}"`, `"status":"${underWay}"`) : body;
          if (changed && text !== body) {
            globalThis.fetch = original;
          }
          changed ||= isMutation;
          return new Response(text, { status: response.status, headers: response.headers });
        };
      },
      done,
      underWay,
    );
  }

  /// Keeps the text of the next file that the page saves.
  saves() {
    return this.page.evaluate(() => {
      const original = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        void blob.text().then((text) => {
          globalThis.saved = text;
        });
        return original.call(URL, blob);
      };
    });
  }

  /// The screenshots of the console have names of their own.
  accessible(name, options) {
    return super.accessible(`console-${name}`, options);
  }

  /// Whether something is wider than the window.
  async fits() {
    const width = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width[0] <= width[1], `${this.page.url()} is ${width[0]} wide, the window ${width[1]}`);
  }
}
