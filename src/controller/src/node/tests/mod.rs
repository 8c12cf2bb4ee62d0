//! Tests of controller nodes in a little world.

mod bench;
mod broker;
mod cluster;
mod elections;
mod snapshots;
