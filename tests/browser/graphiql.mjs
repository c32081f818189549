import assert from 'node:assert/strict';
import { Page, post, startBrowser, startServer } from './page.mjs';
const { BROWSER, SCREENSHOTS, SERVER } = process.env;
const server = await startServer(SERVER);
const browser = await startBrowser(BROWSER, server.base);
try {
  const it = await Page.open(browser, server.base, SCREENSHOTS, { width: 1280, height: 800 });
  await it.page.goto(`${server.base}/graphql`);
  await it.text('.graphiql-query-editor .view-lines', 'query WhoAmI');
  await it.shot('1-opened');
  await it.setKey(server.keys.PARTNER);
  await it.text('.key-role', 'PARTNER · nordwind');
  await it.example('Partner', 'Our standing');
  await it.run();
  await it.answer('"name": "Nordwind Systems"');
  await it.shot('2-query');
  await it.page.locator('button[aria-label="Show Documentation Explorer"]').click();
  await it.text('.graphiql-plugin', 'Root Types');
  await it.shot('3-docs');
  const narrow = await Page.open(browser, server.base, SCREENSHOTS, { width: 560, height: 800 });
  await narrow.page.goto(`${server.base}/graphql`);
  await narrow.setKey(server.keys.ADMINISTRATOR);
  await narrow.text('.key-role', 'ADMIN');
  await narrow.shot('4-narrow');
  console.log(it.complaints, it.strangers, it.sockets, narrow.complaints);
} finally { await browser.close(); await server.stop(); }
