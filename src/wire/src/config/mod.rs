//! Config definitions.
