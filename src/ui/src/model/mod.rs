//! What the page shows, worked out from views without a browser. Serves the components; invariant: pure functions of their
//! arguments, tested natively.

pub mod complete;
pub mod density;
pub mod faults;
pub mod flight;
pub mod key_color;
pub mod line;
pub mod route;
pub mod strip;
pub mod table;
pub mod time;
pub mod vocabulary;
