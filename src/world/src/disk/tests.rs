//! Tests of the disk: what survives what.

use super::*;

fn cut(disk: &Disk) -> Vec<(String, Vec<u8>)> {
    let mut disk = disk.clone();
    disk.power_cut(&mut Rng::new(3));
    disk.list("").map(|p| (p.to_owned(), disk.read_all(p).unwrap().to_vec())).collect()
}

#[test]
fn flushed_bytes_survive_a_power_cut() {
    let mut disk = Disk::default();
    disk.append("a", b"one").unwrap();
    disk.flush("a").unwrap();
    assert_eq!(cut(&disk), [("a".to_owned(), b"one".to_vec())]);
}

#[test]
fn what_was_never_flushed_may_survive_only_as_a_damaged_piece() {
    let mut disk = Disk::default();
    disk.append("a", b"one").unwrap();
    disk.flush("a").unwrap();
    disk.append("a", &[7; 100]).unwrap();
    let left = &cut(&disk)[0].1;
    assert!(left.starts_with(b"one") && left.len() <= 103);
}

#[test]
fn replace_is_atomic_and_durable() {
    let mut disk = Disk::default();
    disk.replace("a", b"old").unwrap();
    disk.replace("a", b"new!").unwrap();
    assert_eq!(cut(&disk), [("a".to_owned(), b"new!".to_vec())]);
}

#[test]
fn truncation_below_the_flushed_part_is_undone_by_a_power_cut() {
    let mut disk = Disk::default();
    disk.append("a", b"abcdef").unwrap();
    disk.flush("a").unwrap();
    disk.truncate("a", 2).unwrap();
    assert_eq!(disk.read_all("a").unwrap(), &b"ab"[..]);
    assert_eq!(cut(&disk), [("a".to_owned(), b"abcdef".to_vec())]);
}

#[test]
fn reads_cross_extents() {
    let mut disk = Disk::default();
    let data: Vec<u8> = (0..3 * EXTENT_BYTES + 5).map(|i| (i % 251) as u8).collect();
    for piece in data.chunks(1000) {
        disk.append("a", piece).unwrap();
    }
    let at = EXTENT_BYTES - 3;
    assert_eq!(disk.read("a", at, 10).unwrap(), &data[at as usize..at as usize + 10]);
    disk.truncate("a", EXTENT_BYTES + 1).unwrap();
    disk.append("a", b"xy").unwrap();
    assert_eq!(disk.len("a"), Some(EXTENT_BYTES + 3));
    assert_eq!(disk.read("a", EXTENT_BYTES, 9).unwrap()[1..], b"xy"[..]);
}

#[test]
fn changes_rebuild_the_flushed_part() {
    let mut disk = Disk::default();
    disk.track_changes();
    disk.append("a", &[1; 70_000]).unwrap();
    disk.flush_all().unwrap();
    disk.append("a", &[2; 10]).unwrap();
    disk.append("b", b"x").unwrap();
    disk.flush_all().unwrap();
    disk.remove("b");
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for change in disk.take_changes() {
        change.apply(&mut files);
    }
    assert_eq!(files.len(), 1);
    assert_eq!(files["a"], disk.read_all("a").unwrap());
}

#[test]
fn a_full_disk_writes_nothing() {
    let mut disk = Disk::default();
    disk.set_capacity(Some(4));
    assert_eq!(disk.append("a", b"12345"), Err(DiskError::Full("a".into())));
    assert!(disk.append("a", b"1234").is_ok());
}

#[test]
fn a_full_disk_takes_truncation_and_removal_and_then_has_room() {
    let mut disk = Disk::default();
    disk.append("a", b"1234").unwrap();
    disk.append("b", b"5678").unwrap();
    disk.set_capacity(Some(disk.used_bytes()));
    assert_eq!(disk.replace("c", b"x"), Err(DiskError::Full("c".into())));
    assert_eq!(disk.take_refusal(), Some(DiskError::Full("c".into())));
    disk.truncate("a", 2).unwrap();
    assert!(disk.remove("b") && disk.append("a", b"3456").is_ok());
    assert_eq!(disk.take_refusal(), None);
}

#[test]
fn a_failing_disk_keeps_what_it_has_and_can_be_read() {
    let mut disk = Disk::default();
    disk.append("a", b"one").unwrap();
    disk.set_failing(true);
    let failed = |path: &str| Err(DiskError::Failed(path.to_owned()));
    assert_eq!(disk.append("b", b"x"), failed("b"));
    assert_eq!(disk.flush("a"), failed("a"));
    assert_eq!(disk.flush_all(), failed("a"));
    assert_eq!(disk.truncate("a", 0), failed("a"));
    assert_eq!(disk.rename("a", "b"), failed("a"));
    assert!(!disk.remove("a"));
    disk.write_back();
    assert_eq!(disk.take_refusal(), Some(DiskError::Failed("b".into())), "the first one");
    assert_eq!(disk.read_all("a").unwrap(), &b"one"[..]);
    assert!(disk.is_dirty());
    disk.set_failing(false);
    assert_eq!(disk.flush_all(), Ok(()));
    assert_eq!(cut(&disk), [("a".to_owned(), b"one".to_vec())]);
}

#[test]
fn the_sums_are_those_of_the_files() {
    let mut disk = Disk::default();
    disk.append("a", b"12345").unwrap();
    disk.replace("b", b"12").unwrap();
    disk.append("c", b"1").unwrap();
    disk.rename("c", "b").unwrap();
    disk.truncate("a", 2).unwrap();
    assert_eq!((disk.used_bytes(), disk.is_dirty()), (3, true));
    disk.flush_all().unwrap();
    assert!(!disk.is_dirty());
    disk.append("a", b"99").unwrap();
    disk.remove("a");
    disk.power_cut(&mut Rng::new(1));
    assert_eq!((disk.used_bytes(), disk.is_dirty()), (1, false));
}
