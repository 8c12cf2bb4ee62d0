//! The rules of partition changes as a table, and decisions that need no network.

use super::*;
use crate::config::ControllerConfig;
use crate::image::{MetadataImage, PartitionState};
use crate::record::{self, MetadataRecord};
use ottla_wire::messages::alter_partition_reassignments_request as reassign;
use ottla_wire::{BrokerId, topic_name};
use ottla_world::Time;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(500);

fn ids(text: &str) -> Vec<i32> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect()
}

/// `leader isr|elr|last known`, such as `2 2,3|1|`.
fn state(text: &str) -> PartitionState {
    let (leader, rest) = text.split_once(' ').unwrap();
    let lists: Vec<Vec<i32>> = rest.split('|').map(ids).collect();
    PartitionState {
        replicas: vec![1, 2, 3],
        leader: leader.parse().unwrap(),
        isr: lists[0].clone(),
        elr: lists[1].clone(),
        last_known_elr: lists[2].clone(),
        leader_epoch: 5,
        partition_epoch: 7,
        ..PartitionState::default()
    }
}

fn show(p: &PartitionState) -> String {
    let text = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let recovering = if p.leader_recovery_state == 1 { " recovering" } else { "" };
    format!(
        "{} {}|{}|{} e{}{recovering}",
        p.leader,
        text(&p.isr),
        text(&p.elr),
        text(&p.last_known_elr),
        p.leader_epoch
    )
}

struct Case {
    before: &'static str,
    target_isr: &'static str,
    alive: &'static str,
    min_isr: i32,
    election: Election,
    unclean_shutdown: Option<i32>,
    after: &'static str,
}

fn case(
    before: &'static str,
    target_isr: &'static str,
    alive: &'static str,
    min_isr: i32,
    after: &'static str,
) -> Case {
    Case { before, target_isr, alive, min_isr, election: Election::Online, unclean_shutdown: None, after }
}

#[test]
fn partition_changes() {
    use Election::{Preferred, Unclean};
    let unclean = |case: Case| Case { election: Unclean, ..case };
    let preferred = |case: Case| Case { election: Preferred, ..case };
    let crashed = |id, case: Case| Case { unclean_shutdown: Some(id), ..case };
    let cases = [
        // Nothing to do is no record.
        case("1 1,2,3||", "1,2,3", "1,2,3", 1, "unchanged"),
        // A shrink keeps the leader and its epoch; the leader gone, the first live one in replica order leads.
        case("1 1,2,3||", "1,3", "1,3", 1, "1 1,3|| e5"),
        case("1 3,1,2||", "3,2", "2,3", 1, "2 3,2|| e6"),
        case("2 2,1,3||", "1,3", "1,3", 1, "1 1,3|| e6"),
        // Below min ISR, who leaves the ISR is eligible.
        case("1 1,2||", "1", "1,3", 2, "1 1|2| e5"),
        case("1 1|2|", "1,2", "1,2", 2, "1 1,2|| e5"),
        // The last one may go too; then the leader is remembered.
        case("1 1||", "", "3", 1, "-1 |1|1 e6"),
        case("1 1|2|", "", "3", 2, "-1 |1,2|1 e6"),
        // An eligible one leads when it is back, and is in sync then.
        case("-1 |1,2|1", "", "2", 2, "2 2|1| e6"),
        case("-1 |1,2|1", "", "1,2", 1, "1 1|2| e6"),
        case("-1 |1|1", "", "2,3", 1, "unchanged"),
        // A crash costs eligibility; the last known leader is the last resort.
        crashed(1, case("-1 |1,2|1", "", "3", 2, "-1 |2|1 e5")),
        crashed(1, case("-1 |1|1", "", "", 1, "-1 ||1 e5")),
        case("-1 ||1", "", "1,2", 1, "1 1|| e6 recovering"),
        case("-1 ||1", "", "2,3", 1, "unchanged"),
        // Unclean: whoever lives, with all else forgotten.
        unclean(case("-1 |1|1", "", "2,3", 1, "2 2|| e6 recovering")),
        unclean(case("-1 |1|1", "", "1,2", 1, "1 1|| e6")),
        unclean(case("1 1||", "", "3", 1, "3 3|| e6 recovering")),
        // Preferred: back to the first replica, if it is in sync.
        preferred(case("2 1,2,3||", "1,2,3", "1,2,3", 1, "1 1,2,3|| e6")),
        preferred(case("2 2,3||", "2,3", "1,2,3", 1, "unchanged")),
    ];
    for c in cases {
        let before = state(c.before);
        let alive = ids(c.alive);
        let builder = PartitionChangeBuilder::new(&before, (ID, 0), c.min_isr)
            .elr_enabled(true)
            .election(c.election)
            .unclean_shutdown(c.unclean_shutdown)
            .target_isr(ids(c.target_isr));
        let change = builder.build(|id| alive.contains(&id));
        let after = change.map_or("unchanged".to_owned(), |change| show(&before.changed(&change)));
        assert_eq!(after, c.after, "{} -> isr {} with {} alive", c.before, c.target_isr, c.alive);
    }
}

#[test]
fn without_elr_the_last_one_stays_in_the_isr() {
    let before = state("1 1||");
    let change = PartitionChangeBuilder::new(&before, (ID, 0), 1).target_isr(vec![]).build(|_| false).unwrap();
    assert_eq!(show(&before.changed(&change)), "-1 1|| e6");
}

fn controller(brokers: &[i32], partition: record::Partition) -> Controller {
    let mut image = MetadataImage::default();
    let mut offset = 0;
    let mut replay = |record: MetadataRecord| {
        image.replay(offset, &record);
        offset += 1;
    };
    for id in brokers {
        replay(MetadataRecord::RegisterBroker(record::RegisterBroker {
            broker_id: *id,
            incarnation_id: Uuid::from_u128(*id as u128),
            broker_epoch: i64::from(*id),
            endpoints: vec![],
            features: vec![],
            rack: None,
            fenced: false,
            in_controlled_shutdown: false,
            log_dirs: vec![Uuid::from_u128(1000 + *id as u128)],
        }));
    }
    replay(MetadataRecord::Topic(record::Topic { name: "t".into(), topic_id: ID }));
    replay(MetadataRecord::Partition(partition));
    let config = ControllerConfig {
        node_id: 11,
        cluster_id: "c".into(),
        voters: vec![(11, 9192)],
        log_dir: "node-11".into(),
        settings: BTreeMap::new(),
    };
    Controller::new(&config, Arc::new(image), Time::ZERO)
}

fn partition(replicas: &[i32], isr: &[i32], leader: i32) -> record::Partition {
    record::Partition {
        topic_id: ID,
        replicas: replicas.to_vec(),
        isr: isr.to_vec(),
        leader,
        directories: replicas.iter().map(|id| Uuid::from_u128(1000 + *id as u128)).collect(),
        ..Default::default()
    }
}

fn apply(controller: &mut Controller, records: &[MetadataRecord]) {
    for record in records {
        let offset = controller.image().offset() + 1;
        controller.replay(Time::ZERO, offset, record);
    }
}

#[test]
fn balancing_gives_leadership_back() {
    let mut controller = controller(&[1, 2], partition(&[1, 2], &[1, 2], 2));
    let ControllerResult { records, response: more } = controller.balance_leaders();
    assert!(!more);
    apply(&mut controller, &records);
    assert_eq!(controller.image().partition("t", 0).unwrap().leader, 1);
    assert_eq!(controller.balance_leaders().records, []);
}

#[test]
fn sessions_end_one_at_a_time_the_oldest_first() {
    let mut controller = controller(&[1, 2, 3], partition(&[1, 2], &[1, 2], 1));
    controller.heartbeats_mut().touch(Time::from_millis(100), 1, false, 5);
    let now = Time::from_millis(9050);
    let mut fenced = Vec::new();
    while let ControllerResult { records, response: Some(id) } = controller.fence_stale_broker(now) {
        apply(&mut controller, &records);
        fenced.push(id);
    }
    assert_eq!(fenced, [2, 3]);
    assert_eq!(controller.heartbeats().next_expiry(), Some(Time::from_millis(9100)));
    assert_eq!(controller.image().partition("t", 0).unwrap().isr, [1]);
}

fn reassignment(replicas: Option<&[i32]>) -> reassign::AlterPartitionReassignmentsRequest {
    let replicas = replicas.map(|ids| ids.iter().copied().map(BrokerId).collect());
    let partition = reassign::ReassignablePartition::default().with_partition_index(0).with_replicas(replicas);
    let topic = reassign::ReassignableTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    reassign::AlterPartitionReassignmentsRequest::default().with_topics(vec![topic])
}

fn move_to(controller: &Controller, replicas: Option<&[i32]>) -> (Vec<MetadataRecord>, i16) {
    let request = reassignment(replicas);
    let result = controller.alter_reassignments(&request);
    (result.records, result.response.responses[0].partitions[0].error_code)
}

#[test]
fn a_reassignment_begins_ends_and_can_be_cancelled() {
    let shown = |c: &Controller| {
        let p = c.image().partition("t", 0).unwrap().clone();
        (p.replicas, p.isr, p.adding, p.removing, p.leader)
    };
    let mut controller = controller(&[1, 2, 3], partition(&[1, 2], &[1, 2], 1));
    assert_eq!(move_to(&controller, None).1, ottla_wire::ErrorCode::NoReassignmentInProgress.code());
    let mut fixed = reassignment(Some(&[3, 2, 1])).with_allow_replication_factor_change(false);
    let code = |request| controller.alter_reassignments(&request).response.responses[0].partitions[0].error_code;
    assert_eq!(code(fixed.clone()), ottla_wire::ErrorCode::InvalidReplicationFactor.code());
    fixed.allow_replication_factor_change = true;
    assert_eq!(code(fixed), 0);
    let (records, code) = move_to(&controller, Some(&[3, 2]));
    assert_eq!(code, 0);
    apply(&mut controller, &records);
    assert_eq!(shown(&controller), (vec![3, 2, 1], vec![1, 2], vec![3], vec![1], 1));
    let mut cancelled = controller.clone();
    let (records, _) = move_to(&cancelled, None);
    apply(&mut cancelled, &records);
    assert_eq!(shown(&cancelled), (vec![2, 1], vec![1, 2], vec![], vec![], 1));
    // The new replica is in sync: the old one goes, and with it its leadership.
    let before = controller.image().partition("t", 0).unwrap().clone();
    let change = PartitionChangeBuilder::new(&before, (ID, 0), 1).target_isr(vec![1, 2, 3]).build(|_| true).unwrap();
    apply(&mut controller, &[MetadataRecord::PartitionChange(change)]);
    assert_eq!(shown(&controller), (vec![3, 2], vec![2, 3], vec![], vec![], 3));
    assert_eq!(controller.image().partition("t", 0).unwrap().directories[0], Uuid::from_u128(1003));
    // A new order of the same replicas is done at once, and moves no leader.
    let (records, _) = move_to(&controller, Some(&[2, 3]));
    apply(&mut controller, &records);
    assert_eq!(shown(&controller), (vec![2, 3], vec![2, 3], vec![], vec![], 3));
}
