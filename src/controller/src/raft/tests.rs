//! The roles' table walked by hand: one member, its disk, and what others say to it.

use super::*;
use crate::record::{MetadataRecord, records_batch};
use crate::view::RoleName;

const NOW: Time = Time::from_millis(1000);

struct Member {
    disk: Disk,
    raft: Raft,
}

fn member(node_id: i32, voters: &[i32]) -> Member {
    let mut disk = Disk::default();
    let config = RaftConfig {
        node_id,
        voters: voters.iter().copied().collect(),
        dir: "n".into(),
        election_timeout_ms: 1000,
        fetch_timeout_ms: 2000,
        election_backoff_max_ms: 1000,
        log: LogSettings::default(),
    };
    let raft = Raft::open(&mut disk, config, 7, NOW).unwrap();
    Member { disk, raft }
}

fn vote(epoch: i32, candidate_id: i32, pre_vote: bool) -> VoteRequest {
    VoteRequest { epoch, candidate_id, last_epoch: 0, last_offset: 0, pre_vote }
}

fn said(error: RaftError, epoch: i32, leader_id: Option<i32>, body: ResponseBody) -> RaftResponse {
    RaftResponse { error, epoch, leader_id, body }
}

impl Member {
    fn role(&self) -> (RoleName, i32, Option<i32>) {
        (self.raft.role_name(), self.raft.epoch(), self.raft.leader_id())
    }

    fn wait(&mut self) {
        let at = self.raft.next_wakeup().unwrap();
        self.raft.handle_time(&mut self.disk, at).unwrap();
    }

    fn answer(&mut self, from: i32, granted: bool) {
        let pre_vote = self.raft.role_name() == RoleName::Prospective;
        let asked = vote(self.raft.epoch(), 11, pre_vote);
        let response = said(RaftError::None, self.raft.epoch(), None, ResponseBody::Vote { granted });
        self.raft.handle_vote_response(&mut self.disk, NOW, from, asked, &response).unwrap();
    }

    fn begin(&mut self, epoch: i32, leader: i32) -> RaftError {
        self.raft.handle_begin_quorum(&mut self.disk, NOW, epoch, leader).unwrap().error
    }

    fn granted(&mut self, request: VoteRequest) -> bool {
        let response = self.raft.handle_vote(&mut self.disk, NOW, request).unwrap();
        response.body == ResponseBody::Vote { granted: true }
    }

    fn lead(&mut self) {
        self.wait();
        self.answer(12, true);
        self.answer(12, true);
        assert_eq!(self.role(), (RoleName::Leader, 1, Some(11)));
    }

    fn append(&mut self) {
        let batch = records_batch(&[MetadataRecord::NoOp], self.raft.log().end_offset(), self.raft.epoch(), 0);
        self.raft.append_as_leader(&mut self.disk, batch).unwrap();
        self.raft.handle_flushed(NOW, self.raft.log().end_offset());
    }

    fn fetch(&mut self, replica_id: i32, offset: i64) -> FetchAnswer {
        let last_fetched_epoch = if offset == 0 { 0 } else { 1 };
        let (epoch, max_bytes) = (self.raft.epoch(), 1 << 20);
        let high_watermark = self.raft.high_watermark();
        let request =
            FetchRequest { replica_id, epoch, offset, last_fetched_epoch, high_watermark, max_bytes, max_wait_ms: 500 };
        self.raft.handle_fetch(&self.disk, NOW, &request)
    }
}

#[test]
fn up_the_ladder_and_down_again() {
    let mut m = member(11, &[11, 12, 13]);
    assert_eq!(m.role(), (RoleName::Unattached, 0, None));
    m.wait();
    assert_eq!(m.role(), (RoleName::Prospective, 0, None));
    m.answer(12, true);
    assert_eq!(m.role(), (RoleName::Candidate, 1, None));
    m.answer(12, false);
    assert_eq!(m.role(), (RoleName::Candidate, 1, None), "one may still grant");
    m.answer(13, false);
    assert_eq!(m.role(), (RoleName::Prospective, 1, None));
    m.answer(12, false);
    m.answer(13, false);
    assert_eq!(m.role(), (RoleName::Unattached, 1, None));
    m.wait();
    m.answer(13, true);
    m.answer(13, true);
    assert_eq!(m.role(), (RoleName::Leader, 2, Some(11)));
    assert_eq!(m.begin(2, 12), RaftError::InvalidRequest, "two leaders in one epoch");
    m.raft.resign(NOW);
    assert_eq!(m.role(), (RoleName::Resigned, 2, None));
    m.wait();
    assert_eq!(m.role(), (RoleName::Unattached, 3, None));
    assert_eq!(m.begin(2, 12), RaftError::FencedLeaderEpoch);
    assert_eq!(m.begin(4, 12), RaftError::None);
    assert_eq!(m.role(), (RoleName::Follower, 4, Some(12)));
    m.wait();
    assert_eq!(m.role(), (RoleName::Prospective, 4, Some(12)), "it remembers whom it followed");
    m.wait();
    assert_eq!(m.role(), (RoleName::Follower, 4, Some(12)));
}

#[test]
fn an_epoch_is_led_once_also_after_crashes() {
    let mut m = member(11, &[11, 12, 13]);
    m.wait();
    m.answer(13, true);
    m.answer(13, true);
    assert_eq!(m.role(), (RoleName::Leader, 1, Some(11)));
    for _ in 0..2 {
        m.raft = Raft::open(&mut m.disk, m.raft.config().clone(), 8, NOW).unwrap();
        assert_eq!(m.role(), (RoleName::Resigned, 1, None));
    }
}

#[test]
fn one_vote_an_epoch_also_after_a_restart() {
    let mut m = member(11, &[11, 12, 13]);
    assert!(m.granted(vote(1, 12, false)) && m.granted(vote(1, 12, false)));
    assert!(!m.granted(vote(1, 13, false)));
    assert!(m.granted(vote(1, 13, true)), "a pre-vote binds nobody");
    m.raft = Raft::open(&mut m.disk, m.raft.config().clone(), 8, NOW).unwrap();
    assert!(!m.granted(vote(1, 13, false)) && m.granted(vote(2, 13, false)));
    assert!(!m.granted(vote(1, 12, false)), "an old epoch");
    assert!(!m.granted(vote(3, 99, false)), "a stranger");
}

#[test]
fn nobody_with_less_gets_a_vote_and_nobody_who_hears_a_leader_wants_another() {
    let mut m = member(11, &[11, 12, 13]);
    m.lead();
    m.append();
    assert!(!m.granted(vote(1, 13, true)), "a leader grants nothing");
    assert!(!m.granted(vote(2, 12, false)), "its log is behind");
    assert_eq!(m.role(), (RoleName::Unattached, 2, None), "but its epoch is learnt");
    assert!(m.granted(VoteRequest { last_epoch: 1, last_offset: 1, ..vote(2, 12, false) }));
    assert_eq!(m.begin(2, 12), RaftError::None);
    let ahead = |pre_vote| VoteRequest { last_epoch: 1, last_offset: 5, ..vote(2, 13, pre_vote) };
    assert!(m.granted(ahead(true)), "not heard yet");
    let asked = m.raft.fetch_request(1 << 20, 500);
    let nothing = FetchedData { high_watermark: -1, ..FetchedData::default() };
    let response = said(RaftError::None, 2, Some(12), ResponseBody::Fetch(nothing));
    m.raft.handle_fetch_response(&mut m.disk, NOW, 12, &asked, response).unwrap();
    assert!(!m.granted(ahead(true)) && !m.granted(ahead(false)));
}

#[test]
fn committed_is_what_a_majority_has_of_the_leaders_own_epoch() {
    let mut m = member(11, &[11, 12, 13]);
    m.lead();
    m.append();
    assert_eq!(m.raft.high_watermark(), -1);
    assert!(matches!(m.fetch(1, 1), FetchAnswer::Wait), "an observer counts for nothing");
    assert_eq!(m.raft.high_watermark(), -1);
    assert!(matches!(m.fetch(12, 0), FetchAnswer::Now(_)));
    assert_eq!(m.raft.high_watermark(), -1, "offset 0 acknowledges nothing");
    assert!(matches!(m.fetch(12, 1), FetchAnswer::Now(_)), "the new high watermark is news");
    assert_eq!(m.raft.high_watermark(), 1);
    assert!(matches!(m.fetch(13, 1), FetchAnswer::Wait));
    let FetchAnswer::Now(RaftResponse { body: ResponseBody::Fetch(data), .. }) = m.fetch(13, 9) else { panic!() };
    assert_eq!(data.diverging, Some((1, 1)));
}

#[test]
fn a_diverging_follower_cuts_its_log() {
    let mut m = member(11, &[11, 12, 13]);
    m.lead();
    m.append();
    m.append();
    assert_eq!(m.begin(2, 12), RaftError::None);
    let asked = m.raft.fetch_request(1 << 20, 500);
    let data = FetchedData { high_watermark: 0, diverging: Some((1, 1)), ..FetchedData::default() };
    let response = said(RaftError::None, 2, Some(12), ResponseBody::Fetch(data));
    m.raft.handle_fetch_response(&mut m.disk, NOW, 12, &asked, response).unwrap();
    assert_eq!(m.raft.log().end(), EpochAndOffset { epoch: 1, offset: 1 });
    assert!(m.raft.needs_flush() && m.raft.poll_requests(|_| true, false).is_empty());
    m.raft.handle_flushed(NOW, 1);
    assert_eq!(m.raft.poll_requests(|_| true, false).len(), 1);
}

#[test]
fn whoever_is_first_among_the_successors_begins_at_once() {
    for (successors, expected) in [(vec![11, 13], RoleName::Prospective), (vec![13, 11], RoleName::Follower)] {
        let mut m = member(11, &[11, 12, 13]);
        m.begin(3, 12);
        m.raft.handle_end_quorum(&mut m.disk, NOW, (3, 12), &successors).unwrap();
        assert_eq!(m.raft.role_name(), expected);
        assert!(m.raft.next_wakeup().unwrap() <= NOW.plus_millis(2000));
    }
}

#[test]
fn an_observer_only_follows() {
    let mut m = member(1, &[11]);
    assert_eq!((m.raft.role_name(), m.raft.next_wakeup()), (RoleName::Observer, None));
    let requests = m.raft.poll_requests(|_| true, false);
    assert!(matches!(&requests[..], [(11, RaftRequest::Fetch(_))]));
    assert!(m.raft.poll_requests(|_| true, true).is_empty(), "one question at a time");
    let asked = m.raft.fetch_request(1 << 20, 500);
    let response = said(RaftError::FencedLeaderEpoch, 5, Some(11), ResponseBody::Fetch(FetchedData::default()));
    m.raft.handle_fetch_response(&mut m.disk, NOW, 11, &asked, response).unwrap();
    assert_eq!((m.raft.epoch(), m.raft.leader_id()), (5, Some(11)));
    assert!(!m.granted(vote(6, 11, false)));
    m.wait();
    assert_eq!(m.raft.leader_id(), None);
}
