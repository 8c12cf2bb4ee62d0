//! Deliberately wrong rules, to prove that the simulator would see them. Serves the simulator; invariant: without the cargo
//! feature `mutations` no rule is ever wrong and the question costs nothing, so the page never has one.

/// A wrong rule. Each breaks a guarantee that Kafka gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// A leader's high watermark does not wait for the slowest in-sync follower.
    HighWatermarkIgnoresSlowest,
    /// A follower that is told where its log diverges keeps what it has.
    FollowerKeepsDivergence,
    /// A follower cuts its log to its own high watermark whenever the leader changes, as before KIP-101.
    TruncatesToHighWatermark,
    /// `acks=all` is answered once the leader has appended.
    AcksAllAfterLeaderAppend,
    /// A leader drops a laggard from its ISR without asking the controller.
    ShrinkWithoutController,
    /// A follower joins the ISR whatever its log lacks.
    ExpandsBeforeCaughtUp,
    /// A new leader leads in the epoch of the one before.
    LeaderEpochStands,
    /// The controller takes ISR changes from former leaders and on old partition epochs.
    StaleLeaderAltersIsr,
    /// The controller elects any live replica although unclean elections are off.
    UncleanWithoutPermission,
    /// A broker that crashed stays in ISR and ELR when it registers again.
    UncleanShutdownForgiven,
    /// Replicas stay eligible to lead although the ISR goes on without them.
    ElrIgnoresMinIsr,
    /// A leader's high watermark moves although its ISR is smaller than `min.insync.replicas`.
    HighWatermarkIgnoresMinIsr,
    /// Consumers are given everything up to the log's end.
    ReadsAboveHighWatermark,
    /// A leader does not compare a follower's last epoch with its own log.
    FetchIgnoresLeaderEpoch,
    /// A controller votes for every candidate of an epoch.
    VotesTwice,
    /// A controller votes for candidates whose log is behind its own.
    VotesForShorterLog,
    /// The active controller commits what it alone has.
    CommitsWithoutMajority,
    /// A controller acknowledges metadata that is not on its disk yet.
    NoFlushBeforeFetch,
    /// A controller's vote leaves before it is on its disk.
    NoFlushBeforeVote,
    /// A log that is opened after a crash is taken as it is, damaged tail and all.
    RecoverySkipsCrc,
    /// A leader appends whatever sequence number an idempotent producer sends.
    SequenceUnchecked,
}

/// All of them with the names that the simulator's command takes.
pub const MUTATIONS: [(&str, Mutation); 21] = [
    ("hw-ignores-slowest", Mutation::HighWatermarkIgnoresSlowest),
    ("follower-keeps-divergence", Mutation::FollowerKeepsDivergence),
    ("truncates-to-hw", Mutation::TruncatesToHighWatermark),
    ("acks-all-after-leader-append", Mutation::AcksAllAfterLeaderAppend),
    ("shrink-without-controller", Mutation::ShrinkWithoutController),
    ("expands-before-caught-up", Mutation::ExpandsBeforeCaughtUp),
    ("leader-epoch-stands", Mutation::LeaderEpochStands),
    ("stale-leader-alters-isr", Mutation::StaleLeaderAltersIsr),
    ("unclean-without-permission", Mutation::UncleanWithoutPermission),
    ("unclean-shutdown-forgiven", Mutation::UncleanShutdownForgiven),
    ("elr-ignores-min-isr", Mutation::ElrIgnoresMinIsr),
    ("hw-ignores-min-isr", Mutation::HighWatermarkIgnoresMinIsr),
    ("reads-above-hw", Mutation::ReadsAboveHighWatermark),
    ("fetch-ignores-leader-epoch", Mutation::FetchIgnoresLeaderEpoch),
    ("votes-twice", Mutation::VotesTwice),
    ("votes-for-shorter-log", Mutation::VotesForShorterLog),
    ("commits-without-majority", Mutation::CommitsWithoutMajority),
    ("no-flush-before-fetch", Mutation::NoFlushBeforeFetch),
    ("no-flush-before-vote", Mutation::NoFlushBeforeVote),
    ("recovery-skips-crc", Mutation::RecoverySkipsCrc),
    ("sequence-unchecked", Mutation::SequenceUnchecked),
];

#[cfg(feature = "mutations")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Whether this rule is wrong now, on this thread. Never without the feature.
#[cfg(feature = "mutations")]
#[inline]
pub fn is(mutation: Mutation) -> bool {
    ACTIVE.get() == Some(mutation)
}

/// Whether this rule is wrong now, on this thread. Never without the feature.
#[cfg(not(feature = "mutations"))]
#[inline(always)]
pub const fn is(_mutation: Mutation) -> bool {
    false
}

/// From now on this rule is wrong on this thread, and no other.
#[cfg(feature = "mutations")]
pub fn set(mutation: Option<Mutation>) {
    ACTIVE.set(mutation);
}

#[cfg(all(test, feature = "mutations"))]
mod tests {
    use super::*;

    #[test]
    fn one_rule_at_a_time() {
        set(Some(Mutation::VotesTwice));
        assert!(is(Mutation::VotesTwice) && !is(Mutation::SequenceUnchecked));
        set(None);
        assert!(MUTATIONS.iter().all(|(_, mutation)| !is(*mutation)));
    }
}
