// Lessons of the chapter on brokers, as a person goes through them: by typing, by menus, by the speed of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learner } from './learner.mjs';
import { NARROW, shot, useSite, violations } from './site.mjs';

useSite();

const KILL = 'Kill (kill -9)';
const describe = (port) => `kafka-topics.sh --bootstrap-server localhost:${port} --describe --topic payments`;

test('isr: a follower leaves alive, twice, and comes back', async (t) => {
  const me = await learner(t, { lesson: 'isr', topic: 'payments-0' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.sees(1, '>');
  await me.type(1, 'rent');
  await me.goal('A payment is booked while all three copies keep up');
  await me.run(2, 'kafka-topics.sh');
  await me.sees(2, /Isr: 1,2,3/);
  await me.predict('The write waits for some seconds, and is then acknowledged without broker 3');
  await me.fault('broker 3', 'Pause');
  await me.type(1, 'coffee');
  await me.speed(10);
  await me.goal('A follower has left the Isr although its process lives');
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

test('min-isr: refused, then accepted', async (t) => {
  const me = await learner(t, { lesson: 'min-isr', topic: 'payments-0', colorScheme: 'dark' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.sees(1, '>');
  await me.type(1, 'rent');
  await me.goal('A payment is booked while all brokers live');
  await me.speed(10);
  await me.fault('broker 2', KILL);
  await me.fault('broker 3', KILL);
  await me.until(2, describe(9092), /Isr: 1\s/);
  await me.predict('It is refused, and the producer says so');
  await me.type(1, 'coffee');
  await me.sees(1, /Messages are rejected since there are fewer in-sync replicas than required/);
  await me.goal('A payment is refused with NOT_ENOUGH_REPLICAS');
  await shot(me.page, 'min-isr-refused-dark');
  await me.fault('broker 2', 'Start');
  await me.until(2, describe(9092), /Isr: 1,2\s/);
  await me.interrupt(1);
  await me.run(1, 'kafka-console-producer.sh');
  await me.type(1, 'coffee again');
  await me.goal('A later payment is accepted from a producer that asks for all');
  await me.run(2, 'kafka-console-consumer.sh');
  await me.sees(2, 'coffee again');
  await me.wins();
  const read = await me.output(2).innerText();
  assert.ok(!/^coffee$/m.test(read), read);
  assert.deepEqual(me.errors, []);
});

test('unclean: a leader with holes, and the ledger counts them', async (t) => {
  const me = await learner(t, { lesson: 'unclean', topic: 'payments-0' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.sees(1, '>');
  await me.type(1, 'rent');
  await me.cluster.getByText('1 acknowledged').first().waitFor();
  await me.speed(10);
  await me.fault('broker 3', KILL);
  await me.until(2, describe(9093), /Isr: 1\s/);
  await me.type(1, 'books');
  await me.goal('A payment is acknowledged that only one broker holds');
  await me.fault('broker 1', KILL);
  await me.until(2, describe(9093), /Leader: none/);
  await me.goal('payments has no leader: the one broker that holds everything is dead');
  await me.fault('broker 3', 'Start');
  await me.predict('Nobody, until broker 1 is back');
  await me.card('broker 3').getByText('running').waitFor();
  const elect = 'kafka-leader-election.sh --bootstrap-server localhost:9093 --election-type unclean --topic payments --partition 0';
  await me.until(2, elect, /Successfully completed leader election \(UNCLEAN\)/);
  await me.goal('A broker with an incomplete log was made leader');
  await me.goal('The ledger counts an acknowledged payment as lost');
  await me.cluster.getByText(/1 lost/).first().waitFor();
  await me.type(1, 'bread');
  await me.run(2, 'kafka-console-consumer.sh');
  await me.sees(2, 'bread');
  await me.wins();
  await shot(me.page, 'unclean-won');
  await me.page.setViewportSize(NARROW);
  await shot(me.page, 'unclean-won-narrow');
  assert.deepEqual(me.errors, []);
});
