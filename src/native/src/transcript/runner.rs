//! Runs a transcript against a lab. Serves the check; invariant: time is virtual, and a terminal has settled when it has
//! been silent for as long as the recording waited.

use super::{
    Masks,
    compare::compare,
    script::{Action, Script, Step},
};
use fancy_regex::Regex;
use indexmap::IndexMap;
use ottla_lab::{
    Lab, LabConfig, Spawned,
    protocol::{LabInput, NodeAction},
};

/// Silence after which a terminal has settled, and the least silence after a start, in milliseconds.
const QUIET_MS: u64 = 2500;
const QUIET_AFTER_START_MS: u64 = 4000;
/// The longest wait for anything, in milliseconds.
const LIMIT_MS: u64 = 60_000;
const RUN_LIMIT_MS: u64 = 120_000;
const UNTIL_LIMIT_MS: u64 = 90_000;

struct Runner {
    lab: Lab,
    /// In the order they were started: a look prints them in that order.
    terminals: IndexMap<String, Spawned>,
}

/// Runs all steps; the first difference ends the run.
pub fn run(script: &Script, masks: &Masks) -> Result<(), String> {
    if script.version != "4.3" {
        return Err(format!("version {} is not run yet\n", script.version));
    }
    let config = LabConfig {
        brokers: script.brokers,
        controllers: script.controllers,
        settings: script.settings.clone(),
        ..LabConfig::default()
    };
    let mut lab = Lab::new(config).map_err(|e| e.to_string())?;
    lab.settle();
    let mut runner = Runner { lab, terminals: IndexMap::new() };
    for step in &script.steps {
        let actual = runner.step(step)?;
        if let Some(diff) = compare(step, &actual, masks) {
            return Err(diff);
        }
    }
    Ok(())
}

impl Runner {
    fn step(&mut self, step: &Step) -> Result<Vec<String>, String> {
        let quiet = step.flags.quiet_ms.unwrap_or(QUIET_MS);
        Ok(match &step.action {
            Action::Run { command, stdin } => self.command(command, stdin.as_deref(), RUN_LIMIT_MS).lines(),
            Action::Start { terminal, command } => {
                let spawned = self.lab.spawn_in_terminal(command);
                self.terminals.insert(terminal.clone(), spawned);
                self.settle(terminal, quiet.max(QUIET_AFTER_START_MS));
                self.take(terminal)
            }
            Action::Type { terminal, text } => {
                self.known(terminal)?.type_line(&mut self.lab, text);
                self.settle(terminal, quiet);
                self.take(terminal)
            }
            Action::EndOfInput { terminal } => {
                self.known(terminal)?.end_of_input(&mut self.lab);
                self.wait_for_end(terminal);
                self.take(terminal)
            }
            Action::Interrupt { terminal } => {
                self.known(terminal)?.interrupt(&mut self.lab);
                self.wait_for_end(terminal);
                self.take(terminal)
            }
            Action::Nodes { verb, nodes } => {
                nodes.iter().for_each(|node| self.node(verb, *node));
                Vec::new()
            }
            Action::Sleep { ms } => {
                self.lab.run_for_ms(*ms);
                Vec::new()
            }
            Action::Until { regex, command } => self.until(regex, command).map(|()| Vec::new())?,
            Action::Look => {
                let names: Vec<String> = self.terminals.keys().cloned().collect();
                let mut all = Vec::new();
                for name in names {
                    self.settle(&name, quiet);
                    all.extend(self.take(&name));
                }
                all
            }
        })
    }

    fn known(&self, terminal: &str) -> Result<Spawned, String> {
        self.terminals.get(terminal).cloned().ok_or_else(|| format!("terminal {terminal} has ended\n"))
    }

    fn command(&mut self, command: &str, stdin: Option<&str>, limit_ms: u64) -> Finished {
        let spawned = self.lab.spawn_script(command, stdin);
        let end = self.lab.now().plus_millis(limit_ms);
        while self.lab.exit_code(&spawned).is_none() && self.lab.step(end) {}
        let code = self.lab.exit_code(&spawned).map_or_else(|| "timeout".to_owned(), |code| code.to_string());
        let (stdout, stderr) = self.lab.take_output(&spawned);
        if code == "timeout" {
            self.lab.kill(&spawned);
        }
        Finished { stdout, stderr, code }
    }

    fn settle(&mut self, terminal: &str, quiet_ms: u64) {
        let Some(spawned) = self.terminals.get(terminal).cloned() else { return };
        let limit = self.lab.now().plus_millis(LIMIT_MS);
        let mut printed = self.lab.printed_bytes(&spawned);
        let mut silent_until = self.lab.now().plus_millis(quiet_ms);
        while self.lab.exit_code(&spawned).is_none() && self.lab.step(silent_until.min(limit)) {
            let now_printed = self.lab.printed_bytes(&spawned);
            if now_printed != printed {
                printed = now_printed;
                silent_until = self.lab.now().plus_millis(quiet_ms);
            }
        }
        if self.lab.exit_code(&spawned).is_none() {
            self.lab.run_until(silent_until.min(limit));
        }
    }

    fn wait_for_end(&mut self, terminal: &str) {
        let Some(spawned) = self.terminals.get(terminal).cloned() else { return };
        let limit = self.lab.now().plus_millis(LIMIT_MS);
        while self.lab.exit_code(&spawned).is_none() && self.lab.step(limit) {}
        self.lab.run_for_ms(300);
    }

    fn take(&mut self, terminal: &str) -> Vec<String> {
        let Some(spawned) = self.terminals.get(terminal).cloned() else { return Vec::new() };
        let (stdout, stderr) = self.lab.take_output(&spawned);
        let tag = format!("[{terminal}]");
        let mut all = lines(&format!("{tag}|"), &stdout);
        all.extend(lines(&format!("{tag}!"), &stderr));
        if let Some(code) = self.lab.exit_code(&spawned) {
            all.push(format!("{tag}? {code}"));
            self.terminals.shift_remove(terminal);
        }
        all
    }

    fn node(&mut self, verb: &str, node: i32) {
        let action = match verb {
            "kill" => NodeAction::Kill,
            "stop" => NodeAction::Stop,
            "start" => NodeAction::Start,
            "pause" => NodeAction::Pause,
            _ => NodeAction::Resume,
        };
        self.lab.apply(&LabInput::Node { node, action });
        match verb {
            "stop" => {
                let limit = self.lab.now().plus_millis(120_000);
                while self.lab.node_is_alive(node) && self.lab.step(limit) {}
            }
            "start" => self.lab.run_for_ms(3000),
            _ => {}
        }
    }

    fn until(&mut self, regex: &str, command: &str) -> Result<(), String> {
        let wanted = Regex::new(&format!("(?m){regex}")).map_err(|e| e.to_string())?;
        let limit = self.lab.now().plus_millis(UNTIL_LIMIT_MS);
        loop {
            let finished = self.command(command, None, UNTIL_LIMIT_MS);
            if wanted.is_match(&finished.stdout).unwrap_or(false) {
                return Ok(());
            }
            if self.lab.now() > limit {
                let Finished { stdout, stderr, .. } = finished;
                return Err(format!("never saw {regex} from {command}; last:\n{stdout}{stderr}"));
            }
            self.lab.run_for_ms(500);
        }
    }
}

struct Finished {
    stdout: String,
    stderr: String,
    code: String,
}

impl Finished {
    fn lines(&self) -> Vec<String> {
        let mut all = lines("|", &self.stdout);
        all.extend(lines("!", &self.stderr));
        all.push(format!("? {}", self.code));
        all
    }
}

/// Text as recorded lines: an unfinished last line ends in a backslash.
fn lines(prefix: &str, text: &str) -> Vec<String> {
    let mut parts: Vec<&str> = text.split('\n').collect();
    let tail = parts.pop().unwrap_or("");
    let line = |l: &str| if l.is_empty() { prefix.to_owned() } else { format!("{prefix} {l}") };
    let mut out: Vec<String> = parts.into_iter().map(line).collect();
    if !tail.is_empty() {
        out.push(format!("{prefix} {tail}\\"));
    }
    out
}
