// The components on states that a fake engine gives them: what is seen, what the engine is told, by mouse and by keyboard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busy, busyView, crowdedView, fakeEngine, opened } from './fake.mjs';
import { NARROW, open, shot, useSite, violations } from './site.mjs';

useSite();

async function start(t, { messages = busy(), ...options } = {}) {
  let sent;
  const prepare = async (page) => { sent = await fakeEngine(page, messages); };
  const found = await open(t, { prepare, ...options });
  await found.page.getByText('broker 1', { exact: true }).first().waitFor({ state: 'attached' });
  return { ...found, sent, region: (name) => found.page.getByRole('region', { name, exact: true }) };
}

/// Waits until the engine was told `message`.
async function told(page, sent, message) {
  const wanted = JSON.stringify(message);
  for (let tries = 0; tries < 100; tries += 1) {
    if (sent.some((other) => JSON.stringify(other) === wanted)) return;
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  assert.fail(`${wanted} is not among ${JSON.stringify(sent)}`);
}

const type = (terminal, text) => ({ input: { type: { terminal, text } } });

for (const colorScheme of ['light', 'dark']) {
  test(`a busy cluster, ${colorScheme}`, async (t) => {
    const { page, errors } = await start(t, { colorScheme });
    await shot(page, `ui-wide-${colorScheme}`);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(errors, []);
  });
}

test('the lesson opens first, with the lock', async (t) => {
  const { page, sent } = await start(t);
  await told(page, sent, { open: { lesson: 'first-records', owns_storage: true } });
});

test('a line goes to the engine and comes back as text', async (t) => {
  const { page, sent } = await start(t);
  const input = page.getByLabel('Terminal 2 input');
  await input.fill('ls -l');
  await input.press('Enter');
  await told(page, sent, type(1, 'ls -l'));
  await page.getByRole('log', { name: 'Terminal 2 output' }).getByText('done: ls -l').waitFor();
  assert.equal(await input.inputValue(), '');
  await input.press('ArrowUp');
  assert.equal(await input.inputValue(), 'ls -l');
  await input.press('Control+c');
  await told(page, sent, { input: { interrupt: { terminal: 1 } } });
  await input.press('Control+d');
  await told(page, sent, { input: { end_of_input: { terminal: 1 } } });
  await input.press('Control+l');
  assert.equal(await page.getByText('done: ls -l').count(), 0);
});

test('Tab completes; Escape, then Tab leaves', async (t) => {
  const { page } = await start(t);
  const input = page.getByLabel('Terminal 1 input');
  await input.pressSequentially('kafka-to');
  await input.press('Tab');
  assert.equal(await input.inputValue(), 'kafka-topics.sh ');
  await input.pressSequentially('--topic pay');
  await input.press('Tab');
  assert.equal(await input.inputValue(), 'kafka-topics.sh --topic payments-with-a-long-name ');
  await input.press('Escape');
  await input.press('Tab');
  assert.equal(await input.evaluate((element) => document.activeElement === element), false);
});

test('a click runs a command of the lesson', async (t) => {
  const { page, sent, region } = await start(t);
  const button = region('Lesson').getByRole('button', { name: /^Run in terminal/ }).first();
  const name = await button.getAttribute('aria-label');
  await button.click();
  const [, terminal, command] = name.match(/^Run in terminal (\d+): (.*)$/s);
  await told(page, sent, type(Number(terminal) - 1, command.split('\n')[0]));
});

test('pasted lines are sent one by one', async (t) => {
  const { page, sent } = await start(t);
  await page.getByLabel('Terminal 1 input').focus();
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', 'cat <<E\nhello\nE\n');
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  for (const line of ['cat <<E', 'hello', 'E']) await told(page, sent, type(0, line));
});

test('ten thousand lines stay smooth', async (t) => {
  const { page } = await start(t);
  const took = await page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const start = performance.now();
    for (let part = 0; part < 20; part += 1) {
      const text = Array.from({ length: 500 }, (_, line) => `line ${part * 500 + line}\n`).join('');
      window.engineSays({ terminal: [{ terminal: 0, stream: 'stdout', text }] });
      await frame();
    }
    const log = document.querySelector('[aria-label="Terminal 1 output"]');
    while (!log.textContent.includes('line 9999')) await frame();
    return { ms: performance.now() - start, rows: log.querySelectorAll('.terminal-row').length };
  });
  assert.ok(took.ms < 5_000, `${took.ms} ms`);
  assert.ok(took.rows <= 5_000 && took.rows > 4_000, `${took.rows} rows`);
  await page.getByText('line 9999', { exact: true }).isVisible();
});

test('faults are menus of buttons', async (t) => {
  const { page, sent } = await start(t);
  await page.getByRole('button', { name: 'Faults of broker 1' }).click();
  const menu = page.getByRole('group', { name: 'Faults of broker 1' });
  assert.equal(await menu.getByRole('button', { name: 'Start', exact: true }).isDisabled(), true);
  await shot(page, 'ui-menu');
  assert.deepEqual(await violations(page), []);
  await menu.getByRole('button', { name: 'Heal: broker 1 to broker 3' }).click();
  await told(page, sent, { input: { link: { from: 1, to: 3, action: 'heal' } } });
  await told(page, sent, { input: { link: { from: 3, to: 1, action: 'heal' } } });
  await menu.getByRole('button', { name: /^Kill/ }).click();
  await told(page, sent, { input: { node: { node: 1, action: 'kill' } } });
  await menu.waitFor({ state: 'detached' });
});

test('what is broken stands in words, and the button that broke it mends it', async (t) => {
  const { page, sent } = await start(t);
  for (const words of ['disk 200 ms slower', 'clock 5 s behind', 'loses 20 % to broker 1']) {
    assert.equal(await page.getByText(words, { exact: true }).count(), 1, words);
  }
  await page.getByRole('button', { name: 'Faults of broker 2' }).click();
  const menu = page.getByRole('group', { name: 'Faults of broker 2' });
  const press = async (name, message) => {
    await menu.getByRole('button', { name, exact: true }).click();
    await told(page, sent, { input: message });
  };
  const node = (action) => ({ node: { node: 2, action } });
  assert.equal(await menu.getByRole('button', { name: 'Slow (+200 ms)' }).getAttribute('aria-pressed'), 'true');
  await press('Slow (+200 ms)', node({ slow_disk: 0 }));
  await press('Full', node('full_disk'));
  await press('Failing', node('fail_disk'));
  await press('+1 h', node({ skew_clock: 3_600_000 }));
  await press('Lossy: broker 2 to broker 1', { link: { from: 2, to: 1, action: { lossy: 0 } } });
  await press('Lossy: broker 2 to broker 3', { link: { from: 3, to: 2, action: { lossy: 20 } } });
  await press('Cut: broker 2 to laptop', { link: { from: 2, to: 0, action: 'cut' } });
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Mend everything' }).click();
  await told(page, sent, { input: 'heal_all' });
});

test('arrow keys go through the menu', async (t) => {
  const { page, sent } = await start(t);
  await page.getByRole('button', { name: 'Faults of broker 1' }).focus();
  await page.keyboard.press('ArrowDown');
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await page.getByRole('group', { name: 'Faults of broker 1' }).waitFor();
  for (const [key, name] of [['ArrowDown', 'Kill (kill -9)'], ['ArrowRight', 'Stop'], ['Home', 'Kill (kill -9)'], ['ArrowUp', 'Heal']]) {
    await page.keyboard.press(key);
    assert.equal(await focused(), name);
  }
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await told(page, sent, { input: { node: { node: 1, action: 'kill' } } });
});

test('the ledger counts, and what went wrong opens to its events', async (t) => {
  const { page } = await start(t);
  const ledger = page.getByRole('region', { name: /^Guarantees/ });
  const row = ledger.getByRole('row', { name: /^orders-0/ });
  assert.deepEqual(await row.getByRole('cell').allInnerTexts(), ['30', '1,206', '0', '1,233', '1,231', '3', '0', '0']);
  const killed = ledger.getByText('node 2 killed');
  assert.equal(await killed.isVisible(), false);
  await ledger.getByText('unclean election', { exact: false }).click();
  await killed.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, 'ui-ledger');
});

test('the menu closes on Escape and gives the focus back', async (t) => {
  const { page } = await start(t);
  const button = page.getByRole('button', { name: 'Faults of controller 12' });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  assert.equal(await button.evaluate((element) => document.activeElement === element), true);
});

test('time is paused, stepped and sped up', async (t) => {
  const { page, sent } = await start(t);
  await page.keyboard.press('p');
  await told(page, sent, 'pause');
  await page.getByRole('button', { name: 'One event' }).click();
  await told(page, sent, { step: { interesting: false } });
  await page.keyboard.press('n');
  await told(page, sent, { step: { interesting: true } });
  await page.getByLabel('Speed of time').selectOption({ label: '1000×' });
  await told(page, sent, { speed: 1_000_000 });
  await page.getByText('Fetch request', { exact: false }).first().waitFor();
  await shot(page, 'ui-paused');
});

test('the table says what the picture says', async (t) => {
  const { page, region } = await start(t);
  await page.keyboard.press('t');
  const table = region('Cluster').getByRole('table', { name: /^Partitions/ });
  assert.match(await table.getByRole('row', { name: /^orders-0/ }).innerText(), /1, 2, 3.*40.*1234.*1236/s);
  assert.equal(await table.getByText('__consumer_offsets-0').count(), 0);
  await page.getByRole('button', { name: 'Internal topics' }).click();
  await table.getByText('__consumer_offsets-0').waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, 'ui-table');
  await page.reload();
  await region('Cluster').getByRole('table').first().waitFor();
});

test('goals, hints and what was said', async (t) => {
  const { page, sent, region } = await start(t, { messages: [...busy(), { say: 'You wrote to order, not to orders.' }] });
  const goals = region('Lesson').getByRole('region', { name: 'Goals' });
  await goals.getByText('there are 2 records in orders').waitFor();
  await goals.getByRole('button', { name: 'What does the command look like?' }).click();
  await told(page, sent, { hint: { goal: 'records' } });
  await region('Lesson').getByText('You wrote to order').waitFor();
  assert.match(await goals.innerText(), /1\/2/);
});

test('a prediction is committed to before the answer is seen', async (t) => {
  const { page, region } = await start(t);
  const lesson = region('Lesson');
  const commit = lesson.getByRole('button', { name: 'This is my answer' }).first();
  const form = lesson.locator('form').first();
  assert.equal(await commit.isDisabled(), true);
  await form.getByRole('radio').first().check();
  assert.equal(await form.getByText('the answer').count(), 0);
  await commit.click();
  await form.getByText('the answer', { exact: true }).waitFor();
  await page.reload();
  await form.getByText('the answer', { exact: true }).waitFor();
});

test('lessons are links', async (t) => {
  const { page, sent } = await start(t);
  await page.keyboard.press('l');
  const dialog = page.getByRole('dialog', { name: 'Lessons' });
  await shot(page, 'ui-lessons');
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole('link', { name: /Sandbox/ }).click();
  await told(page, sent, { open_lesson: { lesson: null } });
  assert.match(page.url(), /#\/sandbox$/);
  await page.goBack();
  await told(page, sent, { open_lesson: { lesson: 'first-records' } });
});

for (const name of ['Settings', 'Help']) {
  test(`the window of ${name}`, async (t) => {
    const { page } = await start(t);
    const button = page.getByRole('button', { name });
    await button.click();
    await page.getByRole('dialog', { name }).waitFor();
    await shot(page, `ui-${name.toLowerCase()}`);
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await button.evaluate((element) => document.activeElement === element), true);
  });
}

test('the theme is switched and kept', async (t) => {
  const { page } = await start(t, { colorScheme: 'light' });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Dark').check();
  await page.reload();
  await page.locator('html[data-theme="dark"]').waitFor({ state: 'attached' });
});

test('panes are sized by keyboard, kept, and fill the screen', async (t) => {
  const { page, region } = await start(t);
  const separator = page.getByRole('separator', { name: 'Width of the lesson' });
  await separator.focus();
  await page.keyboard.press('End');
  assert.equal(await separator.getAttribute('aria-valuenow'), '60');
  await page.reload();
  await region('Cluster').waitFor();
  assert.equal(await separator.getAttribute('aria-valuenow'), '60');
  await page.getByRole('button', { name: 'Fill the screen with the cluster' }).click();
  assert.equal(await region('Lesson').isVisible(), false);
  await page.keyboard.press('Escape');
  assert.equal(await region('Lesson').isVisible(), true);
});

test('panes are sized by pointer', async (t) => {
  const { page } = await start(t);
  const separator = page.getByRole('separator', { name: 'Height of the terminals' });
  const box = await separator.boundingBox();
  await page.mouse.move(box.x + 100, box.y);
  await page.mouse.down();
  await page.mouse.move(box.x + 100, box.y - 200, { steps: 4 });
  await page.mouse.up();
  assert.ok(Number(await separator.getAttribute('aria-valuenow')) > 50);
});

test('a second tab can take over', async (t) => {
  const { page, sent } = await start(t, { messages: [...busy(), { notice: 'second_tab' }, { notice: 'storage_full' }] });
  await shot(page, 'ui-notices');
  assert.deepEqual(await violations(page), []);
  sent.length = 0;
  await page.getByRole('button', { name: 'Take over here' }).click();
  await told(page, sent, { open: { lesson: 'first-records', owns_storage: true } });
});

test('the run is offered as a file', async (t) => {
  const { page, sent } = await start(t, { messages: [...busy(), { notice: 'storage_full' }] });
  await page.getByRole('button', { name: 'Download the run' }).click();
  await told(page, sent, 'download_journal');
  const download = page.waitForEvent('download');
  await page.evaluate(() => window.engineSays({ journal: '{}' }));
  assert.equal((await download).suggestedFilename(), 'ottla-first-records.json');
});

test('an engine that dies is started again, and given up when it keeps dying', async (t) => {
  const dying = `postMessage('"Ready"'); onmessage = () => { throw new Error('index out of bounds'); };`;
  const prepare = (page) => page.route('**/worker.js', (route) => route.fulfill({ contentType: 'text/javascript', body: dying }));
  const { page } = await open(t, { ready: false, prepare });
  await page.getByText('The engine has stopped. Its last words:').waitFor();
  await page.getByRole('button', { name: 'Start it again' }).first().waitFor();
  await page.locator('html[data-engine="stopped"]').waitFor({ state: 'attached' });
});

for (const partitions of [100, 500]) {
  test(`${partitions} partitions on each broker`, async (t) => {
    const { page, region } = await start(t, { messages: [opened, { view: crowdedView(partitions) }] });
    await region('Cluster').getByText(partitions === 100 ? 'clicks-99' : '500 replicas', { exact: false }).first().waitFor();
    await shot(page, `ui-partitions-${partitions}`);
  });
}

test('states of nodes', async (t) => {
  const view = busyView();
  ['stopping', 'down', 'no_power'].forEach((state, index) => { view.brokers[index].state = state; });
  const { page, region } = await start(t, { messages: [opened, { view }] });
  for (const word of ['stopping', 'down', 'no power']) await region('Cluster').getByText(word, { exact: true }).first().waitFor();
  await shot(page, 'ui-states');
  assert.deepEqual(await violations(page), []);
});

test('a narrow page has three tabs', async (t) => {
  const { page, region } = await start(t, { viewport: NARROW });
  for (const name of ['Lesson', 'Cluster', 'Terminals']) {
    await page.getByRole('button', { name, exact: true }).click();
    assert.equal(await region(name).isVisible(), true);
    await shot(page, `ui-narrow-${name.toLowerCase()}`);
    assert.deepEqual(await violations(page), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} scrolls sideways`);
  }
  const small = await page.evaluate(() => [...document.querySelectorAll('button, select, summary, input:not([type=radio], .sr)')]
    .filter((element) => element.checkVisibility())
    .filter((element) => element.getBoundingClientRect().height < 24).map((element) => element.outerHTML.slice(0, 80)));
  assert.deepEqual(small, []);
});
