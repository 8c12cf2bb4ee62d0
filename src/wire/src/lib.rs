//! Kafka protocol messages and framing, API versions, error codes, configuration definitions
