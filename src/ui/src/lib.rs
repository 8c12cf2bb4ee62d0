//! The page's components
