//! What went wrong with promised records, and why. Serves the ledger's readers; invariant: a loss that Kafka allows is named
//! with what allows it, not hidden.

use super::{Place, account::Account};
use crate::PartitionStep;
use ottla_world::Time;

/// So many moments of one entry are kept.
const MOMENTS: usize = 12;
/// So far back a change of leader is looked for.
const STEPS: usize = 400;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Acknowledged, and no longer in the leader's log.
    Lost,
    /// Behind what its producer sent later.
    OutOfOrder,
    /// In the log once more than it was meant.
    Duplicated,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Not known yet.
    Unknown {
        /// Who leads now.
        leader: i32,
        /// In which epoch.
        epoch: i32,
        /// Where its log ended.
        log_end_offset: i64,
        /// The acknowledgements that were asked for.
        acks: i16,
        /// Who acknowledged.
        acknowledged_by: Option<i32>,
    },
    /// In words.
    Known(String),
    /// A retry without idempotence overtook or was overtaken.
    SentAgainLater,
    /// A retry without idempotence was appended beside the first.
    SentAgain,
}

/// Something that happened to the records of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Time,
    pub(super) node: Option<i32>,
    pub(super) text: String,
    /// The line's number in the event log, if it stands there.
    pub(super) line: Option<u64>,
}

/// Records that something went wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) first_offset: i64,
    pub(super) end_offset: i64,
    pub(super) records: u64,
    pub(super) cause: Cause,
    /// A leader has the records again.
    pub(super) found_again: bool,
    pub(super) events: Vec<Moment>,
}

impl Entry {
    pub(super) fn new(kind: Kind, first_offset: i64, records: u64, cause: Cause, events: Vec<Moment>) -> Entry {
        let end_offset = first_offset.saturating_add_unsigned(records);
        Entry { kind, first_offset, end_offset, records, cause, found_again: false, events }
    }

    pub(super) fn add(&mut self, moment: Moment) {
        if self.events.len() < MOMENTS && !self.events.contains(&moment) {
            self.events.push(moment);
        }
    }

    /// Why, in words.
    pub(super) fn reason(&self) -> &str {
        match &self.cause {
            Cause::Known(text) => text,
            Cause::Unknown { .. } => "a change of leader",
            Cause::SentAgainLater => {
                "a batch was sent again after a later one was written (a retry without idempotence)"
            }
            Cause::SentAgain => {
                "a batch was written, its answer did not arrive, and it was sent again without idempotence"
            }
        }
    }
}

impl Account {
    /// Finds causes of losses in the changes of the partition; false while one is still missing.
    pub(super) fn explain(&mut self, place: &Place, steps: &[PartitionStep]) -> bool {
        let recent = &steps[steps.len().saturating_sub(STEPS)..];
        for entry in &mut self.entries {
            let Cause::Unknown { leader, epoch, log_end_offset, acks, acknowledged_by } = entry.cause else { continue };
            let step = recent.iter().rev().find(|step| {
                let here = step.topic == place.0 && step.partition == place.1;
                here && step.after.leader == Some(leader) && step.after.leader_epoch == epoch
            });
            let Some(step) = step else { return false };
            let unclean = step.before.as_ref().is_some_and(|before| {
                before.leader != Some(leader) && !before.isr.contains(&leader) && !before.elr.contains(&leader)
            });
            let ended =
                format!("broker {leader} became leader (epoch {epoch}) with a log that ended at {log_end_offset}");
            entry.cause = Cause::Known(match acks {
                _ if unclean => format!("unclean election: {ended}, and it was not in sync"),
                _ if acknowledged_by == Some(leader) => {
                    format!(
                        "broker {leader} came back without what it had not flushed: its log ended at {log_end_offset}"
                    )
                }
                1 => format!("acks=1: the leader answered before its followers had the records; {ended}"),
                _ => format!("acks=all with too few in-sync replicas (min.insync.replicas): {ended}"),
            });
        }
        true
    }
}
