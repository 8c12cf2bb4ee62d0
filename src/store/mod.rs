//! What the page keeps in the browser: the disks of a lab, its journal, and named values.
//!
//! Serves the worker (disks, journal) and the page (progress, settings). The operations and what they mean are plain data,
//! tested natively; `database` carries them out in IndexedDB. Invariant: one batch is one transaction, all or nothing.

#[cfg(target_arch = "wasm32")]
mod database;
mod error;
mod operation;
mod saved;

#[cfg(target_arch = "wasm32")]
pub use database::Store;
pub use error::StoreError;
pub use operation::{StoreOp, coalesce};
pub use saved::{Saved, SavedFile};
