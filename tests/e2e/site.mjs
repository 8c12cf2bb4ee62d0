// What every end-to-end test needs: the built site, a browser, and a page that reports each error.
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from './server.mjs';

const root = new URL('../../', import.meta.url);
export const DIST = process.env.DIST ?? fileURLToPath(new URL('dist', root));
const SHOTS = fileURLToPath(new URL('target/screenshots/', root));
export const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 360, height: 740 };

let site;
let browser;

/// Call once in each test file.
export function useSite(options) {
  before(async () => {
    site = await serve(DIST, options);
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
    });
  });
  after(async () => {
    await browser?.close();
    site?.close();
  });
}

/// A page with a storage of its own; `prepare` is called with it before it opens the site. `errors` holds every uncaught error, console error, and failed or outside request.
export async function open(t, { path = '', ready = true, prepare = async () => {}, ...options } = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('requestfailed', (request) => errors.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    const local = request.url().startsWith(site.url) || request.url().startsWith('data:');
    if (!local) errors.push(`outside: ${request.url()}`);
  });
  await prepare(page);
  await page.goto(site.url + path);
  if (ready) {
    // An error before the engine runs ends the test at once.
    const failed = new Promise((_, reject) => page.once('pageerror', reject));
    failed.catch(() => {});
    await Promise.race([page.locator('html[data-engine="running"]').waitFor({ state: 'attached' }), failed]);
  }
  return { page, errors, url: site.url };
}

/// Writes a picture into target/screenshots/, for a person to look at.
export async function shot(page, name) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png` });
}

/// The ids of axe-core's violations, with the places.
export async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run());
  if (found.passes.length < 5) throw new Error('axe-core saw hardly anything');
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}
