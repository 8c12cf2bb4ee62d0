//! What can be broken, in words: the grammar of the `fault` command. Serves the terminal and lessons; invariant: every error
//! says what is allowed in that place.

use crate::protocol::{LinkAction, NodeAction};

/// What `fault --help` says.
pub const HELP: &str = "\
Usage: fault ACTION ...
Breaks something in this lab, or mends it. It is not a tool of Kafka.

NODE is a broker's or a controller's number, or `leader TOPIC PARTITION`, or
`controller` for the active controller. 0 or `clients` is the machine on which
clients and terminals run (for links). DURATION is such as 300ms, 5s, 2m, 1h.

  fault kill NODE               end it at once (kill -9)
  fault stop NODE               tell it to stop (SIGTERM): a controlled shutdown
  fault start NODE              start it again, with power if it had none
  fault pause NODE              freeze it (SIGSTOP)
  fault resume NODE             let it go on (SIGCONT)
  fault power-cut NODE          cut its power: what was not flushed is gone
  fault link A B cut            nothing gets through, both ways
  fault link A B one-way        nothing gets from A to B
  fault link A B slow DURATION  everything takes so much longer, both ways
  fault link A B lossy PERCENT  so many segments are lost and sent again
  fault link A B lose NUMBER    the next NUMBER segments each way are lost once
  fault link A B heal           all is well again
  fault disk NODE slow DURATION flushes take so much longer
  fault disk NODE full          not one byte more fits
  fault disk NODE failing       every write fails
  fault disk NODE well          all is well again
  fault clock NODE +DURATION    its clock is ahead, or behind with a minus
  fault clock NODE right        its clock is right again
  fault list                    what is broken now
  fault heal                    mends everything and starts what is down
";

const ACTIONS: &str = "kill, stop, start, pause, resume, power-cut, link, disk, clock, list, heal";
const LINK_ACTIONS: &str = "cut, one-way, slow DURATION, lossy PERCENT, lose NUMBER, heal";
const DISK_ACTIONS: &str = "slow DURATION, full, failing, well";
/// The longest delay that can be asked for: a day.
const MAX_MS: u64 = 86_400_000;
/// The furthest a clock can be off: a year.
const MAX_SKEW_MS: u64 = 365 * MAX_MS;

/// Whom a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A node, by id.
    Node(i32),
    /// The leader of a partition.
    LeaderOf(String, i32),
    /// The active controller.
    Controller,
}

/// What somebody wants broken or mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultOrder {
    /// Something for a node, its disk or its clock.
    Node(Whom, NodeAction),
    /// Something for the link from one node to another (0: the laptop), perhaps for the way back too.
    Link {
        /// From this node.
        from: i32,
        /// To this node.
        to: i32,
        /// What.
        action: LinkAction,
        /// Both directions.
        both: bool,
    },
    /// What is broken now?
    List,
    /// Mend everything.
    HealAll,
    /// How is this used?
    Help,
}

impl FaultOrder {
    /// Reads the words behind `fault`.
    ///
    /// # Errors
    /// What is wrong, and what is allowed there.
    pub fn parse(words: &[&str]) -> Result<FaultOrder, String> {
        let Some((action, rest)) = words.split_first() else {
            return Err(format!("what? One of: {ACTIONS}. See fault --help"));
        };
        let alone = |order| nothing_more(rest).map(|()| order);
        let node = |action| {
            let (whom, rest) = whom(rest)?;
            nothing_more(rest).map(|()| FaultOrder::Node(whom, action))
        };
        match *action {
            "kill" => node(NodeAction::Kill),
            "stop" => node(NodeAction::Stop),
            "start" => node(NodeAction::Start),
            "pause" => node(NodeAction::Pause),
            "resume" => node(NodeAction::Resume),
            "power-cut" => node(NodeAction::PowerCut),
            "link" => link(rest),
            "disk" => disk(rest),
            "clock" => clock(rest),
            "list" => alone(FaultOrder::List),
            "heal" => alone(FaultOrder::HealAll),
            "help" | "-h" | "--help" => Ok(FaultOrder::Help),
            other => Err(format!("no such fault: '{other}'. Allowed: {ACTIONS}. See fault --help")),
        }
    }
}

fn nothing_more(rest: &[&str]) -> Result<(), String> {
    rest.first().map_or(Ok(()), |word| Err(format!("unexpected word: '{word}'. See fault --help")))
}

fn whom<'w, 's>(words: &'w [&'s str]) -> Result<(Whom, &'w [&'s str]), String> {
    const ALLOWED: &str = "Allowed: a node's number, `leader TOPIC PARTITION`, or `controller`";
    match words {
        [] => Err(format!("which node? {ALLOWED}")),
        ["controller", rest @ ..] => Ok((Whom::Controller, rest)),
        ["leader", topic, partition, rest @ ..] => match partition.parse() {
            Ok(partition) if partition >= 0 => Ok((Whom::LeaderOf((*topic).to_owned(), partition), rest)),
            _ => Err(format!("'{partition}' is no partition: a number from 0 on")),
        },
        ["leader", ..] => {
            Err("the leader of which partition? leader TOPIC PARTITION, as in: leader orders 0".to_owned())
        }
        [id, rest @ ..] => match id.parse() {
            Ok(id) => Ok((Whom::Node(id), rest)),
            Err(_) => Err(format!("'{id}' is no node. {ALLOWED}")),
        },
    }
}

fn link_end(word: &str) -> Result<i32, String> {
    match word {
        "clients" | "laptop" => Ok(0),
        _ => word.parse().map_err(|_| format!("'{word}' is no node. Allowed: a node's number, or `clients`")),
    }
}

fn link(words: &[&str]) -> Result<FaultOrder, String> {
    let [a, b, action @ ..] = words else {
        return Err("between whom? link A B ACTION, as in: link 1 2 cut".to_owned());
    };
    let (from, to) = (link_end(a)?, link_end(b)?);
    let order = |action, both| Ok(FaultOrder::Link { from, to, action, both });
    match action {
        ["cut"] => order(LinkAction::Cut, true),
        ["one-way"] => order(LinkAction::Cut, false),
        ["slow", duration] => order(LinkAction::Slow(millis(duration, MAX_MS)?), true),
        ["lossy", text] => match text.strip_suffix('%').unwrap_or(text).parse::<u8>() {
            Ok(percent) if percent <= 100 => order(LinkAction::Lossy(percent), true),
            _ => Err(format!("'{text}' is no share. Allowed: 0% to 100%")),
        },
        ["lose", text] => match text.parse::<u32>() {
            Ok(number) if number <= 1000 => order(LinkAction::LoseNext(number), true),
            _ => Err(format!("'{text}' is no number of segments. Allowed: 0 to 1000")),
        },
        ["heal"] => order(LinkAction::Heal, true),
        [] => Err(format!("what about the link? Allowed: {LINK_ACTIONS}")),
        words => Err(format!("not for a link: '{}'. Allowed: {LINK_ACTIONS}", words.join(" "))),
    }
}

fn disk(words: &[&str]) -> Result<FaultOrder, String> {
    let (whom, rest) = whom(words)?;
    let action = match rest {
        ["slow", duration] => NodeAction::SlowDisk(millis(duration, MAX_MS)?),
        ["full"] => NodeAction::FullDisk,
        ["failing"] => NodeAction::FailDisk,
        ["well"] => NodeAction::HealDisk,
        [] => return Err(format!("what about the disk? Allowed: {DISK_ACTIONS}")),
        words => return Err(format!("not for a disk: '{}'. Allowed: {DISK_ACTIONS}", words.join(" "))),
    };
    Ok(FaultOrder::Node(whom, action))
}

fn clock(words: &[&str]) -> Result<FaultOrder, String> {
    const ALLOWED: &str = "Allowed: +DURATION (ahead), -DURATION (behind), right; as in: clock 2 +5s";
    let (whom, rest) = whom(words)?;
    let [amount] = rest else { return Err(format!("how far is the clock off? {ALLOWED}")) };
    let skew_ms = match (*amount, amount.strip_prefix('+'), amount.strip_prefix('-')) {
        ("right", ..) => 0,
        (_, Some(ahead), _) => millis(ahead, MAX_SKEW_MS)? as i64,
        (_, _, Some(behind)) => -(millis(behind, MAX_SKEW_MS)? as i64),
        _ => return Err(format!("'{amount}' does not say which way. {ALLOWED}")),
    };
    Ok(FaultOrder::Node(whom, NodeAction::SkewClock(skew_ms)))
}

/// A duration with its unit, in milliseconds; a zero needs none.
fn millis(text: &str, most_ms: u64) -> Result<u64, String> {
    const ALLOWED: &str = "Allowed: a number with ms, s, m or h, as in 300ms or 5s";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| format!("'{text}' is no duration. {ALLOWED}"))?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 1,
        _ => return Err(format!("'{text}' is no duration. {ALLOWED}")),
    };
    let ms = number.saturating_mul(unit_ms);
    if ms > most_ms { Err(format!("'{text}' is too long. Allowed: up to {}h", most_ms / 3_600_000)) } else { Ok(ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FaultOrder, String> {
        FaultOrder::parse(&text.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn orders() {
        let two = || Whom::Node(2);
        let link = |action, both| FaultOrder::Link { from: 1, to: 2, action, both };
        let cases = [
            ("kill 2", FaultOrder::Node(two(), NodeAction::Kill)),
            ("power-cut controller", FaultOrder::Node(Whom::Controller, NodeAction::PowerCut)),
            ("stop leader payments 0", FaultOrder::Node(Whom::LeaderOf("payments".into(), 0), NodeAction::Stop)),
            ("link 1 2 cut", link(LinkAction::Cut, true)),
            ("link 1 2 one-way", link(LinkAction::Cut, false)),
            ("link 1 2 slow 300ms", link(LinkAction::Slow(300), true)),
            ("link 1 2 lossy 20%", link(LinkAction::Lossy(20), true)),
            ("link 1 2 lose 3", link(LinkAction::LoseNext(3), true)),
            ("disk 2 slow 2s", FaultOrder::Node(two(), NodeAction::SlowDisk(2000))),
            ("disk leader t 1 full", FaultOrder::Node(Whom::LeaderOf("t".into(), 1), NodeAction::FullDisk)),
            ("clock 2 +5s", FaultOrder::Node(two(), NodeAction::SkewClock(5000))),
            ("clock 2 -1h", FaultOrder::Node(two(), NodeAction::SkewClock(-3_600_000))),
            ("clock 2 right", FaultOrder::Node(two(), NodeAction::SkewClock(0))),
            ("list", FaultOrder::List),
            ("heal", FaultOrder::HealAll),
            ("--help", FaultOrder::Help),
        ];
        for (text, order) in cases {
            assert_eq!(parse(text), Ok(order), "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_allowed() {
        let cases = [
            ("", "what? One of: kill"),
            ("smash 2", "no such fault: 'smash'. Allowed: kill, stop"),
            ("kill", "which node? Allowed: a node's number"),
            ("kill two", "'two' is no node. Allowed"),
            ("kill leader t", "the leader of which partition?"),
            ("kill leader t -1", "'-1' is no partition"),
            ("kill 2 3", "unexpected word: '3'"),
            ("link 1", "between whom?"),
            ("link 1 2", "what about the link? Allowed: cut, one-way"),
            ("link 1 2 slow", "not for a link: 'slow'. Allowed"),
            ("link 1 2 slow 300", "'300' is no duration. Allowed: a number with ms"),
            ("link 1 2 lossy 120%", "'120%' is no share. Allowed: 0% to 100%"),
            ("disk 2 empty", "not for a disk: 'empty'. Allowed: slow DURATION"),
            ("disk 2 slow 99999999999999h", "'99999999999999h' is too long"),
            ("clock 2 5s", "'5s' does not say which way"),
            ("clock 2", "how far is the clock off?"),
        ];
        for (text, start) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(start), "{text}: {error}");
        }
    }

    #[test]
    fn each_line_of_the_help_is_understood() {
        for line in HELP.lines().filter_map(|line| line.strip_prefix("  fault ")) {
            let text = line.split("  ").next().unwrap_or_default().replace("DURATION", "5s").replace("NUMBER", "2");
            let text = text.replace("PERCENT", "20%").replace("NODE", "2").replace('A', "1").replace('B', "2");
            let words: Vec<&str> = text.split_whitespace().collect();
            let known = (1..=words.len()).any(|n| FaultOrder::parse(&words[..n]).is_ok());
            assert!(known, "{line}");
        }
    }
}
