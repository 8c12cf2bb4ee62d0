// The lesson min-isr as a person goes through it: by typing, by menus, by the speed of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learner } from './learner.mjs';
import { shot, useSite } from './site.mjs';

useSite();

const KILL = 'Kill (kill -9)';
const describe = 'kafka-topics.sh --bootstrap-server localhost:9092 --describe --topic payments';

test('min-isr: refused, then accepted', async (t) => {
  const me = await learner(t, { lesson: 'min-isr', topic: 'payments-0', colorScheme: 'dark' });
  await me.run(1, 'kafka-console-producer.sh');
  await me.prompted();
  await me.type(1, 'rent');
  await me.goal('A payment is booked while all brokers live');
  await me.speed(10);
  await me.fault('broker 2', KILL);
  await me.fault('broker 3', KILL);
  await me.until(2, describe, /Isr: 1\s/);
  await me.predict('It is refused, and the producer says so');
  await me.type(1, 'coffee');
  await me.sees(1, /Messages are rejected since there are fewer in-sync replicas than required/);
  await me.goal('A payment is refused with NOT_ENOUGH_REPLICAS');
  await shot(me.page, 'min-isr-refused-dark');
  await me.fault('broker 2', 'Start');
  await me.until(2, describe, /Isr: 1,2\s/);
  await me.interrupt(1);
  await me.run(1, 'kafka-console-producer.sh');
  await me.prompted();
  await me.type(1, 'coffee again');
  await me.goal('A later payment is accepted from a producer that asks for all');
  await me.run(2, 'kafka-console-consumer.sh');
  await me.sees(2, 'coffee again');
  await me.wins();
  const read = await me.output(2).innerText();
  assert.ok(!/^coffee$/m.test(read), read);
  assert.deepEqual(me.errors, []);
});
