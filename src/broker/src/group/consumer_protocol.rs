//! What consumers write into a group's opaque bytes (`ConsumerProtocol`). Serves views and the check for subscribed topics;
//! invariant: only the prefix that all versions share is read.

use super::codec::{RecordError, get_i16, get_i32, get_string};
use bytes::Bytes;

/// The protocol type of consumers.
pub(crate) const PROTOCOL_TYPE: &str = "consumer";

/// The topics of a subscription (`ConsumerProtocolSubscription`).
pub(crate) fn subscribed(bytes: &Bytes) -> Result<Vec<String>, RecordError> {
    let mut bytes = bytes.clone();
    get_i16(&mut bytes)?;
    let count = get_i32(&mut bytes)?;
    (0..count.max(0)).map(|_| get_string(&mut bytes)).collect()
}

/// The topics and partitions of an assignment (`ConsumerProtocolAssignment`); nothing if it is not one.
pub(crate) fn assigned(bytes: &Bytes) -> Vec<(String, Vec<i32>)> {
    read_assignment(bytes.clone()).unwrap_or_default()
}

fn read_assignment(mut bytes: Bytes) -> Result<Vec<(String, Vec<i32>)>, RecordError> {
    get_i16(&mut bytes)?;
    let topics = get_i32(&mut bytes)?;
    let mut all = Vec::new();
    for _ in 0..topics.max(0) {
        let topic = get_string(&mut bytes)?;
        let count = get_i32(&mut bytes)?;
        let partitions = (0..count.max(0)).map(|_| get_i32(&mut bytes)).collect::<Result<Vec<i32>, RecordError>>()?;
        all.push((topic, partitions));
    }
    Ok(all)
}
