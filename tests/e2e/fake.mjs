// An engine that only repeats what it is given: the components are tested on every state that a real engine may be in, and
// on some that it should never reach.

/// The page's worker says `messages` once a lab is opened, and echoes typed lines. Gives the list of what it is sent.
export async function fakeEngine(page, messages) {
  await page.exposeFunction('noteSent', (text) => sent.push(JSON.parse(text)));
  const sent = [];
  const script = `
    const post = (message) => postMessage(JSON.stringify({ Message: message }));
    onmessage = ({ data }) => {
      const message = JSON.parse(data);
      new BroadcastChannel('sent').postMessage(data);
      if (message.open || message.open_lesson) ${JSON.stringify(messages)}.forEach(post);
      if (message === 'pause') post({ clock: { playing: false, speed: 1000 } });
      const typed = message.input?.type;
      if (typed) post({ terminal: [
        { terminal: typed.terminal, stream: 'typed', text: typed.text + '\\n' },
        { terminal: typed.terminal, stream: 'stdout', text: 'done: ' + typed.text + '\\n$ ' },
      ] });
    };
    new BroadcastChannel('engine').onmessage = ({ data }) => post(data);
    postMessage('"Ready"');
    post('ready');
  `;
  await page.addInitScript(() => {
    new BroadcastChannel('sent').onmessage = ({ data }) => window.noteSent(data);
    window.engineSays = (message) => new BroadcastChannel('engine').postMessage(message);
  });
  await page.route('**/worker.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  return sent;
}

const cells = (from, to, keys, epochs = () => 0) => Array.from({ length: to - from }, (_, index) => {
  const offset = from + index;
  const key = keys ? ['alice', 'bob', 'carol', 'dave'][offset % 4] : null;
  return { offset, leader_epoch: epochs(offset), key, value: `line ${offset}` };
});

const replica = (broker, topic, partition, leader, more = {}) => ({
  topic, partition, is_leader: broker === leader, in_sync: true, leader_epoch: 0, log_start_offset: 0, high_watermark: 5,
  log_end_offset: 5, cells: cells(0, 5, true), ...more,
});

const topic = (name, partitions, internal = false) => ({
  name, internal,
  partitions: Array.from({ length: partitions }, (_, partition) => ({
    partition, leader: 1 + (partition % 3), leader_epoch: 0, replicas: [1, 2, 3], isr: [1, 2, 3], elr: [],
  })),
});

/// A cluster at work: one broker paused, one behind, a consumer and a producer.
export function busyView() {
  const states = { 1: 'running', 2: 'running', 3: 'paused' };
  const well = { disk_extra_ms: 0, disk_full: false, disk_failing: false, clock_skew_ms: 0 };
  const broker = (id) => ({
    id, port: 9091 + id, pid: 100 + id, state: states[id], unfenced: id !== 3,
    faults: id === 2 ? { ...well, disk_extra_ms: 200, clock_skew_ms: -5000 } : well,
    replicas: [
      replica(id, '__consumer_offsets', 0, 2, { cells: cells(0, 5, false) }),
      replica(id, 'orders', 0, 1, {
        in_sync: id !== 3, log_start_offset: 40, high_watermark: 1234, log_end_offset: id === 1 ? 1236 : 1234, leader_epoch: 2,
        cells: cells(1225, id === 1 ? 1236 : 1234, true, (offset) => (offset < 1229 ? 1 : 2)),
        eligible: id === 3, diverges_at: id === 3 ? 1231 : null, older_segments: 3,
        segments: [{ base_offset: 900, size_bytes: 1000 }, { base_offset: 1100, size_bytes: 3000 }, { base_offset: 1230, size_bytes: 90 }],
      }),
      replica(id, 'orders', 1, 2, { in_sync: id !== 3 }),
      replica(id, 'payments-with-a-long-name', 0, 2, { cells: cells(0, 3, false), high_watermark: 3, log_end_offset: 3 }),
      replica(id, 'empty', 0, 1, { cells: [], high_watermark: 0, log_end_offset: 0 }),
    ],
  });
  const controller = (id, role) => ({
    id, port: 9181 + id, pid: 200 + id, state: role ? 'running' : 'down', role, epoch: 3, log_end_offset: 1042, high_watermark: 1042,
    followers: role === 'Leader'
      ? [{ id: 11, votes: true, log_end_offset: 1042 }, { id: 13, votes: true, log_end_offset: 700 }, { id: 1, votes: false, log_end_offset: -1 }]
      : [],
  });
  return {
    now_us: 83_456_000, wall_ms: 1772355612345,
    brokers: [1, 2, 3].map(broker),
    controllers: [controller(11, 'Follower'), controller(12, 'Leader'), controller(13, '')],
    topics: [topic('__consumer_offsets', 1, true), topic('empty', 1), topic('orders', 2), topic('payments-with-a-long-name', 1)],
    clients: [
      { pid: 301, command: 'kafka-console-producer.sh --bootstrap-server localhost:9092 --topic orders', kind: 'producer', terminal: 0,
        group: null, connected_to: [1, 2], positions: [], records: 1241 },
      { pid: 302, command: 'kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic orders --group billing',
        kind: 'consumer', terminal: 1, group: 'billing', connected_to: [1, 2], records: 900,
        positions: [{ topic: 'orders', partition: 0, position: 1200 }, { topic: 'orders', partition: 1, position: 5 }] },
    ],
    groups: [{ id: 'billing', state: 'Stable', generation: 4, coordinator: 2,
      members: [['console-consumer-2b1f', ['orders-0', 'orders-1']]], committed: [['orders', 0, 1100], ['orders', 1, 5]] }],
    flights: [
      { from: 0, to: 1, api: 'Produce', is_response: false, sent_us: 83_455_800, arrives_us: 83_456_300 },
      { from: 2, to: 1, api: 'Fetch', is_response: false, sent_us: 83_455_900, arrives_us: 83_456_050 },
      { from: 12, to: 2, api: 'BrokerHeartbeat', is_response: true, sent_us: 83_455_700, arrives_us: 83_456_400 },
    ],
    links: [
      { from: 1, to: 3, cut: true, extra_ms: 0, lossy_percent: 0 }, { from: 3, to: 1, cut: true, extra_ms: 0, lossy_percent: 0 },
      { from: 2, to: 1, cut: false, extra_ms: 0, lossy_percent: 20 },
    ],
    ledger: {
      acknowledged: 1241, lost: 3, read: 900, out_of_order: 0, duplicated: 0,
      partitions: [
        { topic: 'orders', partition: 0, by_leader: 30, by_all: 1206, unconfirmed: 0, durable: 1233, readable: 1231, lost: 3,
          out_of_order: 0, duplicated: 0, has_leader: true },
        { topic: 'payments-with-a-long-name', partition: 0, by_leader: 5, by_all: 0, unconfirmed: 12, durable: 0, readable: 0, lost: 0,
          out_of_order: 0, duplicated: 0, has_leader: false },
      ],
      entries: [{
        kind: 'lost', topic: 'orders', partition: 0, first_offset: 1200, records: 3, found_again: false,
        reason: 'unclean election: broker 1 became leader (epoch 2) with a log that ended at 1200, and it was not in sync',
        events: [
          { at_us: 60_000_000, node: 0, text: 'process 301 asked broker 2 to write 3 records', line: null },
          { at_us: 60_010_000, node: 2, text: 'acknowledged at offset 1200 (acks=1)', line: null },
          { at_us: 61_000_000, node: null, text: 'node 2 killed', line: 7 },
          { at_us: 70_000_000, node: 1, text: 'orders-0: leader, epoch 2; its log ends at 1200', line: 9 },
        ],
      }],
    },
  };
}

/// A cluster with so many partitions on each broker.
export function crowdedView(partitions) {
  const view = busyView();
  for (const broker of view.brokers) {
    broker.replicas = Array.from({ length: partitions }, (_, partition) => replica(broker.id, 'clicks', partition, 1 + (partition % 3)));
  }
  return { ...view, topics: [topic('clicks', partitions)] };
}

export const opened = { opened: { lesson: 'first-records', restored: false, terminals: 2 } };

/// What a lab at work says first.
export const busy = () => [
  opened,
  { clock: { playing: true, speed: 1000 } },
  { view: busyView() },
  { terminal: [
    { terminal: 0, stream: 'stdout', text: '$ ' },
    { terminal: 0, stream: 'typed', text: 'kafka-topics.sh --bootstrap-server localhost:9092 --create --topic orders\n' },
    { terminal: 0, stream: 'stdout', text: 'Created topic orders.\n$ ' },
    { terminal: 0, stream: 'typed', text: 'kafka-topics.sh --create --topic orders --bootstrap-server localhost:9092\n' },
    { terminal: 0, stream: 'stderr', text: "Error while executing topic command : Topic 'orders' already exists.\n" },
    { terminal: 0, stream: 'stdout', text: '$ ' },
    { terminal: 1, stream: 'stdout', text: '$ ' },
  ] },
  { events: [
    { at_us: 80_000_000, node: 12, text: 'Broker 3 has been fenced: no heartbeat for 9 s', interesting: true },
    { at_us: 81_000_000, node: 1, text: 'Fetch from broker 2 at offset 1234', interesting: false },
    { at_us: 82_500_000, node: 1, text: 'ISR of orders-0 shrank from 1, 2, 3 to 1, 2', interesting: true },
  ] },
  { goals: [
    { id: 'topic', text: 'A topic named orders exists', done: true, missing: '', hints: [], more_hints: 3 },
    { id: 'records', text: 'Three records are in orders', done: false, missing: 'there are 2 records in orders', more_hints: 2,
      hints: ['A producer writes what you type, a record a line.'] },
  ] },
];
