//! What holds in a window and in a worker alike.

mod locks;
mod store;
