//! Members with a group.instance.id (KIP-345).

use super::bench::{Bench, assignment, join, protocols, static_join};
use ottla_wire::ErrorCode;

/// One static leader at work, and its id.
fn alone(bench: &mut Bench) -> String {
    let parked = bench.send_join("c1", 9, static_join("", "till-1"));
    bench.pass_ms(3000);
    let answer = bench.joined(parked);
    let id = answer.member_id.to_string();
    assert!(id.starts_with("till-1-"));
    let synced = bench.send_sync(&id, 1, &[(&id, &[0, 1])]);
    assert_eq!(bench.synced(synced).error_code, 0);
    id
}

#[test]
fn a_restart_within_the_session_keeps_the_assignment() {
    let mut bench = Bench::new(&[]);
    let old = alone(&mut bench);
    bench.pass_ms(30_000);
    let back = bench.send_join("c9", 9, static_join("", "till-1"));
    let answer = bench.joined(back);
    assert_eq!((answer.generation_id, answer.skip_assignment, bench.state().as_str()), (1, true, "Stable"));
    assert_ne!(&*answer.member_id, old.as_str());
    assert_eq!(answer.leader, answer.member_id);
    let synced = bench.send_sync(&answer.member_id, 1, &[]);
    assert_eq!(bench.synced(synced).assignment, assignment(&[0, 1]));
    // The place is taken, the old client.id stays, and a failover knows the new member.
    let views = bench.coordinator.views();
    assert_eq!((views[0].members.len(), views[0].members[0].client_id.as_str()), (1, "c1"));
    assert_eq!(bench.failover().coordinator.views(), views);
}

#[test]
fn an_older_client_is_not_told_that_it_leads() {
    let mut bench = Bench::new(&[]);
    let old = alone(&mut bench);
    let back = bench.send_join("c1", 5, static_join("", "till-1"));
    let answer = bench.joined(back);
    assert_eq!((&*answer.leader, answer.members.len(), answer.skip_assignment), (old.as_str(), 0, false));
}

#[test]
fn the_replaced_one_is_fenced() {
    let mut bench = Bench::new(&[]);
    let old = alone(&mut bench);
    bench.send_join("c9", 9, static_join("", "till-1"));
    let again = bench.send_join("c1", 9, static_join(&old, "till-1"));
    assert_eq!(ErrorCode::from_code(bench.joined(again).error_code), ErrorCode::FencedInstanceId);
    let left = bench.leave(&[(&old, Some("till-1")), ("", Some("till-1")), ("", Some("till-7"))]);
    let codes: Vec<ErrorCode> = left.members.iter().map(|m| ErrorCode::from_code(m.error_code)).collect();
    assert_eq!(codes, [ErrorCode::FencedInstanceId, ErrorCode::None, ErrorCode::UnknownMemberId]);
    assert_eq!(bench.state(), "Empty");
}

#[test]
fn another_protocol_rebalances() {
    let mut bench = Bench::new(&[]);
    alone(&mut bench);
    let request = static_join("", "till-1").with_protocols(protocols(&["cooperative-sticky", "range"], &["orders"]));
    let back = bench.send_join("c1", 9, request);
    let answer = bench.joined(back);
    assert_eq!((answer.generation_id, answer.protocol_name.as_deref()), (2, Some("cooperative-sticky")));
}

#[test]
fn one_that_stays_away_goes_with_its_session() {
    let mut bench = Bench::new(&[]);
    let gone = alone(&mut bench);
    let (_, parked) = bench.come("c2");
    bench.pass_ms(44_999);
    assert_eq!(bench.coordinator.views()[0].members.len(), 2);
    bench.pass_ms(1);
    let answer = bench.joined(parked);
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
    let late = bench.send_join("c1", 9, join(&gone));
    assert_eq!(ErrorCode::from_code(bench.joined(late).error_code), ErrorCode::UnknownMemberId);
}
