//! The lock that keeps a second tab off the lab.

use std::{cell::Cell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use ottla::tab_lock::{Claim, claim};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn one_holds_it_until_it_is_dropped() {
    let first = claim("drop", false, || panic!("not taken over")).await;
    assert!(matches!(first, Claim::Granted(_)));
    assert!(matches!(claim("drop", false, || ()).await, Claim::Taken));
    assert!(matches!(claim("another", false, || ()).await, Claim::Granted(_)));
    drop(first);
    TimeoutFuture::new(20).await;
    assert!(matches!(claim("drop", false, || ()).await, Claim::Granted(_)));
}

#[wasm_bindgen_test]
async fn who_loses_it_is_told() {
    let lost = Rc::new(Cell::new(false));
    let told = lost.clone();
    let first = claim("steal", false, move || told.set(true)).await;
    assert!(matches!(first, Claim::Granted(_)));
    let second = claim("steal", true, || ()).await;
    assert!(matches!(second, Claim::Granted(_)));
    TimeoutFuture::new(20).await;
    assert!(lost.get());
    assert!(matches!(claim("steal", false, || ()).await, Claim::Taken));
}
