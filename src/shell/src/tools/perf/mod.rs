//! kafka-producer-perf-test and kafka-consumer-perf-test: how fast records go in and come out. Serves the shell; invariant: what is
//! measured is virtual time, between a send and its answer, between polls.

mod consumer;
mod producer;
mod producer_options;
mod stats;

pub use consumer::{ConsumerPerf, TABLE};
pub use producer::ProducerPerf;
