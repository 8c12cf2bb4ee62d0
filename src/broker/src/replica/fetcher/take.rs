//! What a follower does with a leader's answer for one partition (`AbstractFetcherThread.processFetchRequest`). Serves the
//! fetchers; invariant: what diverges is cut off before anything is appended, and nothing else is.

use crate::replica::Partition;
use ottla_log::LogError;
use ottla_wire::{ErrorCode, messages::fetch_response::PartitionData};
use ottla_world::{
    Context,
    mutation::{self, Mutation},
};

/// Why what a leader sent was not taken.
pub(super) enum Untaken {
    /// The leader refused.
    Refused(ErrorCode),
    /// The log refused.
    Log(LogError),
}

impl From<LogError> for Untaken {
    fn from(error: LogError) -> Untaken {
        Untaken::Log(error)
    }
}

/// Takes what the leader sent.
pub(super) fn take(cx: &mut Context<'_>, partition: &mut Partition, data: PartitionData) -> Result<(), Untaken> {
    let end = partition.log.log_end_offset();
    match ErrorCode::from_code(data.error_code) {
        ErrorCode::None => {}
        ErrorCode::OffsetOutOfRange
            if data.log_start_offset > end
                || (data.log_start_offset >= 0 && partition.log.latest_epoch().is_none()) =>
        {
            // The leader has forgotten what would come next here, or this log is empty and begins behind the leader's
            // end, which an unclean election took back (`fetchOffsetAndTruncate`).
            let start = data.log_start_offset;
            let name = format!("{}-{}", partition.topic, partition.index);
            cx.note(format!("{name}: its end {end} is out of the leader's range, starts anew at {start}"));
            return Ok(partition.log.truncate_fully_and_start_at(cx.disk(), start)?);
        }
        error => return Err(Untaken::Refused(error)),
    }
    if data.diverging_epoch.end_offset >= 0 && mutation::is(Mutation::FollowerKeepsDivergence) {
        return Ok(());
    }
    if data.diverging_epoch.end_offset >= 0 {
        let (epoch, leader_end) = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        let to = truncation_offset(partition, epoch, leader_end);
        cx.note(format!("{}-{}: truncated from {end} to {to}, epoch {epoch}", partition.topic, partition.index));
        return Ok(partition.log.truncate_to(cx.disk(), to)?);
    }
    let records = data.records.unwrap_or_default();
    if !records.is_empty() {
        partition.log.append_as_follower(cx.disk(), records)?;
    }
    // It may go back: a new leader learns only now what was committed (`maybeUpdateHighWatermark`).
    partition.log.set_high_watermark(data.high_watermark);
    let start = data.log_start_offset.min(partition.log.high_watermark());
    if start > partition.log.log_start_offset() {
        partition.log.advance_log_start(cx.disk(), start)?;
    }
    Ok(())
}

/// Where to cut: the leader's greatest epoch up to the one asked for ends there at `leader_end`. If this log does not have
/// that epoch, it is cut to the end of the next lower one, and the leader is asked again (`getOffsetTruncationState`,
/// KIP-279).
fn truncation_offset(partition: &Partition, epoch: i32, leader_end: i64) -> i64 {
    let (own, end) = (partition.log.end_offset_for_epoch(epoch), partition.log.log_end_offset());
    let to = match own {
        own if own.is_undefined() => leader_end,
        own if own.epoch == epoch => own.end_offset.min(leader_end),
        own => own.end_offset,
    };
    to.min(end)
}
