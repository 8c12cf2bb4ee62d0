//! Reading one partition for a fetch (`Partition.fetchRecords`). Serves the fetch handler; invariant: a follower whose log
//! diverges is told where before it gets a record, and its progress counts only where it does not.

use super::{Reader, Wanted};
use crate::{
    node::Running,
    replica::{FollowerFetch, Partition, Place, Role},
};
use bytes::Bytes;
use ottla_wire::{
    BrokerId, ErrorCode, ProducerId,
    messages::{
        fetch_request::FetchPartition,
        fetch_response::{AbortedTransaction, EpochEndOffset, LeaderIdAndEpoch, PartitionData},
    },
};
use ottla_world::{
    Context,
    mutation::{self, Mutation},
};

/// What one partition may give.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) bytes: u64,
    /// The first batch comes even if it is larger (KIP-74).
    pub(super) min_one: bool,
}

impl Running {
    /// A partition's row, and whether its reader has everything.
    pub(super) fn read_or_refuse(
        &mut self,
        cx: &mut Context<'_>,
        wanted: &Wanted,
        reader: &Reader,
        room: Room,
        fresh: bool,
    ) -> (PartitionData, bool) {
        let read = self.read(cx, wanted, reader, room, fresh);
        let (row, bound) = match read {
            Ok(read) => read,
            Err(error) => return (self.fetch_refusal(wanted.place, error), false),
        };
        let at_end = wanted.partition.fetch_offset >= bound;
        let partition = wanted.place.and_then(|place| self.replicas.partitions.get(&place));
        let settled = match reader.follower {
            Some((follower, _)) => partition.is_some_and(|p| p.is_settled(follower)),
            None => partition.is_some(),
        };
        (row, at_end && settled)
    }

    /// A partition's row, and the offset up to which it may be read.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        wanted: &Wanted,
        reader: &Reader,
        room: Room,
        fresh: bool,
    ) -> Result<(PartitionData, i64), ErrorCode> {
        let unknown = match reader.by_id && !wanted.known {
            true => ErrorCode::UnknownTopicId,
            false => ErrorCode::UnknownTopicOrPartition,
        };
        let place = wanted.place.filter(|place| self.image.topic_by_id(place.0).is_some()).ok_or(unknown)?;
        let asked = &wanted.partition;
        let partition = self.check_fetch(place, asked, reader)?;
        if let Some((follower, _)) = reader.follower
            && !partition.knows(follower)
        {
            // No replica here, as far as this leader knows: one of them is behind (`followerReplicaOrThrow`).
            let error = match asked.current_leader_epoch {
                ..0 => ErrorCode::NotLeaderOrFollower,
                _ => ErrorCode::UnknownLeaderEpoch,
            };
            return Err(error);
        }
        let log = &partition.log;
        let mut row = PartitionData::default()
            .with_high_watermark(log.high_watermark())
            .with_last_stable_offset(log.last_stable_offset())
            .with_log_start_offset(log.log_start_offset())
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        let bound = match reader.follower {
            Some(_) => log.log_end_offset(),
            None if mutation::is(Mutation::ReadsAboveHighWatermark) => log.log_end_offset(),
            None if reader.committed => log.last_stable_offset(),
            None => log.high_watermark(),
        };
        if let Some(preferred) = self.preferred_read_replica(partition, asked.fetch_offset, reader) {
            return Ok((row.with_preferred_read_replica(BrokerId(preferred)), bound));
        }
        if let Some(diverging) = divergence(partition, asked)? {
            return Ok((row.with_diverging_epoch(diverging), bound));
        }
        let most = u64::try_from(asked.partition_max_bytes).unwrap_or(0).min(room.bytes);
        let read = log.read(cx.disk(), asked.fetch_offset, most, bound, room.min_one);
        let records = read.map_err(|error| error.error_code())?;
        let waits = reader.follower.is_some_and(|(follower, _)| {
            !partition.state.isr.contains(&follower) && self.replicas.throttles.leader.holds_back(place, cx.now())
        });
        row.records = Some(if waits { Bytes::new() } else { records });
        if reader.committed {
            let aborted = log.aborted_transactions(asked.fetch_offset, bound).into_iter().map(|t| {
                let row = AbortedTransaction::default().with_producer_id(ProducerId(t.producer_id));
                row.with_first_offset(t.first_offset)
            });
            row.aborted_transactions = Some(aborted.collect());
        }
        if let (true, Some(follower)) = (fresh, reader.follower) {
            self.follower_fetched(cx, place, follower, asked)?;
        }
        Ok((row, bound))
    }

    /// The partition, if this broker may serve it to this reader in the epoch that he knows: followers read from the
    /// leader, consumers of today from any replica (`Partition.localLogWithEpochOrThrow`).
    fn check_fetch(&self, place: Place, asked: &FetchPartition, reader: &Reader) -> Result<&Partition, ErrorCode> {
        let exists = self.image.partition_by_id(place.0, place.1).is_some();
        let missing = if exists { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition };
        let partition = self.replicas.partitions.get(&place).ok_or(missing)?;
        match (asked.current_leader_epoch, partition.state.leader_epoch) {
            (theirs, ours) if theirs >= 0 && theirs < ours => return Err(ErrorCode::FencedLeaderEpoch),
            (theirs, ours) if theirs > ours => return Err(ErrorCode::UnknownLeaderEpoch),
            _ => {}
        }
        match partition.role {
            Role::Offline => Err(ErrorCode::KafkaStorageError),
            Role::Leader(_) => Ok(partition),
            Role::Follower if reader.rack.is_some() => Ok(partition),
            Role::Follower => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Notes a follower's progress (`Partition.updateFollowerFetchState`).
    fn follower_fetched(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        (follower, broker_epoch): (i32, i64),
        asked: &FetchPartition,
    ) -> Result<(), ErrorCode> {
        let now = cx.now();
        if self.replicas.eligible.outdates(follower, broker_epoch) {
            // An earlier incarnation of that broker: its fetch came late (KIP-903).
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return Ok(()) };
        let (offset, log_start_offset) = (asked.fetch_offset, asked.log_start_offset);
        let before = partition.progress_of(follower);
        if before.is_some_and(|(_, start)| start != log_start_offset) {
            // For those who wait for records to be deleted everywhere.
            self.replicas.moved.insert(place);
        }
        partition.follower_fetched(follower, FollowerFetch { offset, log_start_offset, broker_epoch }, now);
        if partition.may_join_isr(follower, &self.replicas.eligible) {
            let mut isr = partition.state.isr.clone();
            isr.push(follower);
            self.propose_isr(cx, place, isr);
        }
        if before.is_none_or(|(end, _)| end != offset) {
            self.replicas.advance(place, now);
        }
        Ok(())
    }

    fn fetch_refusal(&self, place: Option<Place>, error: ErrorCode) -> PartitionData {
        let partition = place.and_then(|place| self.replicas.partitions.get(&place));
        let row = PartitionData::default()
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(partition.map_or(-1, |p| p.log.log_start_offset()))
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        match place.and_then(|(id, n)| self.image.partition_by_id(id, n)) {
            Some(s) if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) => {
                let current = LeaderIdAndEpoch::default().with_leader_id(BrokerId(s.leader));
                row.with_current_leader(current.with_leader_epoch(s.leader_epoch))
            }
            _ => row,
        }
    }
}

/// Where the fetcher's log parts from this one, if it does (KIP-320, KIP-595).
fn divergence(partition: &Partition, asked: &FetchPartition) -> Result<Option<EpochEndOffset>, ErrorCode> {
    if asked.last_fetched_epoch < 0 || mutation::is(Mutation::FetchIgnoresLeaderEpoch) {
        return Ok(None);
    }
    let end = partition.log.end_offset_for_epoch(asked.last_fetched_epoch);
    if end.is_undefined() || asked.fetch_offset < partition.log.log_start_offset() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let diverges = end.epoch < asked.last_fetched_epoch || end.end_offset < asked.fetch_offset;
    Ok(diverges.then(|| EpochEndOffset::default().with_epoch(end.epoch).with_end_offset(end.end_offset)))
}
