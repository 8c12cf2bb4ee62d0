// A learner in a lesson: types, clicks menus, turns the speed. Whatever is done here a person can do.
import assert from 'node:assert/strict';
import { open } from './site.mjs';

/// How long a goal may take, in milliseconds of real time.
const PATIENCE = 30_000;

/// Opens a lesson and waits until its cluster is there with its topic.
export async function learner(t, { lesson, topic, ...options }) {
  const { page, errors } = await open(t, { path: `#/lesson/${lesson}`, ...options });
  const region = (name) => page.getByRole('region', { name, exact: true });
  const cluster = region('Cluster');
  const prose = region('Lesson');
  const card = (node) => cluster.getByRole('article', { name: node, exact: true });
  const input = (terminal) => page.getByRole('textbox', { name: `Terminal ${terminal} input` });
  const output = (terminal) => page.getByRole('log', { name: `Terminal ${terminal} output` });
  await cluster.getByText(topic).first().waitFor();

  const self = {
    page, errors, cluster, prose, card, output,

    /// Types a line.
    async type(terminal, line) {
      await input(terminal).fill(line);
      await input(terminal).press('Enter');
    },

    /// Presses Ctrl-C.
    interrupt: (terminal) => input(terminal).press('Control+c'),

    /// Presses the button beside a command of the lesson.
    run: (terminal, command) => prose.getByRole('button', { name: `Run in terminal ${terminal}: ${command}` }).first().click(),

    /// Waits until a terminal shows a text.
    sees: (terminal, text) => output(terminal).getByText(text).last().waitFor({ timeout: PATIENCE }),

    /// Waits until a console producer asks for a line.
    prompted: () => page.locator('#terminals-pane').getByText('>', { exact: true }).first().waitFor({ timeout: PATIENCE }),

    /// Types a command again and again until its new output matches.
    async until(terminal, command, pattern) {
      for (let tries = 0; tries < 40; tries += 1) {
        const before = (await output(terminal).innerText()).length;
        await self.type(terminal, command);
        await page.waitForTimeout(600);
        if (pattern.test((await output(terminal).innerText()).slice(before))) return;
      }
      assert.fail(`${command} never showed ${pattern}: ${await output(terminal).innerText()}`);
    },

    /// Chooses from the Faults menu of a node.
    async fault(node, what) {
      await card(node).getByRole('button', { name: `Faults of ${node}` }).click();
      await page.getByRole('group', { name: `Faults of ${node}` }).getByRole('button', { name: what, exact: true }).click();
      await page.keyboard.press('Escape');
    },

    /// Sets the speed of time, as a multiple of real time.
    speed: (times) => page.getByLabel('Speed of time').selectOption(String(times * 1000)),

    /// Answers the lesson's question.
    async predict(answer) {
      await prose.getByLabel(answer).check();
      await prose.locator('.predict button[type=submit]').click();
    },

    /// Waits until a goal is reached.
    goal: (text) => prose.locator('.goal.is-done', { hasText: text }).waitFor({ timeout: PATIENCE }),

    /// Waits until the lesson is won.
    wins: () => prose.getByText('All goals are reached.').waitFor({ timeout: PATIENCE }),
  };
  return self;
}
