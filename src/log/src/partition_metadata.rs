//! `partition.metadata`: the topic id of a partition's directory (`PartitionMetadataFile`, KIP-516).
//!
//! Serves brokers, which must not take the data of a deleted topic for that of a new one of the same name.

use crate::LogError;
use crate::names::PARTITION_METADATA_FILE;
use ottla_world::Disk;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Topic id in Kafka's base64 text form.
    pub topic_id: String,
}

impl PartitionMetadata {
    /// Reads the file of a partition's directory; `None` if there is none.
    ///
    /// # Errors
    /// [`LogError::MalformedFile`].
    pub fn load(disk: &Disk, dir: &str) -> Result<Option<Self>, LogError> {
        let path = path(dir);
        let Some(bytes) = disk.read_all(&path) else { return Ok(None) };
        let parsed = std::str::from_utf8(&bytes).ok().and_then(parse);
        let malformed = || LogError::MalformedFile { path, reason: "not a partition's metadata".to_owned() };
        parsed.map(Some).ok_or_else(malformed)
    }

    /// Writes the file, durably.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn store(&self, disk: &mut Disk, dir: &str) -> Result<(), LogError> {
        let text = format!("version: 0\ntopic_id: {}\n", self.topic_id);
        Ok(disk.replace(&path(dir), text.as_bytes())?)
    }
}

fn path(dir: &str) -> String {
    format!("{dir}/{PARTITION_METADATA_FILE}")
}

fn parse(text: &str) -> Option<PartitionMetadata> {
    let mut lines = text.lines();
    if lines.next()? != "version: 0" {
        return None;
    }
    let topic_id = lines.next()?.strip_prefix("topic_id: ")?;
    (!topic_id.is_empty()).then(|| PartitionMetadata { topic_id: topic_id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_kafkas() {
        let mut disk = Disk::default();
        assert_eq!(PartitionMetadata::load(&disk, "node-1/orders-0"), Ok(None));
        let metadata = PartitionMetadata { topic_id: "Hkmhm2w8RmqTcGHxKiVXHA".to_owned() };
        metadata.store(&mut disk, "node-1/orders-0").unwrap();
        let text = disk.read_all("node-1/orders-0/partition.metadata").unwrap();
        assert_eq!(text, &b"version: 0\ntopic_id: Hkmhm2w8RmqTcGHxKiVXHA\n"[..]);
        assert_eq!(PartitionMetadata::load(&disk, "node-1/orders-0"), Ok(Some(metadata)));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        for text in ["", "version: 1\ntopic_id: a\n", "version: 0\n", "version: 0\ntopic_id: \n"] {
            let mut disk = Disk::default();
            disk.replace("d/partition.metadata", text.as_bytes()).unwrap();
            assert!(PartitionMetadata::load(&disk, "d").is_err(), "{text:?}");
        }
    }
}
