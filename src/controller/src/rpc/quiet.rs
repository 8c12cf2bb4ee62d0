//! The Fetch of the metadata log and its answer as a quiet cluster sends them twenty times a second: written and read here
//! without the general codec, which costs ten times as much.
//!
//! Serves the quorum's driver. Invariant: the bytes are those of the general codec; whatever is in any way unusual is left
//! to it (`None`).

use super::{EndpointTable, METADATA_TOPIC_ID};
use crate::raft::{FetchRequest, FetchedData, RaftError, RaftResponse, ResponseBody};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_wire::{ApiKey, Uuid};

/// The version in which both are written.
pub const QUIET_FETCH_VERSION: i16 = 18;
/// More than the fixed fields take.
const FIXED_BYTES: usize = 192;
const HOST: &[u8] = b"localhost";

/// A fetch's frame; `None` for names that are long.
pub fn write_fetch_request(
    request: &FetchRequest,
    (correlation_id, client_id): (i32, &str),
    cluster_id: &str,
    directory_id: Uuid,
) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(FIXED_BYTES + client_id.len() + cluster_id.len());
    out.put_i16(ApiKey::Fetch as i16);
    out.put_i16(QUIET_FETCH_VERSION);
    out.put_i32(correlation_id);
    out.put_i16(i16::try_from(client_id.len()).ok()?);
    out.put_slice(client_id.as_bytes());
    out.put_u8(0);
    out.put_i32(i32::try_from(request.max_wait_ms).ok()?);
    // No isolation level, no session.
    out.put_i32(MIN_BYTES);
    out.put_i32(i32::try_from(request.max_bytes).ok()?);
    out.put_i8(0);
    out.put_i32(0);
    out.put_i32(-1);
    one(&mut out);
    out.put_slice(METADATA_TOPIC_ID.as_bytes());
    one(&mut out);
    out.put_i32(0);
    out.put_i32(request.epoch);
    out.put_i64(request.offset);
    out.put_i32(request.last_fetched_epoch);
    out.put_i64(-1);
    out.put_i32(0);
    out.put_u8(u8::from(!directory_id.is_nil()) + u8::from(request.high_watermark != i64::MAX));
    if !directory_id.is_nil() {
        out.put_slice(&[0, 16]);
        out.put_slice(directory_id.as_bytes());
    }
    if request.high_watermark != i64::MAX {
        out.put_slice(&[1, 8]);
        out.put_i64(request.high_watermark);
    }
    // No more fields of the topic, no forgotten topics, an empty rack.
    out.put_slice(&[0, 1, 1]);
    let name_bytes = u8::try_from(cluster_id.len()).ok().filter(|bytes| *bytes < 0x7e)? + 1;
    out.put_slice(&[2, 0, name_bytes, name_bytes]);
    out.put_slice(cluster_id.as_bytes());
    out.put_slice(&[1, 13]);
    out.put_i32(request.replica_id);
    out.put_i64(-1);
    out.put_u8(0);
    Some(out.freeze())
}

/// `min_bytes` of every fetch of the metadata log.
const MIN_BYTES: i32 = 0;

/// An array of one element, in the compact form.
fn one(out: &mut BytesMut) {
    out.put_u8(2);
}

/// A fetch from a frame: its correlation id, itself and the replica's directory. `None` for anything but what
/// [`write_fetch_request`] writes for this cluster.
pub fn read_fetch_request(frame: &[u8], cluster_id: &str) -> Option<(i32, FetchRequest, Uuid)> {
    let mut input = Cursor(frame);
    (input.i16()? == ApiKey::Fetch as i16 && input.i16()? == QUIET_FETCH_VERSION).then_some(())?;
    let correlation_id = input.i32()?;
    let name_bytes = usize::try_from(input.i16()?).ok()?;
    std::str::from_utf8(input.take(name_bytes)?).ok()?;
    input.expect(&[0])?;
    let max_wait_ms = u64::try_from(input.i32()?).ok()?;
    (input.i32()? == MIN_BYTES).then_some(())?;
    let max_bytes = u64::try_from(input.i32()?).ok()?;
    input.expect(&[0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 2])?;
    input.expect(METADATA_TOPIC_ID.as_bytes())?;
    input.expect(&[2, 0, 0, 0, 0])?;
    let (epoch, offset, last_fetched_epoch) = (input.i32()?, input.i64()?, input.i32()?);
    (input.i64()? == -1 && input.i32()? == 0).then_some(())?;
    let (mut tags, mut directory_id, mut high_watermark) = (input.u8()?, Uuid::nil(), i64::MAX);
    if tags > 0 && input.0.starts_with(&[0, 16]) {
        input.expect(&[0, 16])?;
        directory_id = Uuid::from_slice(input.take(16)?).ok()?;
        tags -= 1;
    }
    if tags > 0 {
        input.expect(&[1, 8])?;
        high_watermark = input.i64()?;
        tags -= 1;
    }
    (tags == 0).then_some(())?;
    input.expect(&[0, 1, 1, 2, 0])?;
    let name_bytes = u8::try_from(cluster_id.len()).ok().filter(|bytes| *bytes < 0x7e)? + 1;
    input.expect(&[name_bytes, name_bytes])?;
    input.expect(cluster_id.as_bytes())?;
    input.expect(&[1, 13])?;
    let replica_id = input.i32()?;
    (replica_id >= 0 && input.i64()? == -1 && input.u8()? == 0 && input.0.is_empty()).then_some(())?;
    let request =
        FetchRequest { replica_id, epoch, offset, last_fetched_epoch, high_watermark, max_bytes, max_wait_ms };
    Some((correlation_id, request, directory_id))
}

/// The frame of a fetch's answer; `None` if it says more than records and a high watermark.
pub fn write_fetch_response(correlation_id: i32, response: &RaftResponse, voters: &EndpointTable) -> Option<Bytes> {
    let ResponseBody::Fetch(data) = &response.body else { return None };
    let leader_id = response.leader_id?;
    let port = voters.iter().find(|(id, _)| *id == leader_id)?.1;
    (response.error == RaftError::None && data.diverging.is_none() && data.snapshot.is_none()).then_some(())?;
    let mut out = BytesMut::with_capacity(FIXED_BYTES + data.records.len());
    out.put_i32(correlation_id);
    out.put_u8(0);
    out.put_i32(0);
    out.put_i16(0);
    out.put_i32(0);
    one(&mut out);
    out.put_slice(METADATA_TOPIC_ID.as_bytes());
    one(&mut out);
    out.put_i32(0);
    out.put_i16(0);
    out.put_i64(data.high_watermark);
    out.put_i64(-1);
    out.put_i64(0);
    // No list of aborted transactions, no preferred read replica.
    out.put_u8(ABORTED);
    out.put_i32(-1);
    put_varint(&mut out, u32::try_from(data.records.len()).ok()?.checked_add(1)?);
    out.put_slice(&data.records);
    out.put_slice(&[1, 1, 9]);
    out.put_i32(leader_id);
    out.put_i32(response.epoch);
    // No more fields: of the leader, of the partition (its length came first), of the topic.
    out.put_slice(&[0, 0]);
    let node_bytes = 1 + 4 + 1 + HOST.len() as u8 + 4 + 1 + 1;
    out.put_slice(&[1, 0, node_bytes, 2]);
    out.put_i32(leader_id);
    out.put_u8(HOST.len() as u8 + 1);
    out.put_slice(HOST);
    out.put_i32(i32::from(port));
    out.put_slice(&[0, 0]);
    Some(out.freeze())
}

/// An empty array of aborted transactions, in the compact form.
const ABORTED: u8 = 1;

/// A fetch's answer from a frame, with its correlation id. `None` for anything but what [`write_fetch_response`] writes.
pub fn read_fetch_response(frame: &Bytes) -> Option<(i32, RaftResponse)> {
    let mut input = Cursor(frame);
    let correlation_id = input.i32()?;
    input.expect(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])?;
    input.expect(METADATA_TOPIC_ID.as_bytes())?;
    input.expect(&[2, 0, 0, 0, 0, 0, 0])?;
    let high_watermark = input.i64()?;
    (input.i64()? == -1 && input.i64()? == 0).then_some(())?;
    input.expect(&[ABORTED, 0xff, 0xff, 0xff, 0xff])?;
    let records_bytes = input.varint()?.checked_sub(1)? as usize;
    let start = frame.len() - input.0.len();
    input.take(records_bytes)?;
    let records = frame.slice(start..start + records_bytes);
    input.expect(&[1, 1, 9])?;
    let (leader_id, epoch) = (input.i32()?, input.i32()?);
    // Who the leader is stands behind it once more, with an endpoint this node knows from its own settings.
    input.expect(&[0, 0, 1, 0])?;
    let rest = usize::from(input.u8()?);
    (leader_id >= 0 && rest < 0x7f && input.0.len() == rest).then_some(())?;
    let body = ResponseBody::Fetch(FetchedData { high_watermark, diverging: None, snapshot: None, records });
    Some((correlation_id, RaftResponse { error: RaftError::None, epoch, leader_id: Some(leader_id), body }))
}

fn put_varint(out: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        (self.take(bytes.len())? == bytes).then_some(())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}
