//! Steps of solutions and wrong ways, in the notation of the transcripts. Serves lesson checks; invariant: a step is
//! something a learner could do.

use ottla_lab::{
    FaultOrder, Lab,
    protocol::{LabInput, LinkAction},
};
use thiserror::Error;

/// Why a step can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "not a step: {0} (wanted: `[1] line`, `[1]^C`, `[1]^D`, `@ kill 2`, `@ kill leader TOPIC PARTITION`, `@ cut 1 2`, `@ slow 1 2 500`, \
     `@ heal 1 2`, `@ sleep 5`, or `@` and what the fault command takes)"
)]
pub struct StepError(pub String);

/// Something a learner does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Types a line at a terminal (from 0).
    Type(u32, String),
    /// Ctrl-C at a terminal.
    Interrupt(u32),
    /// Ctrl-D at a terminal.
    EndOfInput(u32),
    /// Breaks or mends something, as the `fault` command does.
    Fault(FaultOrder),
    /// Waits, in seconds.
    Sleep(u64),
}

impl Step {
    /// Reads a step.
    ///
    /// # Errors
    /// Not of the notation.
    pub fn parse(text: &str) -> Result<Step, StepError> {
        read(text).ok_or_else(|| StepError(text.to_owned()))
    }

    /// Does it in a lab.
    pub fn take(&self, lab: &mut Lab) {
        let input = match self {
            Step::Type(terminal, text) => LabInput::Type { terminal: *terminal, text: text.clone() },
            Step::Interrupt(terminal) => LabInput::Interrupt { terminal: *terminal },
            Step::EndOfInput(terminal) => LabInput::EndOfInput { terminal: *terminal },
            Step::Sleep(seconds) => return lab.run_for_ms(seconds.saturating_mul(1000)),
            Step::Fault(order) => {
                // What would change nothing (a node that is down already) is no step.
                for input in lab.inputs_of(order).unwrap_or_default() {
                    lab.apply(&input);
                }
                return;
            }
        };
        lab.apply(&input);
    }
}

fn read(text: &str) -> Option<Step> {
    if let Some(action) = text.strip_prefix("@ ") {
        return read_action(action);
    }
    let (terminal, rest) = text.strip_prefix('[')?.split_once(']')?;
    let terminal = terminal.parse::<u32>().ok()?.checked_sub(1)?;
    match rest {
        "^C" => Some(Step::Interrupt(terminal)),
        "^D" => Some(Step::EndOfInput(terminal)),
        _ => rest.strip_prefix(' ').map(|line| Step::Type(terminal, line.to_owned())),
    }
}

/// The short forms for links: both directions, delays in milliseconds.
fn read_link(words: &[&str]) -> Option<FaultOrder> {
    let (a, b, action) = match words {
        ["cut", a, b] => (a, b, LinkAction::Cut),
        ["heal", a, b] => (a, b, LinkAction::Heal),
        ["slow", a, b, ms] => (a, b, LinkAction::Slow(ms.parse().ok()?)),
        _ => return None,
    };
    Some(FaultOrder::Link { from: a.parse().ok()?, to: b.parse().ok()?, action, both: true })
}

fn read_action(text: &str) -> Option<Step> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let ["sleep", seconds] = words[..] {
        return Some(Step::Sleep(seconds.parse().ok()?));
    }
    read_link(&words).or_else(|| FaultOrder::parse(&words).ok()).map(Step::Fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_lab::{Whom, protocol::NodeAction};

    #[test]
    fn notation() {
        assert_eq!(Step::parse("[2] ls | wc"), Ok(Step::Type(1, "ls | wc".into())));
        assert_eq!(Step::parse("[1]^C"), Ok(Step::Interrupt(0)));
        let order = |text: &str| match Step::parse(text) {
            Ok(Step::Fault(order)) => order,
            other => panic!("{text}: {other:?}"),
        };
        let leader = Whom::LeaderOf("orders".into(), 0);
        assert_eq!(order("@ kill leader orders 0"), FaultOrder::Node(leader, NodeAction::Kill));
        assert_eq!(Step::parse("@ sleep 9"), Ok(Step::Sleep(9)));
        let link = |from, to, action| FaultOrder::Link { from, to, action, both: true };
        assert_eq!(order("@ slow 1 0 500"), link(1, 0, LinkAction::Slow(500)));
        assert_eq!(order("@ cut 1 2"), link(1, 2, LinkAction::Cut));
        assert_eq!(order("@ link 1 2 lossy 20%"), link(1, 2, LinkAction::Lossy(20)));
        assert_eq!(order("@ disk 2 full"), FaultOrder::Node(Whom::Node(2), NodeAction::FullDisk));
        for bad in ["", "ls", "[0] ls", "[x] ls", "@ kill", "@ fly 1", "@ sleep"] {
            assert!(Step::parse(bad).is_err(), "{bad}");
        }
    }
}
