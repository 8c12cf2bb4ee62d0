//! The page's components. Serves the root package, which mounts them in a window and joins them to the engine's worker;
//! invariant: no engine runs here, only the last views are shown.

mod course;
mod dom;
pub mod host;
mod model;
pub mod protocol;
mod shared;
mod state;
mod text;
mod view;

use host::{HostEvent, HostRequest};
use state::action::Action;
use web_sys::Element;
use yew::{AppHandle, Callback, Renderer};

/// The page, mounted. It stays as long as the document.
#[derive(Debug)]
pub struct Page {
    app: AppHandle<view::App>,
}

impl Page {
    /// Puts the page into an element, in place of what stands there; `host` gets its requests.
    pub fn mount(root: Element, host: impl Fn(HostRequest) + 'static) -> Self {
        let props = view::AppProps { host: Callback::from(host) };
        Self { app: Renderer::<view::App>::with_root_and_props(root, props).render() }
    }

    /// Tells the page something.
    pub fn tell(&self, event: HostEvent) {
        self.app.send_message(Action::Host(event));
    }
}
