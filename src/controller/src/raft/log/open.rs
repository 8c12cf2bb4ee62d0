//! Finds the log on a disk: what is torn or damaged is cut off. Serves the start of a node; invariant: what is left is whole.

use super::{EpochAndOffset, LogSettings, MetadataLog, MetadataLogError, Segment, snapshots};
use ottla_records::Batches;
use ottla_world::Disk;

impl MetadataLog {
    /// Opens the log in `dir` (such as `node-11/__cluster_metadata-0`), makes it if missing, cuts a torn tail off and removes
    /// damaged snapshots. A log that ends before its newest snapshot begins anew there.
    ///
    /// # Errors
    /// A disk that can't be written, or a log without its beginning for which no snapshot is left.
    pub fn open(disk: &mut Disk, dir: &str, settings: LogSettings) -> Result<MetadataLog, MetadataLogError> {
        let snapshots = snapshots::find(disk, dir);
        let start = EpochAndOffset::default();
        let mut log = MetadataLog {
            dir: dir.into(),
            settings,
            segments: Vec::new(),
            epochs: Vec::new(),
            snapshots,
            start,
            end_offset: 0,
            recent: Default::default(),
        };
        let bases = log.bases(disk);
        let first = bases.first().copied();
        for base in &bases {
            if Some(*base) == first || *base == log.end_offset {
                log.recover_segment(disk, *base)?;
            } else {
                disk.remove(&Segment::new(*base).path(dir));
            }
        }
        log.settle_start(disk, first)?;
        log.store_epochs(disk)?;
        Ok(log)
    }

    /// Removes all of it: an observer that can't go on from what it has fetches everything again.
    pub fn wipe(disk: &mut Disk, dir: &str) {
        disk.remove_all(&format!("{dir}/"));
    }

    fn bases(&self, disk: &Disk) -> Vec<i64> {
        let prefix = format!("{}/", self.dir);
        let base = |path: &str| path.strip_prefix(&prefix)?.strip_suffix(".log")?.parse().ok();
        let mut bases: Vec<i64> = disk.list(&prefix).filter_map(base).filter(|base| *base >= 0).collect();
        bases.sort_unstable();
        bases
    }

    /// Reads one file as far as it is whole and cuts the rest off.
    fn recover_segment(&mut self, disk: &mut Disk, base: i64) -> Result<(), MetadataLogError> {
        self.segments.push(Segment::new(base));
        self.end_offset = base;
        let path = self.path();
        for batch in Batches::new(disk.read_all(&path).unwrap_or_default()) {
            let Ok(batch) = batch else { break };
            if batch.verify_crc().is_err() || batch.header.base_offset != self.end_offset {
                break;
            }
            self.count(&batch);
        }
        let size = self.segments.last().map_or(0, |segment| segment.size_bytes);
        if disk.len(&path) != Some(size) {
            disk.truncate(&path, size)?;
        }
        Ok(())
    }

    /// Where the log begins, given the first file's base offset.
    fn settle_start(&mut self, disk: &mut Disk, first: Option<i64>) -> Result<(), MetadataLogError> {
        if first.is_none() {
            self.begin_segment(disk, 0)?;
            let id = "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ";
            disk.replace(&format!("{}/partition.metadata", self.dir), id.as_bytes())?;
        }
        if let Some(latest) = self.latest_snapshot().filter(|latest| latest.id.offset > self.end_offset) {
            return self.restart_at_snapshot(disk, latest.id);
        }
        let Some(base) = first.filter(|base| *base > 0) else { return Ok(()) };
        // What ends before the first file can't be continued.
        for old in self.snapshots.iter().filter(|snapshot| snapshot.id.offset < base) {
            disk.remove(&snapshots::path(&self.dir, old.id));
        }
        self.snapshots.retain(|snapshot| snapshot.id.offset >= base);
        match self.snapshots.first() {
            Some(earliest) => {
                self.start = earliest.id;
                Ok(())
            }
            None => Err(MetadataLogError::NoSnapshot(base)),
        }
    }
}
