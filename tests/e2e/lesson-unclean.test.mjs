// The lesson unclean as a person goes through it: by typing, by menus, by the speed of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learner } from './learner.mjs';
import { NARROW, shot, useSite } from './site.mjs';

useSite();

const KILL = 'Kill (kill -9)';
const describe = 'kafka-topics.sh --bootstrap-server localhost:9093 --describe --topic payments';

test('unclean: a leader with holes, and the ledger counts them', async (t) => {
  const me = await learner(t, { lesson: 'unclean', topic: 'payments-0' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.prompted();
  await me.type(1, 'rent');
  await me.cluster.getByText('1 acknowledged').first().waitFor();
  await me.speed(10);
  await me.fault('broker 3', KILL);
  await me.until(2, describe, /Isr: 1\s/);
  await me.type(1, 'books');
  await me.goal('A payment is acknowledged that only one broker holds');
  await me.fault('broker 1', KILL);
  await me.until(2, describe, /Leader: none/);
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
