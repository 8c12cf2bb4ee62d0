//! Fetch sessions end to end: what an idle follower says, and what a fetcher of one's own is told. Serves the broker's
//! developers.

mod common;

use common::Cluster;
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, Uuid, decode_request, decode_response,
    messages::{
        FetchRequest, FetchResponse,
        fetch_request::{FetchPartition, FetchTopic, ForgottenTopic},
    },
};
use ottla_world::{Pid, TraceEvent};

/// Fetches between two brokers in `ms` milliseconds: of each request the partitions it names, of each answer those it has.
fn fetches(cluster: &mut Cluster, (follower, leader): (Pid, Pid), ms: u64) -> (Vec<usize>, Vec<usize>) {
    cluster.world.take_trace();
    cluster.run_ms(ms);
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for event in cluster.world.take_trace() {
        match event {
            TraceEvent::Delivered { from, to, frame, .. } if (from, to) == (follower, leader) => {
                let Ok(request) = decode_request(&frame) else { continue };
                if let RequestKind::Fetch(fetch) = request.body {
                    asked.push(fetch.topics.iter().map(|t| t.partitions.len()).sum());
                }
            }
            TraceEvent::Delivered { from, to, frame, .. } if (from, to) == (leader, follower) => {
                if let Ok((_, ResponseKind::Fetch(fetch))) = decode_response(ottla_wire::ApiKey::Fetch, 17, &frame) {
                    assert_ne!(fetch.session_id, 0);
                    told.push(fetch.responses.iter().map(|t| t.partitions.len()).sum());
                }
            }
            _ => {}
        }
    }
    (asked, told)
}

#[test]
fn an_idle_follower_says_nothing_and_a_record_moves_one_partition() {
    let mut cluster = Cluster::start(1, 2, &[]);
    cluster.create("orders", 50, 2, &[]);
    let leader = cluster.leader("orders", 7);
    let pair = (cluster.pids[&(3 - leader)], cluster.pids[&leader]);
    cluster.run_ms(3000);
    let (asked, told) = fetches(&mut cluster, pair, 3000);
    assert!(asked.len() >= 5, "{asked:?}");
    assert!(asked.iter().chain(&told).all(|n| *n == 0), "{asked:?} {told:?}");
    let row = cluster.produce(leader, "orders", 7, &["a"], -1);
    assert_eq!(ErrorCode::from_code(row.error_code), ErrorCode::None);
    assert_eq!(cluster.partition(3 - leader, "orders", 7).log_end_offset, 1);
    // The mark comes with the next answer, and then it is quiet again.
    let (asked, told) = fetches(&mut cluster, pair, 3000);
    assert_eq!((asked.iter().sum::<usize>(), told.iter().sum::<usize>()), (0, 1));
    assert_eq!(cluster.partition(3 - leader, "orders", 7).high_watermark, 1);
}

#[test]
fn who_rested_for_long_is_caught_up_as_of_the_last_fetch() {
    let settings = [("broker.session.timeout.ms", "600000"), ("replica.lag.time.max.ms", "10000")];
    let mut cluster = Cluster::start(1, 2, &settings);
    cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    cluster.run_ms(60_000);
    let silent_since = cluster.world.now();
    cluster.signal(3 - leader, ottla_world::Signal::Stop);
    cluster.run_ms(8000);
    cluster.produce(leader, "orders", 0, &["a"], 1);
    assert_eq!(cluster.partition(leader, "orders", 0).isr.len(), 2);
    cluster.until("it is out", 20_000, |c| c.partition(leader, "orders", 0).isr == [leader]);
    // A lag of ten seconds, looked at each five.
    let lag_ms = cluster.world.now().millis_since(silent_since);
    assert!((9_400..=15_100).contains(&lag_ms), "{lag_ms}");
}

fn asked(n: i32, offset: i64) -> FetchPartition {
    FetchPartition::default().with_partition(n).with_fetch_offset(offset).with_partition_max_bytes(1 << 20)
}

/// Fetches as a consumer, without waiting.
fn fetch(
    cluster: &mut Cluster,
    (leader, topic): (i32, Uuid),
    (id, epoch): (i32, i32),
    (wanted, forgotten): (Vec<FetchPartition>, Vec<i32>),
) -> FetchResponse {
    let forgotten = ForgottenTopic::default().with_topic_id(topic).with_partitions(forgotten);
    let request = FetchRequest::default()
        .with_max_wait_ms(0)
        .with_max_bytes(1 << 20)
        .with_session_id(id)
        .with_session_epoch(epoch)
        .with_topics(vec![FetchTopic::default().with_topic_id(topic).with_partitions(wanted)])
        .with_forgotten_topics_data(vec![forgotten]);
    match cluster.ask(leader, 17, &RequestKind::Fetch(request)) {
        ResponseKind::Fetch(response) => response,
        other => panic!("{other:?}"),
    }
}

fn rows(response: &FetchResponse) -> Vec<(i32, i16, i64)> {
    let rows = response.responses.iter().flat_map(|topic| &topic.partitions);
    rows.map(|row| (row.partition_index, row.error_code, row.high_watermark)).collect()
}

#[test]
fn a_consumers_session_step_by_step() {
    let mut cluster = Cluster::start(1, 1, &[]);
    let topic = cluster.create("orders", 3, 1, &[]);
    let at = (1, topic);
    let all = || (0..3).map(|n| asked(n, 0)).collect::<Vec<_>>();
    let first = fetch(&mut cluster, at, (0, 0), (all(), vec![]));
    assert_eq!(rows(&first), [(0, 0, 0), (1, 0, 0), (2, 0, 0)]);
    let id = first.session_id;
    assert_ne!(id, 0);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 1), (vec![], vec![]))), []);
    cluster.produce(1, "orders", 1, &["a"], -1);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 2), (vec![], vec![]))), [(1, 0, 1)]);
    // Not taken further: it comes again, and is served last. An unknown partition is an error each time.
    let unknown = (vec![asked(9, 0)], vec![]);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 3), unknown)), [(1, 0, 1), (9, 3, -1)]);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 4), (vec![], vec![]))), [(9, 3, -1), (1, 0, 1)]);
    let moved_on = (vec![asked(1, 1)], vec![9]);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 5), moved_on)), []);
    // An old epoch, and another session.
    let old = fetch(&mut cluster, at, (id, 5), (vec![], vec![]));
    assert_eq!(ErrorCode::from_code(old.error_code), ErrorCode::InvalidFetchSessionEpoch);
    let other = fetch(&mut cluster, at, (id ^ 1, 6), (vec![], vec![]));
    assert_eq!(ErrorCode::from_code(other.error_code), ErrorCode::FetchSessionIdNotFound);
    // The session still stands; with nothing left in it it ends.
    cluster.produce(1, "orders", 2, &["b"], -1);
    assert_eq!(rows(&fetch(&mut cluster, at, (id, 6), (vec![], vec![0, 1]))), [(2, 0, 1)]);
    assert_eq!(fetch(&mut cluster, at, (id, 7), (vec![], vec![2])).session_id, 0);
    let over = fetch(&mut cluster, at, (id, 8), (vec![], vec![]));
    assert_eq!(ErrorCode::from_code(over.error_code), ErrorCode::FetchSessionIdNotFound);
}

#[test]
fn without_slots_there_are_no_sessions() {
    let mut cluster = Cluster::start(1, 1, &[("max.incremental.fetch.session.cache.slots", "0")]);
    let topic = cluster.create("orders", 1, 1, &[]);
    let response = fetch(&mut cluster, (1, topic), (0, 0), (vec![asked(0, 0)], vec![]));
    assert_eq!((response.session_id, rows(&response)), (0, vec![(0, 0, 0)]));
}
