//! Steps of solutions and wrong ways, in the notation of the transcripts. Serves lesson checks; invariant: a step is
//! something a learner could do.

use ottla_lab::{
    Lab,
    protocol::{LabInput, LinkAction, NodeAction},
};
use thiserror::Error;

/// Why a step can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "not a step: {0} (wanted: `[1] line`, `[1]^C`, `[1]^D`, `@ kill 2`, `@ kill leader TOPIC PARTITION`, `@ cut 1 2`, `@ slow 1 2 500`, \
     `@ heal 1 2`, `@ sleep 5`)"
)]
pub struct StepError(pub String);

/// Which node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// This one.
    Node(i32),
    /// Whoever leads a partition.
    LeaderOf(String, i32),
}

/// Something a learner does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Types a line at a terminal (from 0).
    Type(u32, String),
    /// Ctrl-C at a terminal.
    Interrupt(u32),
    /// Ctrl-D at a terminal.
    EndOfInput(u32),
    /// Does something to a node.
    Node(NodeAction, Whom),
    /// Does something to the link between two nodes, both ways; 0 is the laptop.
    Link(i32, i32, LinkAction),
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
            Step::Link(a, b, action) => {
                let input = |from, to| LabInput::Link { from, to, action: *action };
                lab.apply(&input(*a, *b));
                input(*b, *a)
            }
            Step::Node(action, whom) => match whom.find(lab) {
                Some(node) => LabInput::Node { node, action: *action },
                None => return,
            },
        };
        lab.apply(&input);
    }
}

impl Whom {
    /// The node, if there is one.
    pub fn find(&self, lab: &Lab) -> Option<i32> {
        match self {
            Whom::Node(id) => Some(*id),
            Whom::LeaderOf(topic, partition) => {
                let view = lab.view();
                let row = view.topics.iter().find(|t| t.name == *topic)?;
                row.partitions.iter().find(|p| p.partition == *partition)?.leader
            }
        }
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

fn read_link(words: &[&str]) -> Option<Step> {
    let (a, b, action) = match words {
        ["cut", a, b] => (a, b, LinkAction::Cut),
        ["heal", a, b] => (a, b, LinkAction::Heal),
        ["slow", a, b, ms] => (a, b, LinkAction::Slow(ms.parse().ok()?)),
        _ => return None,
    };
    Some(Step::Link(a.parse().ok()?, b.parse().ok()?, action))
}

fn read_action(text: &str) -> Option<Step> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(link) = read_link(&words) {
        return Some(link);
    }
    let action = match *words.first()? {
        "sleep" => return Some(Step::Sleep(words.get(1)?.parse().ok()?)),
        "kill" => NodeAction::Kill,
        "stop" => NodeAction::Stop,
        "pause" => NodeAction::Pause,
        "resume" => NodeAction::Resume,
        "start" => NodeAction::Start,
        "power-cut" => NodeAction::PowerCut,
        _ => return None,
    };
    let whom = match words[1..] {
        [id] => Whom::Node(id.parse().ok()?),
        ["leader", topic, partition] => Whom::LeaderOf(topic.to_owned(), partition.parse().ok()?),
        _ => return None,
    };
    Some(Step::Node(action, whom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation() {
        assert_eq!(Step::parse("[2] ls | wc"), Ok(Step::Type(1, "ls | wc".into())));
        assert_eq!(Step::parse("[1]^C"), Ok(Step::Interrupt(0)));
        let leader = Whom::LeaderOf("orders".into(), 0);
        assert_eq!(Step::parse("@ kill leader orders 0"), Ok(Step::Node(NodeAction::Kill, leader)));
        assert_eq!(Step::parse("@ sleep 9"), Ok(Step::Sleep(9)));
        assert_eq!(Step::parse("@ slow 1 0 500"), Ok(Step::Link(1, 0, LinkAction::Slow(500))));
        assert_eq!(Step::parse("@ cut 1 2"), Ok(Step::Link(1, 2, LinkAction::Cut)));
        for bad in ["", "ls", "[0] ls", "[x] ls", "@ kill", "@ fly 1", "@ sleep"] {
            assert!(Step::parse(bad).is_err(), "{bad}");
        }
    }
}
