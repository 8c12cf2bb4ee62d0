//! A cluster that nobody uses, in the browser: it stays as it is, and how fast its time can run is printed (`cargo xtask
//! bench-wasm` for the page's own optimization). Included by the tests of the worker.

use ottla_lab::{Lab, LabConfig};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

fn now_ms() -> f64 {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().expect("workers have a clock").now()
}

#[wasm_bindgen_test]
fn an_idle_cluster_stays_as_it_is() {
    let mut lab = Lab::new(LabConfig::default()).expect("a lab");
    assert!(lab.settle());
    lab.run_for_ms(5_000);
    let epochs = |lab: &Lab| lab.view().controllers.iter().map(|card| card.epoch).collect::<Vec<_>>();
    let before = epochs(&lab);
    let (seconds, started) = (if cfg!(debug_assertions) { 60 } else { 3_600 }, now_ms());
    lab.run_for_ms(seconds * 1000);
    let took_ms = now_ms() - started;
    assert_eq!(epochs(&lab), before);
    assert!(lab.view().brokers.iter().all(|card| card.unfenced));
    console_log!("idle, 3 brokers + 3 controllers: {:.0} x real time", seconds as f64 * 1000.0 / took_ms);
}
