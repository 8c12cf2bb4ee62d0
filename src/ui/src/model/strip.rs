//! A log as a row of cells and marks. Serves the log strip; invariant: records that are not drawn are counted at the front,
//! and each mark stands before the first record it does not cover.

use super::key_color;
use crate::text::cluster as text;
use ottla_lab::protocol::{RecordCell, ReplicaStrip};

/// The most records that are drawn.
pub const MOST_CELLS: usize = 8;
/// The most letters within a cell.
const LETTERS: usize = 3;

/// A piece of a strip, from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The log starts at this offset, which is not 0: older records were deleted.
    Start(i64),
    /// So many records stand here that are not drawn.
    More(i64),
    /// From here on records were written under this leader epoch.
    Epoch(i32),
    /// The high watermark: consumers read up to here.
    HighWatermark,
    /// So many offsets have no record: compacted away, or markers of transactions.
    Gap(i64),
    /// From here on the records are not the leader's.
    Diverges(i64),
    /// A record.
    Cell(Cell),
    /// The end of the log.
    End,
}

/// A record as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its offset.
    pub offset: i64,
    /// The first letters of its key, or of its value if it has none; ∅ if it has neither.
    pub sign: String,
    /// The class of its colour.
    pub class: &'static str,
    /// It is below the high watermark.
    pub committed: bool,
    /// A key without a value: on a compacted topic it deletes the key.
    pub tombstone: bool,
    /// The leader's log has something else here, or nothing.
    pub divergent: bool,
    /// Offset, key and value in words.
    pub words: String,
}

/// The pieces of a replica's strip.
pub fn pieces(replica: &ReplicaStrip) -> Vec<Piece> {
    let from = replica.cells.len().saturating_sub(MOST_CELLS);
    let drawn = &replica.cells[from..];
    let first = drawn.first().map_or(replica.log_end_offset, |cell| cell.offset);
    let mut pieces = Vec::new();
    if replica.log_start_offset > 0 {
        pieces.push(Piece::Start(replica.log_start_offset));
    }
    if first > replica.log_start_offset {
        pieces.push(Piece::More(first - replica.log_start_offset));
    }
    let mut epoch = from.checked_sub(1).map(|before| replica.cells[before].leader_epoch);
    let mut marked = false;
    let mut next = first;
    for record in drawn {
        if record.offset > next {
            pieces.push(Piece::Gap(record.offset - next));
        }
        next = record.offset + 1;
        if !marked && record.offset >= replica.high_watermark {
            pieces.push(Piece::HighWatermark);
            marked = true;
        }
        if replica.diverges_at == Some(record.offset) {
            pieces.push(Piece::Diverges(record.offset));
        }
        if epoch.is_some_and(|before| before != record.leader_epoch) {
            pieces.push(Piece::Epoch(record.leader_epoch));
        }
        epoch = Some(record.leader_epoch);
        let divergent = replica.diverges_at.is_some_and(|at| record.offset >= at);
        pieces.push(Piece::Cell(cell(record, record.offset < replica.high_watermark, divergent)));
    }
    if !drawn.is_empty() && replica.log_end_offset > next {
        pieces.push(Piece::Gap(replica.log_end_offset - next));
    }
    if !marked && replica.high_watermark == replica.log_end_offset && !drawn.is_empty() {
        pieces.push(Piece::HighWatermark);
    }
    pieces.push(Piece::End);
    pieces
}

fn cell(record: &RecordCell, committed: bool, divergent: bool) -> Cell {
    let letters = record.key.as_deref().or(record.value.as_deref()).unwrap_or("∅");
    let sign = letters.chars().take(LETTERS).collect();
    let mut words = text::record(record.offset, record.key.as_deref(), record.value.as_deref());
    let tombstone = record.key.is_some() && record.value.is_none();
    if tombstone {
        words.push_str(text::TOMBSTONE);
    }
    if divergent {
        words.push_str(text::DIVERGENT);
    }
    let class = key_color::class(record.key.as_deref());
    Cell { offset: record.offset, sign, class, committed, tombstone, divergent, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(start: i64, hw: i64, end: i64, epochs: &[i32]) -> ReplicaStrip {
        let first = end - epochs.len() as i64;
        let record = |(index, epoch): (usize, &i32)| RecordCell {
            offset: first + index as i64,
            leader_epoch: *epoch,
            key: (index % 2 == 0).then(|| "customer".to_owned()),
            value: Some("v".into()),
        };
        ReplicaStrip {
            topic: "orders".into(),
            partition: 0,
            is_leader: true,
            in_sync: true,
            leader_epoch: 1,
            log_start_offset: start,
            high_watermark: hw,
            log_end_offset: end,
            cells: epochs.iter().enumerate().map(record).collect(),
            ..ReplicaStrip::default()
        }
    }

    /// One letter a piece: the offset for a cell.
    fn drawn(replica: &ReplicaStrip) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Start(at) => format!("[{at}"),
            Piece::More(count) => format!("+{count}"),
            Piece::Epoch(epoch) => format!("e{epoch}"),
            Piece::HighWatermark => "H".to_owned(),
            Piece::Gap(count) => format!("_{count}"),
            Piece::Diverges(at) => format!("!{at}"),
            Piece::Cell(cell) => format!("{}{}", cell.offset, if cell.committed { "" } else { "?" }),
            Piece::End => "]".to_owned(),
        };
        pieces(replica).iter().map(piece).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn strips() {
        assert_eq!(drawn(&replica(0, 0, 0, &[])), "]");
        assert_eq!(drawn(&replica(0, 3, 3, &[0, 0, 0])), "0 1 2 H ]");
        assert_eq!(drawn(&replica(0, 1, 3, &[0, 0, 1])), "0 H 1? e1 2? ]");
        assert_eq!(drawn(&replica(5, 8, 8, &[2])), "[5 +2 7 H ]");
        assert_eq!(drawn(&replica(0, 0, 2, &[0, 0])), "H 0? 1? ]");
        // The high watermark is left of what is drawn, or not known yet.
        assert_eq!(drawn(&replica(0, 1, 9, &[0, 0])), "+7 H 7? 8? ]");
        // Of many records the last are drawn; a change of epoch at the cut is marked.
        let many = replica(0, 10, 10, &[0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(drawn(&many), "+2 e1 2 3 4 5 6 7 8 9 H ]");
    }

    #[test]
    fn what_is_missing_and_what_diverges_is_marked() {
        let mut compacted = replica(0, 9, 9, &[0, 0, 0]);
        compacted.cells.remove(1);
        assert_eq!(drawn(&compacted), "+6 6 _1 8 H ]");
        compacted.cells.pop();
        assert_eq!(drawn(&compacted), "+6 6 _2 H ]");
        let tail = ReplicaStrip { diverges_at: Some(1), ..replica(0, 1, 3, &[0, 0, 0]) };
        assert_eq!(drawn(&tail), "0 H !1 1? 2? ]");
        let divergent = pieces(&tail).iter().filter(|p| matches!(p, Piece::Cell(cell) if cell.divergent)).count();
        assert_eq!(divergent, 2);
    }

    #[test]
    fn a_cell_has_a_second_sign() {
        let replica = replica(0, 2, 2, &[0, 0]);
        let cells = pieces(&replica).into_iter().filter_map(|piece| match piece {
            Piece::Cell(cell) => Some((cell.sign, cell.words)),
            _ => None,
        });
        let cells = cells.collect::<Vec<_>>();
        assert_eq!(cells[0], ("cus".into(), "offset 0, key customer, value v".into()));
        assert_eq!(cells[1], ("v".into(), "offset 1, value v".into()));
        assert!(text::replica(&replica).starts_with("orders-0, leader, in sync"));
    }
}
