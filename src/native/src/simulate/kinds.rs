//! The kinds of faults and of commands. Serves knobs and what causes them; invariant: a kind that is drawn with its weight
//! is drawn as often as that says.

use ottla_world::Rng;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    /// SIGKILL to a broker, started again later.
    KillBroker,
    /// SIGTERM to a broker, started again later.
    StopBroker,
    /// SIGSTOP to a broker for a while.
    PauseBroker,
    /// A broker's host loses power for a while.
    PowerCutBroker,
    /// SIGKILL to a controller, started again later.
    KillController,
    /// SIGTERM to a controller, started again later.
    StopController,
    /// SIGSTOP to a controller for a while.
    PauseController,
    /// A controller's host loses power for a while.
    PowerCutController,
    /// Nothing gets from one node to another for a while.
    CutOneWay,
    /// Nothing gets through between two nodes for a while.
    CutBothWays,
    /// Nothing gets to and from one node for a while.
    Isolate,
    /// Frames between two nodes take longer for a while.
    SlowLink,
    /// Some segments between two nodes are lost for a while.
    LossyLink,
    /// A node's disk flushes slowly for a while.
    SlowDisk,
    /// A node's disk is full for a while; the node goes, and starts again later.
    FullDisk,
    /// A node's disk refuses everything for a while; the node goes, and starts again later.
    FailDisk,
    /// A node's clock is wrong for a while.
    SkewClock,
    /// A client is killed.
    KillClient,
    /// SIGSTOP to a client for a while.
    PauseClient,
}

impl FaultKind {
    /// All of them.
    pub(super) const ALL: [FaultKind; 19] = [
        FaultKind::KillBroker,
        FaultKind::StopBroker,
        FaultKind::PauseBroker,
        FaultKind::PowerCutBroker,
        FaultKind::KillController,
        FaultKind::StopController,
        FaultKind::PauseController,
        FaultKind::PowerCutController,
        FaultKind::CutOneWay,
        FaultKind::CutBothWays,
        FaultKind::Isolate,
        FaultKind::SlowLink,
        FaultKind::LossyLink,
        FaultKind::SlowDisk,
        FaultKind::FullDisk,
        FaultKind::FailDisk,
        FaultKind::SkewClock,
        FaultKind::KillClient,
        FaultKind::PauseClient,
    ];
}

/// A kind of command that an administrator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ActionKind {
    /// Creates another topic.
    CreateTopic,
    /// Deletes one of the others.
    DeleteTopic,
    /// Adds a partition.
    AddPartition,
    /// Moves a partition to other brokers, or changes the order of its replicas.
    Reassign,
    /// Elects preferred leaders.
    ElectPreferred,
    /// Changes a setting of the topic.
    TopicConfig,
    /// Changes a setting of the brokers.
    BrokerConfig,
    /// Looks at things.
    Describe,
}

impl ActionKind {
    /// All of them.
    pub(super) const ALL: [ActionKind; 8] = [
        ActionKind::CreateTopic,
        ActionKind::DeleteTopic,
        ActionKind::AddPartition,
        ActionKind::Reassign,
        ActionKind::ElectPreferred,
        ActionKind::TopicConfig,
        ActionKind::BrokerConfig,
        ActionKind::Describe,
    ];
}

/// Each kind with an even chance, and a weight.
pub(super) fn weights<K: Copy>(rng: &mut Rng, kinds: &[K]) -> Vec<(K, u64)> {
    let mut all = Vec::new();
    for kind in kinds {
        let weight = rng.between(1, 8);
        if rng.chance(1, 2) {
            all.push((*kind, weight));
        }
    }
    all
}

/// A kind to cause next; `None` if none is on.
pub(super) fn draw<K: Copy>(rng: &mut Rng, weights: &[(K, u64)]) -> Option<K> {
    let sum: u64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut at = rng.below(sum);
    for (kind, weight) in weights {
        if at < *weight {
            return Some(*kind);
        }
        at -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_follow_their_weights() {
        let weights = vec![(FaultKind::KillBroker, 1), (FaultKind::SlowLink, 3)];
        let mut rng = Rng::new(1);
        let slow = (0..4000).filter(|_| draw(&mut rng, &weights) == Some(FaultKind::SlowLink)).count();
        assert!((2800..3200).contains(&slow), "{slow}");
        assert_eq!(draw::<FaultKind>(&mut rng, &[]), None);
    }
}
