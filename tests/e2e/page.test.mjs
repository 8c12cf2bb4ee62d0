// The page opens, under any path, and is a page: landmarks, no errors, no outside request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NARROW, WIDE, open, shot, useSite, violations } from './site.mjs';

useSite({ prefix: '/some/path/' });

const LANDMARKS = ['Lesson', 'Cluster', 'Terminals'];

test('the page opens without errors and its landmarks exist', async (t) => {
  const { page, errors } = await open(t);
  for (const name of LANDMARKS) {
    assert.equal(await page.getByRole('region', { name, exact: true }).count(), 1, name);
  }
  assert.equal(await page.getByRole('main').count(), 1);
  assert.equal(page.workers().length, 1);
  await shot(page, 'page-wide');
  assert.deepEqual(errors, []);
});

test('the first lesson is text before any program has run', async (t) => {
  const { page } = await open(t, { javaScriptEnabled: false, ready: false });
  const lesson = page.getByRole('region', { name: 'Lesson' });
  assert.ok((await lesson.getByRole('heading').innerText()).length > 5);
  assert.ok((await lesson.innerText()).length > 200);
});

test('a program that cannot be loaded is told, and the text stays', async (t) => {
  const prepare = (page) => page.route('**/app_bg.wasm', (route) => route.abort());
  const { page } = await open(t, { ready: false, prepare });
  await page.getByRole('status').filter({ hasText: 'could not start' }).waitFor();
  assert.ok((await page.getByRole('region', { name: 'Lesson' }).innerText()).length > 200);
});

test('an engine that cannot be loaded is noticed', async (t) => {
  const prepare = (page) => page.route('**/worker.js', (route) => route.abort());
  const { page } = await open(t, { ready: false, prepare });
  await page.locator('html[data-engine="stopped"]').waitFor({ state: 'attached' });
});

for (const [name, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`no accessibility violation, ${name}, ${colorScheme}`, async (t) => {
      const { page } = await open(t, { viewport, colorScheme });
      await shot(page, `page-${name}-${colorScheme}`);
      assert.deepEqual(await violations(page), []);
      const { scroll, width } = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth, width: document.documentElement.clientWidth,
      }));
      assert.ok(scroll <= width, `scrolls sideways: ${scroll} > ${width}`);
    });
  }
}
