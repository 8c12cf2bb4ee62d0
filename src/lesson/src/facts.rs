//! What predicates look at. Serves predicates; invariant: a view and what was seen on the wire, no engine state.

use ottla_lab::{Activity, Lab, Ledger, protocol::LabView};

/// The state of a run at a moment.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The lab, for what is seldom looked at.
    pub lab: &'a Lab,
    /// The picture.
    pub view: LabView,
    /// What clients and brokers said to each other.
    pub activity: &'a Activity,
    /// What was promised, what is there.
    pub ledger: &'a Ledger,
}

impl<'a> Facts<'a> {
    /// The facts of a lab, now.
    pub fn of(lab: &'a Lab) -> Facts<'a> {
        Facts { lab, view: lab.view(), activity: lab.activity(), ledger: lab.ledger() }
    }
}
