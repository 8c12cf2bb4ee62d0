//! Terminals: shell, small tools and Kafka's own tools as processes
