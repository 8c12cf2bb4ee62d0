//! Records as bytes. Serves nobody but the tests; invariant: nothing here needs a running coordinator.

mod records;
