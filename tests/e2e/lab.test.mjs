// The main job, as a person does it: create, produce, consume, kill the leader, see it move, reload, read everything again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, shot, useSite } from './site.mjs';

useSite();

const SERVERS = '--bootstrap-server localhost:9092,localhost:9093,localhost:9094';

/// Types a line at a terminal and presses Enter.
async function type(page, terminal, line) {
  const input = page.getByRole('textbox', { name: `Terminal ${terminal} input` });
  await input.fill(line);
  await input.press('Enter');
}

const output = (page, terminal) => page.getByRole('log', { name: `Terminal ${terminal} output` });

/// Waits until a terminal shows a text.
async function sees(page, terminal, text, timeout = 30_000) {
  await output(page, terminal).getByText(text, { exact: false }).last().waitFor({ timeout });
}

test('a topic, three records, a dead leader, a reload: nothing is lost', async (t) => {
  const { page, errors, url } = await open(t, { path: '#/sandbox' });
  const cluster = page.getByRole('region', { name: 'Cluster', exact: true });
  await cluster.getByText('broker 3', { exact: true }).waitFor();

  await type(page, 1, `kafka-topics.sh ${SERVERS} --create --topic orders --replica-assignment 2:3:1`);
  await sees(page, 1, 'Created topic orders.');
  await type(page, 1, `kafka-console-producer.sh ${SERVERS} --topic orders`);
  for (const line of ['first', 'second', 'third']) await type(page, 1, line);
  await type(page, 2, `kafka-console-consumer.sh ${SERVERS} --topic orders --from-beginning`);
  for (const line of ['first', 'second', 'third']) await sees(page, 2, line);
  await shot(page, 'lab-running');

  // Kill the leader where it stands.
  const leader = cluster.getByRole('article', { name: 'broker 2', exact: true });
  await leader.getByText('Leader', { exact: false }).first().waitFor();
  await leader.getByRole('button', { name: /Faults/ }).click();
  await page.getByRole('button', { name: 'Kill (kill -9)' }).click();
  // The picture shows the next replica as the leader.
  const next = cluster.getByRole('article', { name: 'broker 3', exact: true });
  await next.getByText('Leader', { exact: false }).first().waitFor({ timeout: 30_000 });
  await shot(page, 'lab-leader-moved');
  await type(page, 1, 'fourth');
  await sees(page, 2, 'fourth', 30_000);
  await page.getByRole('textbox', { name: 'Terminal 2 input' }).press('Control+c');
  await sees(page, 2, 'Processed a total of 4 messages');
  await type(page, 2, `kafka-topics.sh ${SERVERS} --describe --topic orders`);
  await sees(page, 2, 'Leader: 3');

  // What is written reaches the disks after a moment, as on any machine; a reload is a power cut.
  await page.waitForTimeout(4000);
  await page.goto('about:blank');
  await page.goto(`${url}#/sandbox`);
  await cluster.getByText('broker 3', { exact: true }).waitFor();
  await type(page, 1, `kafka-console-consumer.sh ${SERVERS} --topic orders --from-beginning --max-messages 4`);
  await sees(page, 1, 'Processed a total of 4 messages', 60_000);
  const text = await output(page, 1).innerText();
  for (const line of ['first', 'second', 'third', 'fourth']) assert.ok(text.includes(line), text);
  await shot(page, 'lab-after-reload');
  assert.deepEqual(errors, []);
});
