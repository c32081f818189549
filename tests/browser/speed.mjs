// How fast the console is: when its pages can be used on a processor that is slowed down, and whether long lists scroll
// without a stall. Prints figures, and fails if they are above what was agreed.
//
//   SERVER=/path/to/binary tests/browser/run speed
//   PARTNERS=10000 LINES=100000 …   the lists

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startBrowser, startServer } from './page.mjs';

const { BROWSER, SERVER } = process.env;
const PARTNERS = Number(process.env.PARTNERS ?? 10_000);
const LINES = Number(process.env.LINES ?? 100_000);
const SLOWDOWN = 4;
const INTERACTIVE_MS = 1_500;
const STALL_MS = 100;
const RUNS = 3;
/// Rows that a person can scroll by in one frame, with the wheel held.
const ROWS_PER_FRAME = 30;
const TODAY = '2026-11-21';

const folder = mkdtempSync(join(tmpdir(), 'console-speed-'));
const settings = { DATABASE_URL: `sqlite://${folder}/program.db`, PROGRAM_TODAY: TODAY };
const command = (...words) => execFileSync(SERVER, words, { cwd: folder, env: { PATH: process.env.PATH, ...settings }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const failures = [];

function fill() {
  const pad = (number) => String(number).padStart(2, '0');
  const partners = Array.from({ length: PARTNERS }, (_, at) => `p${at},Partner ${at},2020-${pad(1 + (at % 12))}-${pad(1 + (at % 28))}`);
  writeFileSync(join(folder, 'partners.csv'), ['partner,name,enrolled_on', ...partners].join('\n'));
  // Each meeting since the launch of the program is a line of the ledger.
  const day = (at) => new Date(Date.UTC(2024, 0, 1) + (at % 1_000) * 86_400_000).toISOString().slice(0, 10);
  const lines = Array.from({ length: LINES }, (_, at) => `speed,${at},CUSTOMER_MEETING,${day(at)},p0`);
  writeFileSync(join(folder, 'activities.csv'), ['source,external_id,kind,occurred_on,partner', ...lines].join('\n'));
  command('import', '--create', 'partners.csv', 'activities.csv');
  return /pp_\w+/.exec(command('key', 'create', '--role', 'PROGRAM_STAFF', '--label', 'speed'))[0];
}

async function open(browser, key) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  page.setDefaultTimeout(120_000);
  await page.evaluateOnNewDocument((key) => {
    sessionStorage.setItem('partner-program:key', key);
    globalThis.longTasks = [];
    new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map((it) => ({ start: it.startTime, ms: it.duration })))).observe({ type: 'longtask', buffered: true });
  }, key);
  return page;
}

/// Until the page shows what it is for, and answers to a click.
async function interactive(browser, base, key, path, rate) {
  const page = await open(browser, key);
  const session = await page.createCDPSession();
  await session.send('Emulation.setCPUThrottlingRate', { rate });
  // The time that the main thread worked: what the page needs of the processor, whatever else runs on the machine.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${base}/console${path}`, { waitUntil: 'domcontentloaded' });
  const ms = await page.evaluate(async () => {
    // Charts and sums below may still load: the page can be read and used meanwhile.
    const shown = () => document.querySelector('main h1') && document.querySelector('main :is(.figures, .card, tbody tr, .table-box)');
    if (!shown()) {
      await new Promise((done) => {
        const observer = new MutationObserver(() => {
          if (shown()) {
            observer.disconnect();
            done();
          }
        });
        observer.observe(document, { childList: true, subtree: true });
      });
    }
    // After the frame that shows it, and whatever is queued before an event would be handled.
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    return performance.now();
  });
  const { metrics } = await session.send('Performance.getMetrics');
  const worked = metrics.find((it) => it.name === 'TaskDuration').value * 1_000;
  await page.browserContext().close();
  return { ms: Math.round(ms), worked: Math.round(worked) };
}

/// Tasks of the page's main thread in a trace, in milliseconds: how long they took, and how long they worked. On a machine that has
/// other things to do, a task waits for the processor.
function tasksOf(file) {
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8'));
  const threads = new Set(traceEvents.filter((it) => it.name === 'thread_name' && it.args.name === 'CrRendererMain').map((it) => `${it.pid} ${it.tid}`));
  return traceEvents.filter((it) => it.ph === 'X' && it.name.endsWith('RunTask') && threads.has(`${it.pid} ${it.tid}`)).map((it) => ({ ms: it.dur / 1_000, worked: (it.tdur ?? it.dur) / 1_000 }));
}

async function scroll(browser, base, key, path) {
  const page = await open(browser, key);
  await page.goto(`${base}/console${path}`);
  await page.waitForSelector('.table-box.scrolls tbody tr');
  // Starting up is measured above.
  await new Promise((next) => setTimeout(next, 1_000));
  const trace = join(folder, 'trace.json');
  await page.tracing.start({ path: trace, categories: ['toplevel', '__metadata'] });
  const began = Date.now();
  const frames = await page.evaluate(
    async (step) => {
      const box = document.querySelector('.table-box.scrolls');
      const counts = () => (document.querySelector('.table-footer')?.innerText.match(/[\d,]+/g) ?? []).slice(0, 2).map((it) => Number(it.replaceAll(',', '')));
      const gaps = [];
      let before = performance.now();
      const more = () => {
        const [loaded, total] = counts();
        return loaded < total;
      };
      while (more() || box.scrollTop + box.clientHeight < box.scrollHeight - 2) {
        box.scrollBy(0, step);
        await new Promise((next) => requestAnimationFrame(next));
        const now = performance.now();
        gaps.push(now - before);
        before = now;
      }
      return { worst: Math.max(...gaps), count: gaps.length, shown: document.querySelectorAll('tbody tr').length, loaded: counts()[0] };
    },
    ROWS_PER_FRAME * 45,
  );
  const seconds = (Date.now() - began) / 1_000;
  await page.tracing.stop();
  const tasks = tasksOf(trace);
  await page.browserContext().close();
  // One at a time: there may be more tasks than a call takes arguments.
  const most = (of) => tasks.reduce((found, it) => Math.max(found, of(it)), 0);
  return { ...frames, seconds, task: most((it) => it.ms), worked: most((it) => it.worked), slow: tasks.filter((it) => it.ms > STALL_MS).length };
}

let server;
let browser;
try {
  const key = fill();
  server = await startServer(SERVER, settings, ['serve']);
  browser = await startBrowser(BROWSER, server.base);
  console.log(`speed: processor slowed down ${SLOWDOWN} times`);
  for (const path of ['/', '/partners', '/partners/p0', '/partners/p0?tab=ledger', '/claims?status=ALL', '/policy', '/report']) {
    const runs = { slow: [], fast: [] };
    for (let run = 0; run < RUNS; run += 1) {
      runs.slow.push(await interactive(browser, server.base, key, path, SLOWDOWN));
      runs.fast.push(await interactive(browser, server.base, key, path, 1));
    }
    // Other programs make a page wait, but not work: the work of a full speed run, on a slower processor.
    const work = SLOWDOWN * Math.min(...runs.fast.map((it) => it.worked));
    const shown = Math.min(...runs.slow.map((it) => it.ms));
    console.log(`    ${path}: ${work} ms of work on the slower processor; interactive after ${shown} ms on this machine`);
    if (work > INTERACTIVE_MS) {
      failures.push(`${path} works for ${work} ms`);
    }
  }
  for (const path of ['/partners', '/partners/p0?tab=ledger']) {
    const { loaded, count, worst, task, worked, slow, seconds, shown } = await scroll(browser, server.base, key, path);
    console.log(`    ${path}: ${loaded} rows in ${seconds.toFixed(0)} s and ${count} frames, ${shown} rows in the page`);
    console.log(`        longest frame ${worst.toFixed(0)} ms, longest task ${task.toFixed(0)} ms (${worked.toFixed(0)} ms of work), ${slow} tasks above ${STALL_MS} ms`);
    if (worked > STALL_MS) {
      failures.push(`${path} works for ${worked.toFixed(0)} ms without a break`);
    }
  }
} finally {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) {
  console.log(`FAILED: ${failure}`);
}
process.exitCode = failures.length > 0 ? 1 : 0;
