//! Kafka record batches, compression codecs, checksums
