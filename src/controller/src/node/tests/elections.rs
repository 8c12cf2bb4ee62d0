//! Elections of controllers in a little world: one, three and five of them, and what faults do.

use super::bench::Bench;
use crate::view::RoleName;
use ottla_world::{Rng, Signal};

#[test]
fn a_single_controller_leads_at_once_and_bootstraps() {
    let mut bench = Bench::new(1, 1);
    let took = bench.until("active", |b| b.active().is_some());
    assert!(took < 20, "{took} ms");
    bench.run(1000);
    let view = bench.active().unwrap();
    assert_eq!((view.node_id, view.epoch, view.role), (11, 1, RoleName::Leader));
    assert!(view.committed.elr_enabled());
    assert_eq!(view.committed.controllers().len(), 1);
    assert_eq!(view.committed.effective_min_isr("any"), 1);
    assert!(view.log_end_offset >= 12, "{}", view.log_end_offset);
    // The log begins with the batches that Kafka 4.3.1 begins with, byte for byte as long.
    let log = bench.disk(11).read_all("node-11/__cluster_metadata-0/00000000000000000000.log").unwrap();
    let sizes: Vec<usize> = ottla_records::Batches::new(log).take(4).map(|batch| batch.unwrap().bytes.len()).collect();
    assert_eq!(sizes, [91, 330, 286, 72]);
}

#[test]
fn three_and_five_controllers_elect_one_and_all_register() {
    for n in [3, 5] {
        for seed in 1..6 {
            let mut bench = Bench::new(n, seed);
            bench.until("an active controller", Bench::settled);
            bench.until("all registered", |b| {
                b.views().iter().all(|v| v.committed.controllers().len() == usize::from(n))
            });
            bench.run(3000);
            assert!(bench.settled());
            bench.check_images();
        }
    }
}

#[test]
fn a_killed_leader_is_replaced_and_comes_back_as_follower() {
    for seed in 1..6 {
        let mut bench = Bench::new(3, seed);
        bench.until("an active controller", Bench::settled);
        bench.run(1000);
        let old = bench.active().unwrap();
        bench.signal(old.node_id, Signal::Kill);
        let took = bench.until("another one", |b| b.active().is_some_and(|a| a.node_id != old.node_id));
        assert!((1000..10_000).contains(&took), "{took} ms");
        let new = bench.active().unwrap();
        assert!(new.epoch > old.epoch && new.committed.offset() >= old.committed.offset());
        bench.start(old.node_id);
        let follows =
            |b: &Bench| b.view(old.node_id).is_some_and(|v| v.role == RoleName::Follower && v.high_watermark > 0);
        assert!(bench.until("the old one follows", follows) < 2000);
        bench.run(2000);
        bench.check_images();
    }
}

#[test]
fn a_clean_stop_hands_over_at_once() {
    let mut bench = Bench::new(3, 4);
    bench.until("an active controller", Bench::settled);
    bench.run(500);
    let old = bench.active().unwrap().node_id;
    bench.signal(old, Signal::Terminate);
    let took = bench.until("another one", |b| !b.is_alive(old) && b.active().is_some());
    assert!(took < 600, "{took} ms");
}

#[test]
fn a_follower_that_stops_changes_nothing() {
    let mut bench = Bench::new(3, 9);
    bench.until("an active controller", Bench::settled);
    bench.run(500);
    let active = bench.active().unwrap();
    let follower = bench.voters.iter().map(|(id, _)| *id).find(|id| *id != active.node_id).unwrap();
    bench.signal(follower, Signal::Kill);
    bench.run(8000);
    bench.start(follower);
    bench.until("it follows", Bench::settled);
    bench.run(3000);
    let still = bench.active().unwrap();
    assert_eq!((still.node_id, still.epoch), (active.node_id, active.epoch), "{}", bench.notes.join("\n"));
}

#[test]
fn without_a_majority_nobody_leads_and_nothing_is_committed() {
    let mut bench = Bench::new(3, 2);
    bench.until("an active controller", Bench::settled);
    bench.run(500);
    let active = bench.active().unwrap().node_id;
    let others: Vec<i32> = bench.voters.iter().map(|(id, _)| *id).filter(|id| *id != active).collect();
    others.iter().for_each(|id| bench.signal(*id, Signal::Kill));
    bench.run(100);
    let before = bench.view(active).unwrap().high_watermark;
    bench.run(5000);
    let view = bench.view(active).unwrap();
    assert_ne!(view.role, RoleName::Leader, "it resigned");
    assert_eq!(view.high_watermark, before);
    bench.start(others[0]);
    bench.until("active again", |b| b.active().is_some());
    bench.run(1000);
    bench.check_images();
}

#[test]
fn a_paused_leader_finds_itself_replaced() {
    let mut bench = Bench::new(3, 5);
    bench.until("an active controller", Bench::settled);
    bench.run(500);
    let old = bench.active().unwrap();
    bench.signal(old.node_id, Signal::Stop);
    bench.until("another one", |b| b.views().iter().any(|v| v.active.is_some() && v.epoch > old.epoch));
    bench.signal(old.node_id, Signal::Continue);
    bench.until("the old one follows", |b| b.view(old.node_id).is_some_and(|v| v.role == RoleName::Follower));
    bench.run(3000);
    assert!(bench.settled());
    bench.check_images();
}

#[test]
fn a_leader_cut_off_from_the_others_resigns() {
    let mut bench = Bench::new(3, 6);
    bench.until("an active controller", Bench::settled);
    bench.run(500);
    let old = bench.active().unwrap();
    let others: Vec<i32> = bench.voters.iter().map(|(id, _)| *id).filter(|id| *id != old.node_id).collect();
    others.iter().for_each(|id| bench.cut(old.node_id, *id, false));
    bench.run(6000);
    assert_ne!(bench.view(old.node_id).unwrap().role, RoleName::Leader);
    assert!(bench.active().is_some_and(|a| a.node_id != old.node_id));
    others.iter().for_each(|id| bench.cut(old.node_id, *id, true));
    bench.until("all agree", Bench::settled);
    bench.run(2000);
    bench.check_images();
}

#[test]
fn power_cuts_of_all_lose_nothing_committed() {
    let mut bench = Bench::new(3, 8);
    bench.until("an active controller", Bench::settled);
    bench.run(2345);
    let before = bench.views().iter().map(|v| v.high_watermark).max().unwrap();
    let ids: Vec<i32> = bench.voters.iter().map(|(id, _)| *id).collect();
    ids.iter().for_each(|id| bench.power_cut(*id));
    bench.run(1000);
    ids.iter().for_each(|id| bench.power_on(*id));
    bench.until("active again", Bench::settled);
    bench.run(1000);
    assert!(bench.views().iter().all(|v| v.high_watermark >= before));
    bench.check_images();
}

#[test]
fn same_seed_same_run() {
    let hash = || {
        let mut bench = Bench::new(3, 3);
        bench.run(5000);
        bench.world.state_hash()
    };
    assert_eq!(hash(), hash());
}

/// Random faults, then peace: the invariants hold throughout, and in the end all agree. In half of the runs the logs are
/// so short that whoever was away has to fetch a snapshot.
#[test]
fn chaos_ends_in_agreement() {
    for seed in 1..9 {
        let settings = if seed > 4 { super::snapshots::SHORT } else { &[] };
        let mut bench = Bench::with_settings(if seed % 2 == 0 { 5 } else { 3 }, seed, settings);
        let mut rng = Rng::stream(seed, "chaos", 0);
        let ids: Vec<i32> = bench.voters.iter().map(|(id, _)| *id).collect();
        let any = |rng: &mut Rng| ids[rng.below(ids.len() as u64) as usize];
        for _ in 0..12 {
            bench.run(rng.between(100, 4000));
            let (id, other) = (any(&mut rng), any(&mut rng));
            match rng.below(6) {
                0 if bench.is_alive(id) => bench.signal(id, Signal::Kill),
                1 if bench.is_alive(id) => bench.signal(id, Signal::Stop),
                2 if bench.is_alive(id) => bench.power_cut(id),
                3 if id != other => bench.cut(id, other, false),
                4 if id != other => bench.cut(id, other, true),
                _ if !bench.is_alive(id) => bench.power_on(id),
                _ => bench.signal(id, Signal::Continue),
            }
        }
        for id in &ids {
            ids.iter().filter(|other| *other != id).for_each(|other| bench.cut(*id, *other, true));
            if bench.is_alive(*id) { bench.signal(*id, Signal::Continue) } else { bench.power_on(*id) }
        }
        bench.until("peace", Bench::settled);
        bench.run(5000);
        assert!(bench.settled(), "seed {seed}");
        bench.check_images();
    }
}
