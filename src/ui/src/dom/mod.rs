//! What the page asks of the browser. Serves the root component and a few others; invariant: a browser that refuses something
//! loses that thing, never the page.

pub mod keep;
pub mod listen;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, Document, HtmlAnchorElement, HtmlElement, Url, Window};

/// The window.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// The element of an id.
pub fn element(id: &str) -> Option<HtmlElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Gives the focus to the element of an id.
pub fn focus(id: &str) {
    if let Some(element) = element(id) {
        drop(element.focus());
    }
}

/// The part of the address from `#` on.
pub fn hash() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Whether the person asked for less motion.
pub fn reduced_motion() -> bool {
    let query = window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok()?);
    query.is_some_and(|query| query.matches())
}

/// Whether text is selected outside inputs.
pub fn has_selection() -> bool {
    let selection = window().and_then(|window| window.get_selection().ok()?);
    selection.is_some_and(|selection| !selection.is_collapsed())
}

/// Puts text into the clipboard.
pub fn copy(text: &str) {
    if let Some(window) = window() {
        // A page that was not served safely has no clipboard; the text can still be selected.
        let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
        if let Ok(clipboard) = clipboard
            && let Ok(clipboard) = clipboard.dyn_into::<web_sys::Clipboard>()
        {
            drop(clipboard.write_text(text));
        }
    }
}

/// Sets (or removes) an attribute of the page's root.
pub fn mark_root(name: &str, value: Option<&str>) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        let set = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
        drop(set);
    }
}

/// Names the page in the browser's tabs and history.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Offers text as a file.
pub fn download(name: &str, text: &str) {
    drop(try_download(name, text));
}

fn try_download(name: &str, text: &str) -> Result<(), JsValue> {
    let document = document().ok_or(JsValue::NULL)?;
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    let blob = Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&text.into()), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    Url::revoke_object_url(&url)
}

/// Whether keys go into an input rather than to the page.
pub fn is_typing() -> bool {
    let active = document().and_then(|document| document.active_element());
    active.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}
