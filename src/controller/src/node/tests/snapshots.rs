//! Snapshots in a little world: logs stay short, and whoever was away too long, or lost its file, still catches up.

use super::bench::Bench;
use super::broker::Cluster;
use ottla_wire::messages::CreateTopicsRequest;
use ottla_wire::messages::create_topics_request::CreatableTopic;
use ottla_wire::topic_name;
use ottla_world::{Disk, Signal};

/// Settings under which a log is a few kilobytes long, and grows fast.
pub(super) const SHORT: &[(&str, &str)] = &[
    ("metadata.max.idle.interval.ms", "20"),
    ("metadata.log.max.record.bytes.between.snapshots", "2000"),
    ("metadata.log.segment.bytes", "1000"),
    ("metadata.max.retention.bytes", "8000"),
];

fn metadata_bytes(disk: &Disk, id: i32) -> u64 {
    let prefix = format!("node-{id}/__cluster_metadata-0/");
    disk.list(&prefix).map(|path| disk.len(path).unwrap_or(0)).sum()
}

fn snapshots(disk: &Disk) -> Vec<String> {
    disk.list("node-").filter(|path| path.ends_with(".checkpoint")).map(str::to_owned).collect()
}

fn create(cluster: &mut Cluster, name: &str) {
    let topic = CreatableTopic::default().with_name(topic_name(name)).with_num_partitions(2).with_replication_factor(1);
    let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000);
    cluster.ask(7, request.into(), true);
}

/// All controllers and the brokers named have the same metadata.
fn agree(c: &Cluster, brokers: &[i32]) -> bool {
    let image = c.image();
    let same = |other: &crate::MetadataImage| {
        other.topic_ids() == image.topic_ids()
            && other.brokers() == image.brokers()
            && other.features() == image.features()
    };
    c.bench.settled()
        && c.bench.views().iter().all(|view| same(&view.committed))
        && brokers.iter().all(|id| same(&c.broker(*id).image))
}

#[test]
fn logs_stay_short_and_nodes_that_were_away_fetch_a_snapshot() {
    let mut c = Cluster::with_settings(3, 2, SHORT);
    create(&mut c, "orders");
    let active = c.bench.active().unwrap().node_id;
    let away = c.bench.voters.iter().map(|(id, _)| *id).find(|id| *id != active).unwrap();
    c.bench.signal(away, Signal::Kill);
    c.kill(2);
    c.bench.run(10_000);
    create(&mut c, "payments");
    c.bench.run(10_000);
    let start = |c: &Cluster, id: i32| {
        let first = c.bench.disk(id).list(&format!("node-{id}/__cluster_metadata-0/0")).next().unwrap().to_owned();
        first.rsplit('/').next().unwrap()[..20].parse::<i64>().unwrap()
    };
    assert!(start(&c, active) > 300, "{}", start(&c, active));
    assert!(metadata_bytes(c.bench.disk(active), active) < 12_000);
    assert!(metadata_bytes(c.disk(1), 1) < 12_000, "brokers write snapshots too");
    let fetched = |c: &Cluster| c.bench.notes.iter().filter(|note| note.contains("fetching snapshot")).count();
    assert_eq!(fetched(&c), 0);
    c.bench.start(away);
    c.start(2, -1);
    c.until("all agree", |c| agree(c, &[1, 2]));
    assert_eq!(fetched(&c), 2);
    assert!(c.image().topic("orders").is_some() && c.image().topic("payments").is_some());
    // Those with the snapshot alone elect the next leader, and go on.
    c.bench.signal(active, Signal::Kill);
    c.until("another leader", |c| c.bench.active().is_some_and(|view| view.node_id != active));
    create(&mut c, "refunds");
    c.until("brokers follow", knows_refunds);
}

fn knows_refunds(c: &Cluster) -> bool {
    [1, 2].iter().all(|id| c.broker(*id).image.topic("refunds").is_some())
}

#[test]
fn a_restart_loads_the_newest_whole_snapshot_and_the_log_behind_it() {
    let mut c = Cluster::with_settings(1, 1, SHORT);
    create(&mut c, "orders");
    c.bench.run(10_000);
    let before = c.bench.view(11).unwrap();
    c.bench.power_cut(11);
    c.bench.power_on(11);
    c.until("active again", |c| c.bench.active().is_some());
    let view = c.bench.view(11).unwrap();
    assert!(view.high_watermark >= before.high_watermark);
    assert_eq!(view.committed.topic_ids(), before.committed.topic_ids());
    assert!(snapshots(c.bench.disk(11)).len() >= 2);
    // The newest one is damaged: an older one and the log make the same.
    let newest = snapshots(c.bench.disk(11)).pop().unwrap();
    c.bench.power_cut(11);
    c.bench.damage(11, &newest);
    c.bench.power_on(11);
    c.until("active again", |c| c.bench.active().is_some_and(|view| view.committed.topic("orders").is_some()));
    assert!(!snapshots(c.bench.disk(11)).contains(&newest));
}

#[test]
fn an_observer_without_any_snapshot_begins_anew() {
    let mut c = Cluster::with_settings(1, 2, SHORT);
    create(&mut c, "orders");
    c.bench.run(10_000);
    c.kill(2);
    for path in snapshots(c.disk(2)) {
        c.damage(2, &path);
    }
    c.start(2, -1);
    c.until("it knows it all", |c| agree(c, &[1, 2]));
}

#[test]
fn six_idle_hours_leave_little() {
    let mut bench = Bench::new(1, 1);
    let end = bench.world.now().plus_millis(6 * 3_600_000);
    bench.world.run_until(end);
    let view = bench.view(11).unwrap();
    assert!(view.high_watermark > 43_000, "{}", view.high_watermark);
    let bytes = metadata_bytes(bench.disk(11), 11);
    assert!(bytes < 2 << 20, "{bytes}");
    bench.signal(11, Signal::Kill);
    bench.start(11);
    assert!(bench.until("active", |b| b.active().is_some()) < 50);
    assert_eq!(bench.active().unwrap().epoch, view.epoch + 1);
}
