//! Whether a program reads standard input by itself. Serves subshells: one that does not leaves the input to its children.
//! Invariant: looks only at the tree; a `read` behind a variable is not seen.

use crate::lang::{Command, Compound, List};

/// Whether a `read` stands anywhere in the commands.
pub(super) fn reads(list: &List) -> bool {
    list.iter().any(|item| {
        let rest = item.and_or.rest.iter().map(|(_, pipeline)| pipeline);
        let pipelines = std::iter::once(&item.and_or.first).chain(rest);
        pipelines.flat_map(|p| &p.commands).any(|command| in_command(command))
    })
}

fn in_command(command: &Command) -> bool {
    match command {
        Command::Simple(simple) => simple.words.first().and_then(|w| w.plain()) == Some("read"),
        Command::Compound { compound, .. } => match compound {
            Compound::For { body, .. } => reads(body),
            Compound::While { condition, body, .. } => reads(condition) || reads(body),
            Compound::If { arms, otherwise } => {
                arms.iter().any(|(c, b)| reads(c) || reads(b)) || otherwise.as_ref().is_some_and(|o| reads(o))
            }
            Compound::Group(list) | Compound::Subshell(list) => reads(list),
        },
    }
}
