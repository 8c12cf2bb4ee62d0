//! The store in IndexedDB. Each test has a database of its own.

use bytes::Bytes;
use gloo_timers::future::TimeoutFuture;
use ottla::store::{Saved, SavedFile, Store, StoreError, StoreOp};
use ottla_world::EXTENT_BYTES;
use wasm_bindgen_test::wasm_bindgen_test;

async fn fresh(name: &str) -> Store {
    Store::delete_named(name).await.unwrap();
    Store::open_named(name).await.unwrap()
}

fn extent(path: &str, index: u64, data: &[u8], len: u64) -> StoreOp {
    StoreOp::Extent { host: "broker-1".into(), path: path.into(), index, data: Bytes::copy_from_slice(data), len }
}

fn journal(index: u64, entry: &str) -> StoreOp {
    StoreOp::Journal { index, entry: entry.into() }
}

fn file(path: &str, data: &[u8]) -> SavedFile {
    SavedFile { host: "broker-1".into(), path: path.into(), data: data.into() }
}

#[wasm_bindgen_test]
async fn a_lab_survives_a_reopening() {
    let store = fresh("reopen").await;
    let full = vec![7; EXTENT_BYTES as usize];
    let whole = [full.as_slice(), &[1, 2]].concat();
    let ops = vec![
        extent("node-1/a.log", 0, &full, EXTENT_BYTES + 2),
        extent("node-1/a.log", 1, &[1, 2], EXTENT_BYTES + 2),
        extent("node-1/empty", 0, &[], 0),
        journal(0, "first"),
        journal(1, "second"),
    ];
    store.commit("lab", ops).await.unwrap();
    store.commit("other", vec![extent("x", 0, &[9], 1), journal(0, "other")]).await.unwrap();
    drop(store);
    let store = Store::open_named("reopen").await.unwrap();
    let saved = store.load_all("lab").await.unwrap();
    assert_eq!(saved.files, [file("node-1/a.log", &whole), file("node-1/empty", &[])]);
    assert_eq!(saved.journal, ["first", "second"]);
    assert_eq!(store.load_all("other").await.unwrap().files, [file("x", &[9])]);
    assert_eq!(store.load_all("never").await.unwrap(), Saved::default());
}

#[wasm_bindgen_test]
async fn truncation_and_removal_leave_nothing_behind() {
    let store = fresh("truncate").await;
    let at = |index: u64| (index + 1) * EXTENT_BYTES;
    let full = vec![3; EXTENT_BYTES as usize];
    store.commit("lab", (0..4).map(|index| extent("a", index, &full, at(index))).collect()).await.unwrap();
    store.commit("lab", vec![extent("b", 0, &[1], 1)]).await.unwrap();
    // Cut to one and a half, then grown again without writing the extents between.
    store.commit("lab", vec![extent("a", 1, &[4; 10], EXTENT_BYTES + 10)]).await.unwrap();
    store.commit("lab", vec![extent("a", 3, &[5], at(2) + 1)]).await.unwrap();
    let saved = store.load_all("lab").await.unwrap();
    let data = &saved.files[0].data;
    assert_eq!(data.len() as u64, at(2) + 1);
    assert_eq!((data[0], data[at(0) as usize], data[at(1) as usize], data.last()), (3, 4, 0, Some(&5)));
    let gone = StoreOp::Removed { host: "broker-1".into(), path: "a".into() };
    store.commit("lab", vec![gone]).await.unwrap();
    assert_eq!(store.load_all("lab").await.unwrap().files, [file("b", &[1])]);
    store.commit("lab", vec![extent("a", 0, &[6], 1)]).await.unwrap();
    assert_eq!(store.load_all("lab").await.unwrap().files, [file("a", &[6]), file("b", &[1])]);
}

#[wasm_bindgen_test]
async fn a_journal_is_cut_and_a_lab_is_dropped() {
    let store = fresh("cut").await;
    store.commit("lab", (0..12).map(|index| journal(index, &index.to_string())).collect()).await.unwrap();
    store.commit("labs", vec![journal(0, "kept")]).await.unwrap();
    store.commit("lab", vec![StoreOp::CutJournal { from: 10 }, journal(10, "fork")]).await.unwrap();
    let entries = store.load_all("lab").await.unwrap().journal;
    assert_eq!((entries.len(), entries[9].as_str(), entries[10].as_str()), (11, "9", "fork"));
    store.commit("lab", vec![StoreOp::DropLab]).await.unwrap();
    assert_eq!(store.load_all("lab").await.unwrap(), Saved::default());
    assert_eq!(store.load_all("labs").await.unwrap().journal, ["kept"]);
}

#[wasm_bindgen_test]
async fn values_are_kept_by_name() {
    let store = fresh("values").await;
    let put = |value: &str| StoreOp::Put { key: "theme".into(), value: value.into() };
    assert_eq!(store.value("theme").await.unwrap(), None);
    store.commit("", vec![put("dark"), put("light")]).await.unwrap();
    assert_eq!(store.value("theme").await.unwrap().as_deref(), Some("light"));
    store.commit("", vec![StoreOp::Delete { key: "theme".into() }]).await.unwrap();
    assert_eq!(store.value("theme").await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn many_writes_are_one_transaction() {
    let store = fresh("many").await;
    let ops = (0..500).map(|index| extent(&format!("f{index:03}"), 0, &[1; 100], 100)).collect();
    store.commit("lab", ops).await.unwrap();
    assert_eq!(store.load_all("lab").await.unwrap().files.len(), 500);
    store.commit("lab", Vec::new()).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_connection_gives_way_and_says_so() {
    let old = fresh("giveway").await;
    old.commit("lab", vec![journal(0, "x")]).await.unwrap();
    // Deleting needs every connection closed: `old` closes itself.
    Store::delete_named("giveway").await.unwrap();
    TimeoutFuture::new(1).await;
    assert_eq!(old.commit("lab", vec![journal(1, "y")]).await, Err(StoreError::Unavailable));
}
