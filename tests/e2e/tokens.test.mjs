// The palette passes WCAG 2.2 AA in both themes, however the theme was chosen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, useSite } from './site.mjs';

useSite();

const SURFACES = ['--page', '--surface', '--raised', '--terminal'];
const TEXTS = ['--text', '--muted', '--link', '--good', '--warn', '--bad'];
const KEYS = ['0', '1', '2', '3', '4', '5', '6', 'none'].map((key) => `--key-${key}`);
const PAIRS = [
  ...TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface, 4.5])),
  ...SURFACES.flatMap((surface) => [['--edge', surface, 3], ['--focus', surface, 3]]),
  ...KEYS.map((key) => ['--on-key', key, 4.5]),
  ['--on-accent', '--accent', 4.5],
];

/// The colours of the tokens as the browser computes them: [red, green, blue] from 0 to 255.
const colours = (page, names) => page.evaluate((names) => {
  const probe = document.body.appendChild(document.createElement('i'));
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  });
  probe.remove();
  return Object.fromEntries(names.map((name, index) => [name, found[index]]));
}, names);

const luminance = (rgb) => {
  const [r, g, b] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

test('black on white is 21:1', () => assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21));

for (const colorScheme of ['light', 'dark']) {
  test(`contrast, ${colorScheme}`, async (t) => {
    const { page } = await open(t, { colorScheme });
    const found = await colours(page, [...new Set(PAIRS.flat().filter((name) => typeof name === 'string'))]);
    const poor = PAIRS.filter(([a, b, least]) => contrast(found[a], found[b]) < least)
      .map(([a, b, least]) => `${a} on ${b}: ${contrast(found[a], found[b]).toFixed(2)} < ${least}`);
    assert.deepEqual(poor, []);
  });

  test(`the switch overrules the system, ${colorScheme}`, async (t) => {
    const { page } = await open(t, { colorScheme });
    const system = (await colours(page, ['--page']))['--page'];
    const other = colorScheme === 'light' ? 'dark' : 'light';
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, other);
    assert.notDeepEqual((await colours(page, ['--page']))['--page'], system);
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, colorScheme);
    assert.deepEqual((await colours(page, ['--page']))['--page'], system);
  });
}
