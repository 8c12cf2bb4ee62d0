//! The components. Serves the page; invariant: they draw what they are given and say actions.

mod app;
mod bar;
mod cluster;
mod kit;
mod lesson;
mod notices;
mod panes;
mod terminal;
mod timeline;

pub use app::{App, AppProps};
