//! Scenarios of groups as scripts, and records as bytes. Serves nobody but the tests; invariant: no clock but the bench's.

mod bench;
mod membership;
mod offsets;
mod records;
mod static_members;
