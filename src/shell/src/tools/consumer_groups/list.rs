//! `--list`. Serves kafka-consumer-groups; invariant: names of states and types are read in any case, and filters run on the brokers.

use super::failure::Failure;
use crate::java::Parsed;
use ottla_client::{AdminRequest, GroupListing};

const STATES: [&str; 7] =
    ["Reconciling", "Empty", "Dead", "PreparingRebalance", "Stable", "Assigning", "CompletingRebalance"];
const TYPES: [&str; 2] = ["Consumer", "Classic"];

/// The question for all groups of consumers.
pub fn all() -> AdminRequest {
    AdminRequest::ListGroups { states: vec![], types: texts(&TYPES), protocol_types: texts(&["", "consumer"]) }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The words of a list, spelled as brokers do.
fn words(list: &str, known: &[&'static str], what: &str) -> Result<Vec<String>, Failure> {
    let find = |word: &str| known.iter().find(|k| k.eq_ignore_ascii_case(word.trim()));
    let found: Option<Vec<String>> = list.split(',').map(|word| find(word).map(|k| (*k).to_owned())).collect();
    let (kind, plural) = (what, if what == "state" { "states" } else { "types" });
    found.ok_or_else(|| {
        Failure::Usage(format!("Invalid {kind} list '{list}'. Valid {plural} are: {}", known.join(", ")))
    })
}

/// The question the options ask.
///
/// # Errors
/// For a state or type there is none of.
pub fn request(parsed: &Parsed) -> Result<AdminRequest, Failure> {
    let types = match parsed.value("type")? {
        Some(list) if !list.is_empty() => words(list, &TYPES, "types")?,
        _ => texts(&TYPES),
    };
    let states = match parsed.value("state")? {
        Some(list) if !list.is_empty() => words(list, &STATES, "state")?,
        _ => vec![],
    };
    Ok(AdminRequest::ListGroups { states, types, protocol_types: texts(&["", "consumer"]) })
}

/// The lines to print.
pub fn rows(parsed: &Parsed, groups: &[GroupListing]) -> Vec<String> {
    let (with_type, with_state) = (parsed.has("type"), parsed.has("state"));
    if !with_type && !with_state {
        return groups.iter().map(|group| group.group_id.clone()).collect();
    }
    let longest = groups.iter().map(|group| group.group_id.chars().count()).max().unwrap_or(0);
    let width = longest.max(15) + 10;
    let line = |group: &str, group_type: &str, state: &str| {
        let mut line = format!("{group:<width$}");
        for (shown, cell) in [(with_type, group_type), (with_state, state)] {
            if shown {
                line.push_str(&format!(" {cell:<20}"));
            }
        }
        line
    };
    let mut rows = vec![line("GROUP", "TYPE", "STATE")];
    rows.extend(groups.iter().map(|group| line(&group.group_id, &group.group_type, &group.state)));
    rows
}
