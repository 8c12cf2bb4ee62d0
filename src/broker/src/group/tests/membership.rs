//! Joining, syncing, leaving, being given up.

use super::bench::{Bench, GROUP, join, protocols};
use ottla_wire::{ErrorCode, RequestKind, ResponseKind, group_id, messages::*, str_bytes};

#[test]
fn the_first_rebalance_waits_for_newcomers() {
    let mut bench = Bench::new(&[]);
    let (first, first_join) = bench.come("c1");
    bench.pass_ms(2000);
    let (_, second_join) = bench.come("c2");
    bench.pass_ms(3999);
    assert_eq!((bench.state().as_str(), bench.answers.len()), ("PreparingRebalance", 0));
    bench.pass_ms(1);
    let (leader, follower) = (bench.joined(first_join), bench.joined(second_join));
    assert_eq!((leader.generation_id, leader.members.len(), &*leader.leader), (1, 2, first.as_str()));
    assert_eq!((follower.generation_id, follower.members.len(), &*follower.leader), (1, 0, first.as_str()));
    assert_eq!(leader.protocol_name.as_deref(), Some("range"));
    assert!(first.starts_with("c1-"));
}

#[test]
fn one_member_alone_waits_once() {
    let mut bench = Bench::new(&[]);
    let (id, parked) = bench.come("c1");
    bench.pass_ms(2999);
    assert!(bench.answers.is_empty());
    bench.pass_ms(1);
    assert_eq!(bench.joined(parked).generation_id, 1);
    assert_eq!(bench.state(), "CompletingRebalance");
    assert_eq!(bench.beat(&id, 1), ErrorCode::None);
    // The first record says that there is a group; it has no members yet.
    assert_eq!(bench.log.len(), 1);
}

#[test]
fn a_third_member_makes_the_others_join_again() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    let (third, third_join) = bench.come("c3");
    assert_eq!(bench.state(), "PreparingRebalance");
    assert_eq!(bench.beat(&first, 1), ErrorCode::RebalanceInProgress);
    let first_join = bench.send_join("c1", 9, join(&first));
    let second_join = bench.send_join("c2", 9, join(&second));
    let leader = bench.joined(first_join);
    assert_eq!((leader.generation_id, leader.members.len()), (2, 3));
    assert_eq!(bench.joined(second_join).generation_id, 2);
    assert_eq!(&*bench.joined(third_join).member_id, third.as_str());
    assert_eq!(bench.beat(&second, 1), ErrorCode::IllegalGeneration);
    assert_eq!(bench.commit(8, &second, 2, "orders", 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn who_leaves_costs_one_rebalance_and_the_last_one_empties_the_group() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    let left = bench.leave(&[(&second, None)]);
    assert_eq!(left.members[0].error_code, 0);
    assert_eq!((bench.state().as_str(), bench.beat(&second, 1)), ("PreparingRebalance", ErrorCode::UnknownMemberId));
    let parked = bench.send_join("c1", 9, join(&first));
    assert_eq!(bench.joined(parked).generation_id, 2);
    let synced = bench.send_sync(&first, 2, &[(&first, &[0, 1, 2, 3])]);
    assert_eq!(bench.synced(synced).error_code, 0);
    let left = bench.leave(&[(&first, None), ("nobody", None)]);
    assert_eq!(left.members[1].error_code, ErrorCode::UnknownMemberId.code());
    let view = &bench.coordinator.views()[0];
    assert_eq!((view.state.as_str(), view.generation, view.members.len()), ("Empty", 3, 0));
}

#[test]
fn who_is_silent_is_given_up() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    for _ in 0..14 {
        bench.pass_ms(3000);
        assert_eq!(bench.beat(&first, 1), ErrorCode::None);
    }
    bench.pass_ms(2999);
    assert_eq!(bench.state(), "Stable");
    bench.pass_ms(1);
    assert_eq!(bench.state(), "PreparingRebalance");
    assert_eq!(bench.beat(&second, 1), ErrorCode::UnknownMemberId);
    let parked = bench.send_join("c1", 9, join(&first));
    assert_eq!(bench.joined(parked).members.len(), 1);
    // To wait for others is no silence; the group of a dead leader empties in the end.
    bench.pass_ms(200_000);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn the_rebalance_timeout_leaves_behind_who_did_not_come() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    let parked = bench.send_join("c1", 9, join(&first).with_rebalance_timeout_ms(20_000));
    for _ in 0..99 {
        bench.pass_ms(3000);
        bench.beat(&second, 1);
    }
    assert!(bench.answers.is_empty());
    bench.pass_ms(3000);
    let answer = bench.joined(parked);
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
    assert_eq!(bench.beat(&second, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn who_never_syncs_is_given_up_after_the_rebalance_timeout() {
    let mut bench = Bench::new(&[]);
    let (first, _) = bench.come("c1");
    let (second, _) = bench.come("c2");
    bench.pass_ms(6000);
    let parked = bench.send_sync(&second, 1, &[]);
    for _ in 0..100 {
        bench.pass_ms(3000);
        bench.beat(&first, 1);
    }
    assert_eq!(ErrorCode::from_code(bench.synced(parked).error_code), ErrorCode::RebalanceInProgress);
    assert_eq!(bench.beat(&first, 1), ErrorCode::UnknownMemberId);
    assert_eq!(bench.beat(&second, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn an_assignment_that_cannot_be_written_is_not_told() {
    let mut bench = Bench::new(&[]);
    let (first, _) = bench.come("c1");
    bench.pass_ms(3000);
    bench.append = Err(ErrorCode::CoordinatorNotAvailable);
    let sync = bench.send_sync(&first, 1, &[(&first, &[0])]);
    let answer = bench.synced(sync);
    assert_eq!(ErrorCode::from_code(answer.error_code), ErrorCode::CoordinatorNotAvailable);
    assert!(answer.assignment.is_empty());
    assert_eq!(bench.state(), "PreparingRebalance");
}

#[test]
fn requests_that_are_refused() {
    let mut bench = Bench::new(&[("group.max.size", "2")]);
    let (first, _) = bench.two_members();
    let rows: [(JoinGroupRequest, ErrorCode); 7] = [
        (join("").with_group_id(group_id("")), ErrorCode::InvalidGroupId),
        (join("").with_session_timeout_ms(5999), ErrorCode::InvalidSessionTimeout),
        (join("").with_session_timeout_ms(1_800_001), ErrorCode::InvalidSessionTimeout),
        (join("nobody"), ErrorCode::GroupMaxSizeReached),
        (join(&first).with_protocol_type(str_bytes("connect")), ErrorCode::InconsistentGroupProtocol),
        (join(&first).with_protocols(protocols(&["sticky"], &[])), ErrorCode::InconsistentGroupProtocol),
        (join("x").with_group_id(group_id("elsewhere")), ErrorCode::NotCoordinator),
    ];
    for (request, error) in rows {
        let text = format!("{request:?}");
        let id = bench.send_join("c", 9, request);
        assert_eq!(ErrorCode::from_code(bench.joined(id).error_code), error, "{text}");
    }
}

#[test]
fn rejoining_unchanged_changes_nothing_unless_the_leader_does() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    let again = bench.send_join("c2", 9, join(&second));
    assert_eq!((bench.joined(again).generation_id, bench.state().as_str()), (1, "Stable"));
    let changed = join(&second).with_protocols(protocols(&["range"], &["payments"]));
    bench.send_join("c2", 9, changed);
    assert_eq!(bench.state(), "PreparingRebalance");
    let parked = bench.send_join("c1", 9, join(&first));
    assert_eq!(bench.joined(parked).generation_id, 2);
}

#[test]
fn most_votes_choose_the_protocol() {
    let mut bench = Bench::new(&[]);
    let mut parked = 0;
    for names in [["range", "sticky"], ["sticky", "range"], ["sticky", "range"]] {
        parked = bench.send_join("c", 1, join("").with_protocols(protocols(&names, &["orders"])));
    }
    bench.pass_ms(10_000);
    assert_eq!(bench.joined(parked).protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn a_failover_keeps_members_and_starts_their_sessions_anew() {
    let mut bench = Bench::new(&[]);
    let (first, second) = bench.two_members();
    bench.commit(9, &first, 1, "orders", 5);
    bench.pass_ms(40_000);
    let mut other = bench.failover();
    assert_eq!(other.coordinator.views(), bench.coordinator.views());
    other.pass_ms(44_000);
    assert_eq!(other.beat(&first, 1), ErrorCode::None);
    other.pass_ms(1000);
    assert_eq!(other.beat(&second, 1), ErrorCode::UnknownMemberId);
    assert_eq!(other.beat(&first, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn who_waits_is_sent_away_when_the_coordinator_moves() {
    let mut bench = Bench::new(&[]);
    let (_, parked) = bench.come("c1");
    let partition = bench.coordinator.partition_for(GROUP);
    let replies = bench.coordinator.unload(partition);
    assert_eq!((replies.len(), replies[0].0.0), (1, parked));
    let ResponseKind::JoinGroup(answer) = &replies[0].1 else { panic!("{replies:?}") };
    assert_eq!(ErrorCode::from_code(answer.error_code), ErrorCode::NotCoordinator);
    assert_eq!(bench.beat("x", 1), ErrorCode::NotCoordinator);
}

#[test]
fn descriptions() {
    let mut bench = Bench::new(&[]);
    bench.two_members();
    bench.come("c3");
    let request = |name| DescribeGroupsRequest::default().with_groups(vec![group_id(name)]);
    let ResponseKind::DescribeGroups(mut r) = bench.ask(6, RequestKind::DescribeGroups(request(GROUP))) else {
        panic!("another answer")
    };
    let group = r.groups.remove(0);
    // While they rebalance members keep what they had; the newcomer has nothing.
    let without = group.members.iter().filter(|m| m.member_assignment.is_empty()).count();
    assert_eq!((&*group.group_state, group.members.len(), without), ("PreparingRebalance", 3, 1));
    assert!(group.protocol_data.is_empty() && group.members.iter().all(|m| m.member_metadata.is_empty()));
    let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group_id(GROUP)]);
    let ResponseKind::ConsumerGroupDescribe(r) = bench.ask(1, RequestKind::ConsumerGroupDescribe(request)) else {
        panic!("another answer")
    };
    assert_eq!(r.groups[0].error_message.as_deref(), Some("Group billing is not a consumer group."));
    let states = |names: &[&str]| {
        RequestKind::ListGroups(
            ListGroupsRequest::default().with_states_filter(names.iter().map(|n| str_bytes(n)).collect()),
        )
    };
    for (filter, count) in [(&["preparingrebalance"][..], 1), (&["Stable", "Empty"], 0), (&[], 1)] {
        let ResponseKind::ListGroups(r) = bench.ask(5, states(filter)) else { panic!("another answer") };
        assert_eq!(r.groups.len(), count, "{filter:?}");
    }
}
