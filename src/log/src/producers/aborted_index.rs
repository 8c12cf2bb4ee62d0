//! The file of a segment's aborted transactions (`TransactionIndex`, `AbortedTxn`): 34 bytes each.
//!
//! Serves loading of segments that are not walked. Invariant: a transaction stands with the segment of its marker.

use super::AbortedTransaction;
use bytes::{Buf, BufMut};

const VERSION: i16 = 0;
const ENTRY_BYTES: usize = 34;

/// The entries' bytes.
pub(crate) fn encode<'a>(transactions: impl Iterator<Item = &'a AbortedTransaction>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for txn in transactions {
        bytes.put_i16(VERSION);
        bytes.put_i64(txn.producer_id);
        bytes.put_i64(txn.first_offset);
        bytes.put_i64(txn.last_offset);
        bytes.put_i64(txn.last_stable_offset);
    }
    bytes
}

/// The transactions of a `.txnindex` file; nothing if it is damaged.
#[must_use]
pub fn read_transaction_index(bytes: &[u8]) -> Option<Vec<AbortedTransaction>> {
    let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
    let read = |entry: &[u8; ENTRY_BYTES]| {
        let mut input = &entry[..];
        let version = input.get_i16();
        let (producer_id, first_offset) = (input.get_i64(), input.get_i64());
        let (last_offset, last_stable_offset) = (input.get_i64(), input.get_i64());
        let sound = version >= VERSION && (0..=last_offset).contains(&first_offset);
        sound.then_some(AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset })
    };
    if rest.is_empty() { entries.iter().map(read).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_told() {
        let one = AbortedTransaction { producer_id: 7, first_offset: 3, last_offset: 9, last_stable_offset: 10 };
        let two = AbortedTransaction { producer_id: 8, first_offset: 5, ..one };
        let bytes = encode([one, two].iter());
        assert_eq!((bytes.len(), &bytes[..10]), (68, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 7][..]));
        assert_eq!(read_transaction_index(&bytes), Some(vec![one, two]));
        assert_eq!(read_transaction_index(&[]), Some(Vec::new()));
        assert_eq!(read_transaction_index(&bytes[..67]), None);
        assert_eq!(read_transaction_index(&[0xff; 34]), None);
    }
}
