//! Every word of the page, in English. Serves all components; invariant: no component holds a word of its own, so that another
//! language is another module of this shape.

pub mod cluster;
pub mod ledger;
pub mod table;

use crate::state::{layout::Pane, progress::Standing};
use ottla_lab::protocol::{ClientKind, EventLine, Flight, NodeState};

/// The page's name.
pub const NAME: &str = "Ottla";
/// The page's name in the browser's tabs.
pub fn page_title(lesson: &str) -> String {
    format!("{lesson} \u{2013} Ottla, a Kafka cluster in a browser tab")
}

/// Skips to the terminals.
pub const SKIP: &str = "Skip to the terminals";
/// Closes a window.
pub const CLOSE: &str = "Close";
/// Settings.
pub const SETTINGS: &str = "Settings";
/// Help.
pub const HELP: &str = "Help";
/// The lessons.
pub const LESSONS: &str = "Lessons";
/// Before the count of lessons that are done, spoken.
pub const LESSONS_DONE: &str = "; lessons done: ";
/// The lab without a lesson.
pub const SANDBOX: &str = "Sandbox";
/// What the sandbox is.
pub const SANDBOX_ABOUT: &str = "a cluster to do as you like";
/// The head over the sandbox.
pub const NO_LESSON: &str = "Without a lesson";
/// The switch between panes.
pub const PANES: &str = "Panes";
/// The run controls.
pub const TIME: &str = "Time";
/// Time runs.
pub const PLAY: &str = "Let time run";
/// Time stands.
pub const PAUSE: &str = "Pause time";
/// One event.
pub const STEP: &str = "One event";
/// On to something interesting.
pub const NEXT: &str = "On to the next interesting event";
/// The speed.
pub const SPEED: &str = "Speed of time";
/// Time stands.
pub const PAUSED: &str = "paused";
/// The strip at the bottom.
pub const TIMELINE: &str = "Timeline";
/// Virtual time.
pub const ELAPSED: &str = "Virtual time since the lab began";
/// The run's date.
pub const RUN_DATE: &str = "The date in the lab, UTC";
/// The list in the strip.
pub const LAST_EVENTS: &str = "Last events";
/// The list of events.
pub const EVENTS: &str = "Events";
/// The heads of the list of events.
pub const EVENT_HEAD: &[&str] = &["When", "Where", "What"];
/// Nothing has happened.
pub const NO_EVENTS: &str = "Nothing has happened yet.";
/// Before the text of an interesting event.
pub const INTERESTING_MARK: &str = "\u{25c6} ";
/// The bar beside the lesson.
pub const RESIZE_LESSON: &str = "Width of the lesson";
/// The bar above the terminals.
pub const RESIZE_TERMINALS: &str = "Height of the terminals";

/// A pane's name.
pub fn pane(pane: Pane) -> &'static str {
    match pane {
        Pane::Lesson => "Lesson",
        Pane::Cluster => "Cluster",
        Pane::Terminals => "Terminals",
    }
}

/// The button that makes a pane fill the screen.
pub fn fill(pane: Pane) -> &'static str {
    match pane {
        Pane::Lesson => "Fill the screen with the lesson",
        Pane::Cluster => "Fill the screen with the cluster",
        Pane::Terminals => "Fill the screen with the terminals",
    }
}

/// The button that ends it.
pub fn unfill(_: Pane) -> &'static str {
    "Show all panes"
}

/// So many of so many.
pub fn of(done: usize, total: usize) -> String {
    format!("{done}/{total}")
}

/// How long a lesson takes.
pub fn minutes(minutes: u32) -> String {
    if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") }
}

/// How a lesson stands.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::New => "",
        Standing::Begun => " (begun)",
        Standing::Done => " (done)",
    }
}

/// A speed, given in thousandths of real time.
pub fn speed(thousandths: u32) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    let rest = format!("{rest:03}");
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{whole}\u{d7}") } else { format!("{whole}.{rest}\u{d7}") }
}

/// A node's name. Controllers have ids from 11 on; 0 is the laptop.
pub fn node_name(id: i32) -> String {
    match id {
        0 => "laptop".to_owned(),
        1..=10 => format!("broker {id}"),
        _ => format!("controller {id}"),
    }
}

/// An event with its place.
pub fn event(event: &EventLine) -> String {
    event.node.map_or_else(|| event.text.clone(), |node| format!("{}: {}", node_name(node), event.text))
}

/// How a node is.
pub fn node_state(state: NodeState) -> &'static str {
    match state {
        NodeState::Running => "running",
        NodeState::Paused => "paused",
        NodeState::Stopping => "stopping",
        NodeState::Down => "down",
        NodeState::NoPower => "no power",
    }
}

/// What kind of client a program is.
pub fn client_kind(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Producer => "Producer",
        ClientKind::Consumer => "Consumer",
        ClientKind::Admin => "Admin",
    }
}

/// A frame's name.
pub fn frame_name(flight: &Flight) -> String {
    format!("{} {}", flight.api, if flight.is_response { "response" } else { "request" })
}

/// How much slower a link is.
pub fn slower_by(extra_ms: u64) -> String {
    format!("{extra_ms} ms slower")
}

/// How much a link loses.
pub fn loses(percent: u8) -> String {
    format!("loses {percent} %")
}

/// A stretch of time in its largest whole unit.
pub fn short_time(ms: u64) -> String {
    match ms {
        ms if ms >= 3_600_000 && ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        ms if ms >= 1000 && ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// How a link is that is not as it should be.
pub fn link_words(link: &ottla_lab::protocol::LinkRow) -> String {
    let slow = (link.extra_ms > 0).then(|| slower_by(link.extra_ms));
    let lossy = (link.lossy_percent > 0).then(|| loses(link.lossy_percent));
    let cut = link.cut.then(|| "cut".to_owned());
    [cut, slow, lossy].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Notices.
pub mod notice {
    /// Sends a notice away.
    pub const DISMISS: &str = "Dismiss";
    /// The run as a file.
    pub const DOWNLOAD: &str = "Download the run";
    /// Throws the lab away.
    pub const FRESH: &str = "Start a fresh lab";
    /// Takes the kept lab.
    pub const TAKE_OVER: &str = "Take over here";
    /// Starts the engine.
    pub const RESTART: &str = "Start it again";
    /// The storage is full.
    pub const STORAGE_FULL: &str =
        "The browser's storage is full: the lab goes on, but what you do from now on is not kept.";
    /// A second tab.
    pub const SECOND_TAB: &str =
        "Your kept lab is open in another tab; this one runs a lab of its own, which is gone when you close it.";
    /// Another tab took it.
    pub const TAKEN_AWAY: &str =
        "Another tab has taken over your kept lab; this one runs a lab of its own, which is gone when you close it.";
    /// A file of another kind.
    pub const NOT_IMPORTED: &str = "That file holds no progress of Ottla; your progress is as it was.";
    /// The kept lab goes on.
    pub const RESTORED: &str = "The cluster has started from the disks it had when you left: as after a power cut, brokers check their logs and rejoin.";

    /// Nothing is kept.
    pub fn memory_only(why: &str) -> String {
        format!(
            "Nothing is kept in this browser ({}): the lab runs in memory and is gone when you close the page.",
            why.trim_end_matches('.')
        )
    }

    /// A recorded run plays.
    pub const RECORDED_RUN: &str = "A recorded run: press play to watch it from its beginning. What you do yourself ends the recording and goes on from there; nothing of it is kept.";
    /// Back to one's own lab.
    pub const BACK: &str = "Back to my lab";

    /// A file is no run.
    pub fn damaged_run(why: &str) -> String {
        format!("That file can't be played: {}. The lab goes on as it was.", why.trim_end_matches('.'))
    }

    /// The kept lab is damaged.
    pub fn damaged(why: &str) -> String {
        format!(
            "The kept lab could not be read ({}); it was left as it is and a lab in memory runs instead.",
            why.trim_end_matches('.')
        )
    }

    /// The engine died and was started again.
    pub fn died(words: &str) -> String {
        format!("The engine failed and was started again with what was kept. Its last words: {}", short(words))
    }

    /// The engine died for good.
    pub fn stopped(words: &str) -> String {
        format!("The engine has stopped. Its last words: {}", short(words))
    }

    /// The address names no lesson.
    pub fn no_lesson(id: &str) -> String {
        format!("There is no lesson named \u{201c}{id}\u{201d}; this is the first one.")
    }

    /// The first line, cut.
    fn short(words: &str) -> String {
        let line = words.lines().next().unwrap_or_default();
        let cut: String = line.chars().take(200).collect();
        if cut.len() < line.len() { format!("{cut}\u{2026}") } else { cut }
    }
}

/// Settings.
pub mod settings {
    /// Light or dark.
    pub const THEME: &str = "Theme";
    /// As the system.
    pub const SYSTEM: &str = "As the system";
    /// Light.
    pub const LIGHT: &str = "Light";
    /// Dark.
    pub const DARK: &str = "Dark";
    /// The keyboard.
    pub const KEYBOARD: &str = "Keyboard";
    /// Single keys.
    pub const KEYS: &str = "Single keys do something while nothing is being typed (they stand in the help)";
    /// Progress.
    pub const PROGRESS: &str = "Progress";
    /// Where it is kept.
    pub const PROGRESS_ABOUT: &str = "It is kept in this browser and nowhere else. Take it along as a file.";
    /// Writes the file.
    pub const EXPORT: &str = "Export progress";
    /// Reads the file.
    pub const IMPORT: &str = "Import progress";
    /// The lab.
    pub const LAB: &str = "Lab";
    /// What can be done with it.
    pub const LAB_ABOUT: &str =
        "A run is data: it can be downloaded and played again. A fresh lab begins with empty disks.";
    /// The run as a file.
    pub const DOWNLOAD: &str = "Download the run";
    /// Plays a run again.
    pub const PLAY_RUN: &str = "Play a run\u{2026}";
    /// Throws the lab away.
    pub const RESET: &str = "Start a fresh lab";
    /// Asks once more.
    pub const RESET_SURE: &str = "Throw this lab away?";
}

/// Help.
pub mod help {
    /// What this is.
    pub const ABOUT: &[&str] = &[
        "The brokers, controllers and tools on this page are real state machines that speak Kafka's protocol to each other, on a \
         network, a clock and disks that are made up. Nothing leaves your browser.",
        "Type commands in a terminal, or press the button beside a command of the lesson. Break things with the Faults menu of a \
         broker, a controller or a link.",
    ];
    /// Keys of the page.
    pub const PAGE: &str = "Keys of the page";
    /// When they work.
    pub const PAGE_ABOUT: &str = "While nothing is being typed. They can be switched off in the settings.";
    /// The keys.
    pub const PAGE_KEYS: &[(&str, &str)] = &[
        ("?", "This help"),
        ("p", "Let time run, or pause it"),
        (".", "One event"),
        ("n", "On to the next interesting event"),
        ("t", "The cluster as tables, or as a picture"),
        ("l", "The lessons"),
        ("1 2 3", "To the lesson, the cluster, the terminals"),
        ("Escape", "Show all panes again"),
    ];
    /// Keys of the terminals.
    pub const TERMINAL: &str = "Keys of a terminal";
    /// The keys.
    pub const TERMINAL_KEYS: &[(&str, &str)] = &[
        ("Enter", "Sends the line"),
        ("Up, Down", "Lines typed before"),
        ("Ctrl-R", "Looks for a line typed before that holds these letters"),
        ("Tab", "Completes commands, options, topics, groups"),
        ("Escape, Tab", "Leaves the terminal"),
        ("Ctrl-C", "Interrupts the program (copies, if text is selected)"),
        ("Ctrl-D", "Ends the input"),
        ("Ctrl-L", "Clears the screen"),
        ("Ctrl-U", "Clears the line"),
        ("Page Up, Page Down", "Scrolls"),
    ];
    /// Signs of the picture.
    pub const PICTURE: &str = "Signs of the picture";
    /// The signs.
    pub const SIGNS: &[&str] = &[
        "A cell is a record: the first letters of its key, its offset below, its colour by key. A grey one has no key: the letters \
         are its value's.",
        "HW is the high watermark: consumers read up to there. Records after it have a dashed edge.",
        "end is the log end offset, where the next record goes; \u{27e6} is where a log starts that lost its oldest records.",
        "e1, e2, \u{2026} stand where records of another leader epoch begin.",
        "A crown marks a leader, two lines a follower in sync, a broken line one that is out of sync or a cut link.",
    ];
}

/// The terminals.
pub mod terminal {
    /// The terminals to choose from.
    pub const CHOOSE: &str = "Terminals to choose from";
    /// One more.
    pub const OPEN: &str = "Open a terminal";
    /// Interrupts.
    pub const CTRL_C: &str = "Ctrl-C";
    /// Ends the input.
    pub const CTRL_D: &str = "Ctrl-D";
    /// Clears the screen.
    pub const CLEAR: &str = "Clear";
    /// A line of error output.
    pub const STDERR: &str = "Error output";
    /// Before a line of error output, spoken.
    pub const STDERR_SPOKEN: &str = "error output: ";
    /// How to leave.
    pub const INPUT_HINT: &str = "Escape, then Tab leaves the terminal";
    /// Words to tap.
    pub const TAPS: &str = "Words to add";
    /// Sends the line.
    pub const ENTER: &str = "Enter \u{21b5}";

    /// A terminal's name; `index` counts from 0.
    pub fn name(index: usize) -> String {
        format!("Terminal {}", index + 1)
    }

    /// Its input's name.
    pub fn input(index: usize) -> String {
        format!("Terminal {} input", index + 1)
    }

    /// Its output's name.
    pub fn output(index: usize) -> String {
        format!("Terminal {} output", index + 1)
    }
}

/// Lessons.
pub mod lesson {
    /// The line to remember.
    pub const REMEMBER: &str = "Remember";
    /// What differs in production.
    pub const PRODUCTION: &str = "In production";
    /// What was said to mistakes.
    pub const SAID: &str = "About what you did";
    /// All goals are reached.
    pub const REACHED: &str = "All goals are reached.";
    /// A command.
    pub const COMMAND: &str = "Command";
    /// Into the clipboard.
    pub const COPY: &str = "Copy the command";
    /// It is there.
    pub const COPIED: &str = "Copied";
    /// Before a question.
    pub const PREDICT: &str = "Predict";
    /// Commits to an answer.
    pub const COMMIT: &str = "This is my answer";
    /// The answer was right.
    pub const RIGHT: &str = "As you said.";
    /// The answer was wrong.
    pub const WRONG: &str = "It is otherwise.";
    /// The right answer.
    pub const THE_ANSWER: &str = "the answer";
    /// What was chosen.
    pub const YOUR_ANSWER: &str = "your answer";
    /// The checklist.
    pub const GOALS: &str = "Goals";
    /// Before a goal that was reached, spoken.
    pub const DONE: &str = "done: ";
    /// Before one that was not, spoken.
    pub const OPEN: &str = "open: ";
    /// Hints.
    pub const HINTS: &str = "Hints";
    /// The engine has not said them yet.
    pub const NO_GOALS_YET: &str = "They appear when the cluster runs.";
    /// The sandbox.
    pub const SANDBOX: &[&str] = &[
        "Three brokers and three controllers, and no task. Nothing here can do harm: a fresh lab is one button away, in the settings.",
        "For a start:",
    ];
    /// Commands to begin with: terminal, command.
    pub const SANDBOX_COMMANDS: &[(u32, &str)] = &[
        (
            0,
            "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic orders --partitions 3 --replication-factor 3",
        ),
        (1, "kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic orders --from-beginning"),
        (0, "kafka-console-producer.sh --bootstrap-server localhost:9092 --topic orders"),
    ];

    /// A lesson that can't be read.
    pub fn unreadable(why: &str) -> String {
        format!("This lesson could not be read: {why}")
    }

    /// On to a lesson.
    pub fn onward(title: &str) -> String {
        format!("Next: {title}")
    }

    /// Runs a command; `terminal` counts from 0.
    pub fn run(command: &str, terminal: u32) -> String {
        format!("Run in terminal {}: {command}", terminal + 1)
    }

    /// Where it runs; `terminal` counts from 0.
    pub fn run_title(terminal: u32) -> String {
        format!("Run in terminal {}", terminal + 1)
    }

    /// What is still missing.
    pub fn missing(what: &str) -> String {
        format!("Not yet: {what}")
    }

    /// Asks for a hint; so many were given.
    pub fn hint(given: usize) -> &'static str {
        match given {
            0 => "Give me a hint",
            1 => "What does the command look like?",
            _ => "Tell me the command",
        }
    }

    /// How many goals are reached.
    pub fn goal_count(done: usize, total: usize) -> String {
        format!("{GOALS} {done}/{total}")
    }

    /// Which goals are reached, spoken.
    pub fn reached(goals: &str) -> String {
        format!("Reached: {goals}")
    }
}

/// Faults.
pub mod faults {
    use super::node_name;
    use crate::model::faults::LinkState;
    use ottla_lab::protocol::{HostFaults, NodeAction};

    /// The menu's button.
    pub const FAULTS: &str = "Faults";
    /// The links.
    pub const LINKS: &str = "Links to";
    /// Cuts both directions.
    pub const CUT: &str = "Cut";
    /// Cuts one direction.
    pub const CUT_OUT: &str = "One way";
    /// Slows.
    pub const SLOW: &str = "Slow";
    /// Loses segments.
    pub const LOSSY: &str = "Lossy";
    /// Heals.
    pub const HEAL: &str = "Heal";
    /// Ends every fault.
    pub const HEAL_ALL: &str = "Mend everything";
    /// A node's disk.
    pub const DISK: &str = "Disk";
    /// What can go wrong with it, in the order of the model.
    pub const DISK_FAULTS: [&str; 3] = ["Slow (+200 ms)", "Full", "Failing"];
    /// A node's clock.
    pub const CLOCK: &str = "Clock";
    /// How far it can be off, in the order of the model.
    pub const CLOCK_FAULTS: [&str; 4] = ["\u{2212}1 h", "\u{2212}5 s", "+5 s", "+1 h"];

    /// What is wrong with a host, apart from its process.
    pub fn host_notes(host: HostFaults) -> Vec<String> {
        let slow = (host.disk_extra_ms > 0).then(|| format!("disk {}", super::slower_by(host.disk_extra_ms)));
        let full = host.disk_full.then(|| "disk full".to_owned());
        let failing = host.disk_failing.then(|| "disk failing".to_owned());
        let skew = host.clock_skew_ms;
        let way = if skew > 0 { "ahead" } else { "behind" };
        let clock = (skew != 0).then(|| format!("clock {} {way}", super::short_time(skew.unsigned_abs())));
        [slow, full, failing, clock].into_iter().flatten().collect()
    }

    /// The menu's name.
    pub fn menu(node: i32) -> String {
        format!("Faults of {}", node_name(node))
    }

    /// What a button does to a node.
    pub fn action(action: NodeAction) -> &'static str {
        match action {
            NodeAction::Kill => "Kill (kill -9)",
            NodeAction::Stop => "Stop",
            NodeAction::Pause => "Pause",
            NodeAction::Resume => "Resume",
            NodeAction::Start => "Start",
            NodeAction::PowerCut => "Cut power",
            NodeAction::SlowDisk(_) => "Slow disk",
            NodeAction::FullDisk => "Full disk",
            NodeAction::FailDisk => "Failing disk",
            NodeAction::HealDisk => "Heal the disk",
            NodeAction::SkewClock(_) => "Skew the clock",
        }
    }

    /// The links to a node.
    pub fn link(other: i32) -> String {
        format!("Links to {}", node_name(other))
    }

    /// A button for links, in full.
    pub fn link_label(what: &str, node: i32, other: i32) -> String {
        format!("{what}: {} to {}", node_name(node), node_name(other))
    }

    /// How links are.
    pub fn link_state(state: LinkState) -> String {
        match (state.cut_out, state.cut_in, state.extra_ms) {
            (true, true, _) => "cut".to_owned(),
            (true, false, _) => "cut outward".to_owned(),
            (false, true, _) => "cut inward".to_owned(),
            (false, false, extra) => {
                let slow = (extra > 0).then(|| super::slower_by(extra));
                let lossy = (state.lossy_percent > 0).then(|| super::loses(state.lossy_percent));
                let all: Vec<String> = [slow, lossy].into_iter().flatten().collect();
                if all.is_empty() { "whole".to_owned() } else { all.join(", ") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds() {
        let table = [(100, "0.1×"), (250, "0.25×"), (1_000, "1×"), (1_000_000, "1000×"), (0, "0×")];
        for (thousandths, text) in table {
            assert_eq!(speed(thousandths), text);
        }
    }

    #[test]
    fn last_words_are_cut() {
        assert!(notice::died("one\ntwo").ends_with("one"));
        assert!(notice::stopped(&"é".repeat(300)).ends_with('…'));
    }
}
