//! A follower as its leader sees it (`Replica`, `ReplicaState`). Serves the partition; invariant: it is caught up at a moment
//! only if it had by then everything the leader had when it fetched.

use ottla_world::Time;

/// How far a follower has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowerState {
    /// -1 before its first fetch.
    pub(crate) log_end_offset: i64,
    /// -1 before its first fetch.
    pub(crate) log_start_offset: i64,
    /// When it last had all of the leader's log.
    pub(crate) last_caught_up: Time,
    /// Epoch of the broker that fetched last, -1 before its first fetch (KIP-903).
    pub(crate) broker_epoch: i64,
    last_fetch: Time,
    leader_end_at_last_fetch: i64,
}

/// One fetch of a follower, as its leader notes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FollowerFetch {
    pub(crate) offset: i64,
    pub(crate) log_start_offset: i64,
    pub(crate) broker_epoch: i64,
}

impl FollowerState {
    /// A follower that has not fetched yet.
    pub(crate) fn new(last_caught_up: Time) -> FollowerState {
        FollowerState {
            log_end_offset: -1,
            log_start_offset: -1,
            last_caught_up,
            broker_epoch: -1,
            last_fetch: Time::ZERO,
            leader_end_at_last_fetch: -1,
        }
    }

    /// Its leader leads another epoch, from `leader_end` on: the clocks of those in sync start now, the others' never
    /// ran, so that nobody waits for them (`resetReplicaState`).
    pub(crate) fn reset(&mut self, leader_end: i64, in_sync: bool, now: Time) {
        let clock = if in_sync { now } else { Time::ZERO };
        (self.last_caught_up, self.last_fetch) = (clock, clock);
        self.leader_end_at_last_fetch = leader_end;
    }

    /// Whether it had all of the leader's log within the last `lag_ms`.
    pub(crate) fn is_caught_up(&self, leader_end: i64, lag_ms: u64, now: Time) -> bool {
        self.log_end_offset == leader_end || now.millis_since(self.last_caught_up) <= lag_ms
    }

    /// It fetched while the leader's log ended at `leader_end` (`updateFetchStateOrThrow`).
    pub(crate) fn fetched(&mut self, fetch: FollowerFetch, leader_end: i64, now: Time) {
        let FollowerFetch { offset, log_start_offset, broker_epoch } = fetch;
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(now);
        } else if offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = offset;
        self.broker_epoch = broker_epoch;
        self.log_start_offset = log_start_offset;
        self.leader_end_at_last_fetch = leader_end.max(self.leader_end_at_last_fetch);
        self.last_fetch = now;
    }

    /// It fetched up to `last_fetch` from where it is, while the leader's log ended there.
    pub(crate) fn rested(&mut self, last_fetch: Time) {
        self.last_caught_up = self.last_caught_up.max(last_fetch);
        self.last_fetch = self.last_fetch.max(last_fetch);
        self.leader_end_at_last_fetch = self.leader_end_at_last_fetch.max(self.log_end_offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moment in ms, what happens, the leader's end then: and when the follower was last caught up, in ms.
    #[test]
    fn last_caught_up_follows_the_rules() {
        let fetch = |offset| FollowerFetch { offset, log_start_offset: 0, broker_epoch: 5 };
        type Fetches = &'static [(u64, i64, i64)];
        let table: [(&str, Fetches, u64); 8] = [
            ("never fetched", &[], 0),
            ("at the end", &[(100, 7, 7)], 100),
            ("behind", &[(100, 3, 7)], 0),
            ("now where the leader was at the fetch before", &[(100, 3, 7), (200, 7, 9)], 100),
            ("not even there", &[(100, 3, 7), (200, 5, 9)], 0),
            ("always one fetch behind", &[(100, 3, 7), (200, 7, 9), (300, 9, 12)], 200),
            ("caught up and then nothing new", &[(100, 7, 7), (600, 7, 7)], 600),
            ("thrown back by an unclean election elsewhere", &[(100, 7, 7), (200, 2, 7)], 100),
        ];
        for (what, fetches, expected) in table {
            let mut state = FollowerState::new(Time::ZERO);
            for (at, offset, leader_end) in fetches {
                state.fetched(fetch(*offset), *leader_end, Time::from_millis(*at));
            }
            assert_eq!(state.last_caught_up, Time::from_millis(expected), "{what}");
        }
    }

    #[test]
    fn resting_in_a_session_is_fetching_all_the_time() {
        let at = Time::from_millis;
        let fetch = FollowerFetch { offset: 7, log_start_offset: 0, broker_epoch: 5 };
        let mut awake = FollowerState::new(Time::ZERO);
        awake.fetched(fetch, 7, at(100));
        let mut resting = awake.clone();
        (2..9).for_each(|n| awake.fetched(fetch, 7, at(100 * n)));
        resting.rested(at(800));
        assert_eq!(awake, resting);
    }

    #[test]
    fn a_lag_counts_only_where_something_is_missing() {
        let at = Time::from_millis;
        let mut state = FollowerState::new(Time::ZERO);
        state.fetched(FollowerFetch { offset: 7, log_start_offset: 0, broker_epoch: 5 }, 7, at(1000));
        assert!(state.is_caught_up(7, 30_000, at(900_000)), "nothing is missing");
        assert!(state.is_caught_up(8, 30_000, at(31_000)), "missing, not long enough");
        assert!(!state.is_caught_up(8, 30_000, at(31_001)));
        // Another epoch of the same leader.
        state.reset(8, true, at(40_000));
        assert!(state.is_caught_up(8, 30_000, at(70_000)));
        state.reset(8, false, at(80_000));
        assert!(!state.is_caught_up(8, 30_000, at(80_000)));
    }
}
