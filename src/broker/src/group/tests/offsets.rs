//! Offsets: committing, fetching, forgetting.

use super::bench::{Bench, GROUP};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, group_id,
    messages::{
        DeleteGroupsRequest, OffsetDeleteRequest, OffsetFetchRequest,
        offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
        offset_fetch_request::OffsetFetchRequestGroup,
    },
    topic_name,
};
use std::collections::BTreeSet;

fn delete_offset(bench: &mut Bench, topic: &str) -> ErrorCode {
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(1);
    let topic = OffsetDeleteRequestTopic::default().with_name(topic_name(topic)).with_partitions(vec![partition]);
    let request = OffsetDeleteRequest::default().with_group_id(group_id(GROUP)).with_topics(vec![topic]);
    match bench.ask(0, RequestKind::OffsetDelete(request)) {
        ResponseKind::OffsetDelete(r) if r.error_code != 0 => ErrorCode::from_code(r.error_code),
        ResponseKind::OffsetDelete(r) => ErrorCode::from_code(r.topics[0].partitions[0].error_code),
        other => panic!("{other:?}"),
    }
}

fn delete_group(bench: &mut Bench) -> ErrorCode {
    let request = DeleteGroupsRequest::default().with_groups_names(vec![group_id(GROUP)]);
    match bench.ask(2, RequestKind::DeleteGroups(request)) {
        ResponseKind::DeleteGroups(r) => ErrorCode::from_code(r.results[0].error_code),
        other => panic!("{other:?}"),
    }
}

fn offsets(bench: &Bench) -> usize {
    bench.coordinator.views().first().map_or(0, |group| group.offsets.len())
}

#[test]
fn who_may_commit() {
    let mut bench = Bench::new(&[]);
    assert_eq!(bench.commit(9, "c", 3, "orders", 1), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.commit(8, "c", 3, "orders", 1), ErrorCode::IllegalGeneration);
    assert_eq!(bench.commit(8, "", -1, "nope", 1), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(bench.state(), "none");
    assert_eq!(bench.commit(8, "", -1, "orders", 1), ErrorCode::None);
    assert_eq!((bench.state().as_str(), offsets(&bench)), ("Empty", 1));
    let (first, _) = bench.two_members();
    for (id, generation, error) in [
        (first.as_str(), 1, ErrorCode::None),
        (first.as_str(), 0, ErrorCode::IllegalGeneration),
        ("nobody", 1, ErrorCode::UnknownMemberId),
        ("", -1, ErrorCode::UnknownMemberId),
    ] {
        assert_eq!(bench.commit(9, id, generation, "orders", 7), error, "{id} {generation}");
    }
}

#[test]
fn all_offsets_or_those_asked_for() {
    let mut bench = Bench::new(&[]);
    bench.commit(8, "", -1, "orders", 42);
    let group = OffsetFetchRequestGroup::default().with_group_id(group_id(GROUP)).with_topics(None);
    let request = OffsetFetchRequest::default().with_groups(vec![group]);
    let ResponseKind::OffsetFetch(r) = bench.ask(9, RequestKind::OffsetFetch(request)) else { panic!() };
    let row = &r.groups[0].topics[0].partitions[0];
    assert_eq!((row.partition_index, row.committed_offset, row.committed_leader_epoch), (1, 42, -1));
}

#[test]
fn subscribed_topics_keep_their_offsets() {
    let mut bench = Bench::new(&[]);
    assert_eq!(delete_offset(&mut bench, "orders"), ErrorCode::GroupIdNotFound);
    assert_eq!(delete_group(&mut bench), ErrorCode::GroupIdNotFound);
    bench.commit(8, "", -1, "orders", 1);
    bench.commit(8, "", -1, "payments", 1);
    let (first, second) = bench.two_members();
    assert_eq!(delete_offset(&mut bench, "orders"), ErrorCode::GroupSubscribedToTopic);
    assert_eq!(delete_offset(&mut bench, "nope"), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(delete_offset(&mut bench, "payments"), ErrorCode::None);
    assert_eq!(delete_group(&mut bench), ErrorCode::NonEmptyGroup);
    bench.leave(&[(&first, None), (&second, None)]);
    assert_eq!(offsets(&bench), 1);
    assert_eq!(delete_group(&mut bench), ErrorCode::None);
    assert_eq!(bench.state(), "none");
    assert_eq!(bench.failover().state(), "none");
}

#[test]
fn retention_counts_from_when_the_group_became_empty() {
    const MINUTE_MS: u64 = 60_000;
    let mut bench = Bench::new(&[("offsets.retention.minutes", "60")]);
    let (first, second) = bench.two_members();
    bench.commit(9, &first, 1, "orders", 1);
    for _ in 0..5 * 60 {
        bench.pass_ms(20_000);
        bench.beat(&first, 1);
        bench.beat(&second, 1);
    }
    assert_eq!((bench.state().as_str(), offsets(&bench)), ("Stable", 1));
    bench.leave(&[(&first, None), (&second, None)]);
    bench.pass_ms(59 * MINUTE_MS);
    assert_eq!(offsets(&bench), 1);
    bench.pass_ms(11 * MINUTE_MS);
    assert_eq!((bench.state().as_str(), offsets(&bench)), ("none", 0));
}

#[test]
fn offsets_of_deleted_topics_go() {
    let mut bench = Bench::new(&[]);
    bench.commit(8, "", -1, "orders", 1);
    bench.commit(8, "", -1, "payments", 1);
    let decisions = bench.coordinator.topics_deleted(&BTreeSet::from(["orders".to_owned()]));
    bench.carry_out(decisions);
    assert_eq!(offsets(&bench), 1);
    assert_eq!(offsets(&bench.failover()), 1);
}
