//! Makes partitions follow the metadata (`applyDelta`). Serves the node; invariant: an older partition epoch never undoes
//! a newer one.

use super::{Partition, Place, ReplicaManager, Role};
use ottla_controller::{MetadataImage, image::PartitionState};
use ottla_log::{
    CLEAN_SHUTDOWN_FILE, DELETE_DIR_SUFFIX, LogError, PartitionLog, PartitionMetadata, Shutdown, parse_log_dir_name,
};
use ottla_wire::java::uuid_text;
use ottla_world::Context;
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeSet;

/// The metadata log lives beside the partitions and is not one of them.
const METADATA_TOPIC: &str = "__cluster_metadata";

impl ReplicaManager {
    /// Brings all partitions in line with an image. The partitions whose leadership here began or ended.
    pub(crate) fn apply(&mut self, cx: &mut Context<'_>, image: &MetadataImage) -> Vec<Place> {
        let active = image.brokers().values().filter(|b| image.is_active(b.id));
        self.eligible.epochs = active.map(|b| (b.id, b.epoch)).collect();
        if !std::mem::replace(&mut self.started, true) {
            // From here on the logs change: until they are closed in order they are not clean (`LogManager.loadLogs`).
            cx.disk().remove(&format!("{}/{CLEAN_SHUTDOWN_FILE}", self.log_dir));
            self.remove_strays(cx, image);
        }
        let mut changed = Vec::new();
        let mut wanted: BTreeSet<Place> = BTreeSet::new();
        for topic in image.topics() {
            let me = self.me;
            for (index, state) in topic.partitions.iter().filter(|(_, s)| s.replicas.contains(&me)) {
                let place = (topic.id, *index);
                wanted.insert(place);
                if !self.partitions.contains_key(&place) && !self.open(cx, image, place, &topic.name, state) {
                    continue;
                }
                if self.follow(cx, place, state) {
                    changed.push(place);
                }
            }
        }
        let gone: Vec<Place> = self.partitions.keys().filter(|p| !wanted.contains(*p)).copied().collect();
        for place in gone {
            if let Some(partition) = self.partitions.remove(&place) {
                let unique = cx.rng().uuid_bytes().map(|byte| format!("{byte:02x}")).concat();
                match partition.log.delete_later(cx.disk(), &unique) {
                    Ok(files) => self.doomed.extend(files),
                    Err(error) => self.note_error(cx, &partition.topic, &error),
                }
                self.moved.insert(place);
                changed.push(place);
            }
        }
        self.configure(image);
        changed
    }

    /// Removes the logs of topics that were deleted, or of replicas moved away, while this broker was down
    /// (`LogManager.isStrayReplica`).
    fn remove_strays(&mut self, cx: &mut Context<'_>, image: &MetadataImage) {
        let prefix = format!("{}/", self.log_dir);
        let in_directory = |path: &str| path.strip_prefix(&prefix)?.split_once('/').map(|(dir, _)| dir.to_owned());
        let dirs: BTreeSet<String> = cx.disk().list(&prefix).filter_map(in_directory).collect();
        for dir in dirs {
            if dir.ends_with(DELETE_DIR_SUFFIX) {
                // Deleted before the crash, and still here.
                self.doomed.extend(cx.disk().list(&format!("{prefix}{dir}/")).map(str::to_owned));
            }
            let Some((topic, index)) = parse_log_dir_name(&dir).filter(|(topic, _)| *topic != METADATA_TOPIC) else {
                continue;
            };
            let path = format!("{prefix}{dir}");
            let Some(kept) = PartitionMetadata::load(cx.disk(), &path).ok().flatten() else { continue };
            let known = image.topic(topic).filter(|t| uuid_text(t.id) == kept.topic_id);
            let mine = known.and_then(|t| t.partitions.get(&index)).is_some_and(|p| p.replicas.contains(&self.me));
            if !mine {
                cx.note(format!("{dir}: a stray log (topic id {}), removed", kept.topic_id));
                cx.disk().remove_all(&format!("{path}/"));
            }
        }
    }

    fn configure(&mut self, image: &MetadataImage) {
        if !std::mem::replace(&mut self.reconfigured, false) {
            return;
        }
        self.throttles.configure(self.me, image);
        let names: BTreeSet<String> = self.partitions.values().map(|p| p.topic.clone()).collect();
        for name in names {
            let config = self.log_config(image, &name);
            for partition in self.partitions.values_mut().filter(|p| p.topic == name && *p.log.config() != config) {
                partition.log.update_config(config.clone());
            }
        }
    }

    fn open(
        &mut self,
        cx: &mut Context<'_>,
        image: &MetadataImage,
        place: Place,
        name: &str,
        state: &PartitionState,
    ) -> bool {
        let dir = format!("{}/{name}-{}", self.log_dir, place.1);
        let id = uuid_text(place.0);
        let found = PartitionMetadata::load(cx.disk(), &dir).ok().flatten();
        let kept = found.as_ref().is_some_and(|found| found.topic_id == id);
        if found.is_some() && !kept {
            // A deleted topic of the same name.
            cx.disk().remove_all(&format!("{dir}/"));
        }
        let key = (name.to_owned(), place.1);
        let config = self.log_config(image, name);
        let recovery_point = self.checkpoints.recovery_points.get(&key).copied().filter(|_| kept).unwrap_or(0);
        let after = if self.clean { Shutdown::Clean } else { Shutdown::UncleanAfter(recovery_point) };
        let wall_ms = cx.wall_ms();
        let opened = PartitionLog::open(cx.disk(), &dir, config, after, wall_ms);
        let (mut log, recovery) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.note_error(cx, &dir, &error);
                return false;
            }
        };
        if recovery.truncated_bytes > 0 {
            cx.note(format!("{name}-{}: torn tail truncated, {} bytes", place.1, recovery.truncated_bytes));
        }
        let restored = if kept {
            self.restore(cx, &mut log, &key)
        } else {
            PartitionMetadata { topic_id: id }.store(cx.disk(), &dir)
        };
        if let Err(error) = restored {
            self.note_error(cx, &dir, &error);
            return false;
        }
        // A state older than any: `follow` takes the role.
        let mut state = state.clone();
        (state.leader_epoch, state.partition_epoch) = (-1, -1);
        let (topic, topic_id, index) = (name.to_owned(), place.0, place.1);
        self.partitions.insert(place, Partition { topic, topic_id, index, log, role: Role::Follower, state });
        true
    }

    /// Takes over what the checkpoints say of a log that was here before.
    fn restore(&self, cx: &mut Context<'_>, log: &mut PartitionLog, key: &(String, i32)) -> Result<(), LogError> {
        if let Some(start) = self.checkpoints.log_starts.get(key) {
            log.restore_log_start(cx.disk(), *start)?;
        }
        log.restore_cleaned_to(self.checkpoints.cleaned.get(key).copied());
        log.set_high_watermark(self.checkpoints.high_watermarks.get(key).copied().unwrap_or(0));
        Ok(())
    }

    /// Takes over a partition's state; true if leadership here began or ended.
    fn follow(&mut self, cx: &mut Context<'_>, place: Place, state: &PartitionState) -> bool {
        let (me, now) = (self.me, cx.now());
        let Some(partition) = self.partitions.get_mut(&place) else { return false };
        if state.partition_epoch <= partition.state.partition_epoch {
            return false;
        }
        let new_epoch = state.leader_epoch > partition.state.leader_epoch;
        let was_leader = partition.is_leader();
        partition.state = state.clone();
        partition.assert_isr();
        self.moved.insert(place);
        if state.leader != me {
            partition.role = Role::Follower;
            if new_epoch && mutation::is(Mutation::TruncatesToHighWatermark) {
                let to = partition.log.high_watermark();
                drop(partition.log.truncate_to(cx.disk(), to));
            }
            return was_leader;
        }
        if new_epoch || !was_leader {
            partition.lead(me, now);
            let end = partition.log.log_end_offset();
            if let Err(error) = partition.log.assign_epoch_start(cx.disk(), state.leader_epoch, end) {
                let name = format!("{}-{}", partition.topic, partition.index);
                partition.role = Role::Offline;
                self.note_error(cx, &name, &error);
                return was_leader;
            }
            if !was_leader {
                cx.note(format!("{}-{}: leader, epoch {}", partition.topic, partition.index, state.leader_epoch));
            }
        } else {
            partition.go_on_leading(me);
        }
        self.advance(place, now);
        !was_leader
    }
}
