//! Closing a consumer. Serves the tools on their way out; invariant: positions are committed, then the group is left, then
//! the connections close, all within 30 seconds (Kafka's `KafkaConsumer.close`).

use super::commit::{Commit, CommitKind};
use super::{Asked, Consumer};
use ottla_world::{Context, Time};
use std::collections::BTreeSet;

const CLOSE_TIMEOUT_MS: u64 = 30_000;

/// How far closing is; each step has the same deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Not begun.
    Open,
    /// The last commit is on its way.
    Committing(Time),
    /// The coordinator is told.
    Leaving(Time),
    /// Done.
    Closed,
}

impl Closing {
    /// When closing is given up.
    pub(super) fn deadline(self) -> Option<Time> {
        match self {
            Closing::Committing(at) | Closing::Leaving(at) => Some(at),
            Closing::Open | Closing::Closed => None,
        }
    }
}

impl Consumer {
    /// Commits if auto-commit is on, leaves the group, closes the connections; finished when [`Consumer::is_closed`].
    pub fn close(&mut self, cx: &mut Context<'_>) {
        if self.closing != Closing::Open {
            return;
        }
        let deadline = cx.now().plus_millis(CLOSE_TIMEOUT_MS);
        self.closing = Closing::Committing(deadline);
        self.buffered.clear();
        if self.config.auto_commit {
            let offsets = self.subscription.all_consumed();
            self.send_commit(cx, Commit { offsets, kind: CommitKind::Close(deadline), at: cx.now() });
        } else {
            self.close_committed = true;
        }
        self.poll(cx);
    }

    /// Whether a close has finished.
    pub fn is_closed(&self) -> bool {
        self.closing == Closing::Closed
    }

    pub(super) fn advance_close(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if let Closing::Committing(deadline) = self.closing
            && (self.close_committed || deadline <= now)
        {
            self.closing = Closing::Leaving(deadline);
            if self.subscription.is_group_managed() {
                let held: BTreeSet<_> = self.subscription.partitions.keys().cloned().collect();
                let is_lost = self.coordinator.generation < 0;
                self.give_back(held, is_lost);
                self.leave(cx, "the consumer is being closed");
            }
        }
        if let Closing::Leaving(deadline) = self.closing {
            let waits = |asked: &Asked| matches!(asked, Asked::Leave | Asked::Commit(_));
            if !self.asked.values().any(waits) || deadline <= now {
                self.network.close(cx);
                self.asked.clear();
                self.wakeup = None;
                self.closing = Closing::Closed;
            }
        }
    }
}
