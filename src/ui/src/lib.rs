//! The page's components.

pub mod protocol;
