//! The window's side of the message pump, with a worker of a few lines of JavaScript.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use ottla::client::Client;
use wasm_bindgen_test::wasm_bindgen_test;

type Heard = Rc<RefCell<Vec<String>>>;

/// A worker that runs `script`, and all that is heard of it.
fn spawn(script: &str) -> (Client<u64>, Heard) {
    let heard = Heard::default();
    let (messages, deaths) = (heard.clone(), heard.clone());
    let url = format!("data:text/javascript,{}", js_sys::encode_uri_component(script));
    let on_message = move |message: u64| messages.borrow_mut().push(message.to_string());
    let on_death = move |words| deaths.borrow_mut().push(words);
    (Client::spawn(&url, on_message, on_death).unwrap(), heard)
}

/// Waits until `count` things have been heard.
async fn wait_for(heard: &Heard, count: usize) -> Vec<String> {
    for _ in 0..500 {
        if heard.borrow().len() >= count {
            break;
        }
        TimeoutFuture::new(10).await;
    }
    heard.borrow().clone()
}

const ECHO: &str = "
    await new Promise((done) => setTimeout(done, 50));
    onmessage = (event) => postMessage(`{\"Message\":${event.data}}`);
    postMessage('\"Ready\"');";

#[wasm_bindgen_test]
async fn what_is_sent_early_waits_in_order() {
    let (client, heard) = spawn(ECHO);
    client.send(&1);
    client.send(&u64::MAX);
    assert_eq!(wait_for(&heard, 2).await, ["1", "18446744073709551615"]);
    client.send(&3);
    assert_eq!(wait_for(&heard, 3).await[2], "3");
}

#[wasm_bindgen_test]
async fn a_death_is_told() {
    let (_client, heard) = spawn("throw new Error('asked to');");
    assert!(wait_for(&heard, 1).await[0].contains("asked to"));
    let (_client, heard) = spawn("postMessage('neither');");
    assert!(wait_for(&heard, 1).await[0].contains("different versions"));
}
