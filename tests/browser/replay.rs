//! A kept journal ends in the same state in the browser as natively. Included by the tests of the worker.

use ottla_lab::{Lab, LabJournal};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_journal_ends_in_the_same_state_as_natively() {
    let journal = LabJournal::parse(include_str!("../journals/first-lab.journal")).expect("a journal");
    let hash = Lab::replay(&journal).expect("a lab").state_hash();
    assert_eq!(format!("{hash:016x}"), include_str!("../journals/first-lab.hash").trim());
}
