// The lesson isr as a person goes through it: by typing, by menus, by the speed of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learner } from './learner.mjs';
import { shot, useSite, violations } from './site.mjs';

useSite();

test('isr: a follower leaves alive, twice, and comes back', async (t) => {
  const me = await learner(t, { lesson: 'isr', topic: 'payments-0' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.prompted();
  await me.type(1, 'rent');
  await me.goal('A payment is booked while all three copies keep up');
  await me.run(2, 'kafka-topics.sh');
  await me.sees(2, /Isr: 1,2,3/);
  await me.predict('The write waits for some seconds, and is then acknowledged without broker 3');
  await me.fault('broker 3', 'Pause');
  await me.type(1, 'coffee');
  await me.speed(10);
  await me.goal('A follower has left the Isr although its process lives');
  await me.type(1, 'tea');
  await me.goal('A payment is acknowledged without it');
  await shot(me.page, 'isr-out');
  await me.fault('broker 3', 'Resume');
  await me.goal('The same follower has caught up and is in sync again');
  await me.fault('broker 1', 'Cut: broker 1 to broker 3');
  await me.type(1, 'books');
  await me.goal('A follower whose heartbeats arrive is put out by its leader alone');
  await me.card('broker 3').getByText('out of sync').waitFor();
  await me.fault('broker 1', 'Heal: broker 1 to broker 3');
  await me.wins();
  await shot(me.page, 'isr-won');
  assert.deepEqual(await violations(me.page), []);
  assert.deepEqual(me.errors, []);
});
