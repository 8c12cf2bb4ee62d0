// The first lesson as a person goes through it: by clicks, until every goal is reached.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NARROW, open, shot, useSite, violations } from './site.mjs';

useSite();

async function type(page, terminal, line) {
  const input = page.getByRole('textbox', { name: `Terminal ${terminal} input` });
  await input.fill(line);
  await input.press('Enter');
}

const output = (page, terminal) => page.getByRole('log', { name: `Terminal ${terminal} output` });

test('the first lesson is reached by clicks and three lines', async (t) => {
  const { page, errors } = await open(t);
  const lesson = page.getByRole('region', { name: 'Lesson', exact: true });
  const run = (words) => lesson.getByRole('button', { name: words }).first();
  await page.getByRole('region', { name: 'Cluster', exact: true }).getByText('broker 3', { exact: true }).waitFor();
  await shot(page, 'lesson-start');
  await run(/^Run in terminal 1: kafka-topics.sh/).click();
  await output(page, 1).getByText('Created topic greetings.').waitFor();
  await run(/^Run in terminal 1: kafka-console-producer.sh/).click();
  await page.locator('#terminals-pane').getByText('>', { exact: true }).first().waitFor();
  for (const line of ['hello', 'how are you', 'goodbye']) await type(page, 1, line);
  await run(/^Run in terminal 2: kafka-console-consumer.sh/).click();
  await output(page, 2).getByText('goodbye', { exact: true }).waitFor();
  await lesson.getByText('All goals are reached.').waitFor();
  await shot(page, 'lesson-reached');
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: /lessons done/ }).click();
  await page.getByRole('link', { name: /A cluster, now \(done\)/ }).waitFor();
  assert.deepEqual(errors, []);
});

test('a real cluster on a narrow page', async (t) => {
  const { page } = await open(t, { viewport: NARROW });
  await page.getByRole('button', { name: 'Cluster', exact: true }).click();
  await page.getByText('broker 3', { exact: true }).waitFor();
  await shot(page, 'lesson-narrow');
  assert.deepEqual(await violations(page), []);
});
