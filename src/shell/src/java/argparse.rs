//! Errors of tools with sub-commands (argparse4j): usage, then the message filled out to a width. Serves kafka-metadata-quorum and its
//! kin; invariant: lines but the last are justified with extra blanks in their middle, as argparse4j does it.

const WIDTH: usize = 75;

/// Usage and message on standard error: `PROGRAM: error: MESSAGE`.
pub fn argparse_error(usage: &str, program: &str, message: &str) -> String {
    format!("{usage}{}", fill(&format!("{program}: error: {message}")))
}

/// A piece of a text and whether a blank stands before it: a line may break before a piece.
fn pieces(text: &str) -> Vec<(bool, String)> {
    let mut pieces = Vec::new();
    for word in text.split_whitespace() {
        let mut first = true;
        let mut piece = String::new();
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            piece.push(c);
            if c == '-' && chars.peek().is_some_and(|next| next.is_alphanumeric()) {
                pieces.push((first, std::mem::take(&mut piece)));
                first = false;
            }
        }
        pieces.push((first, piece));
    }
    pieces
}

fn fill(text: &str) -> String {
    let mut lines: Vec<Vec<String>> = vec![Vec::new()];
    let mut length = 0;
    for (blank, piece) in pieces(text) {
        let wide = piece.chars().count();
        let Some(line) = lines.last_mut() else { break };
        let gap = usize::from(blank && !line.is_empty());
        if length + gap + wide > WIDTH && length > 0 {
            lines.push(vec![piece]);
            length = wide;
            continue;
        }
        length += gap + wide;
        match line.last_mut() {
            Some(last) if !blank => last.push_str(&piece),
            _ => line.push(piece),
        }
    }
    let last = lines.pop().unwrap_or_default();
    let mut out: String = lines.iter().map(|words| justified(words) + "\n").collect();
    out.push_str(&last.join(" "));
    out.push('\n');
    out
}

fn justified(words: &[String]) -> String {
    let gaps = words.len().saturating_sub(1);
    let letters: usize = words.iter().map(|w| w.chars().count()).sum();
    let blanks = WIDTH.saturating_sub(letters).max(gaps);
    let each = blanks.checked_div(gaps).unwrap_or(0);
    let extra = blanks.checked_rem(gaps).unwrap_or(0);
    let start = (gaps - extra).div_ceil(2);
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        out.push_str(word);
        if at < gaps {
            let more = usize::from((start..start + extra).contains(&at));
            out.push_str(&" ".repeat(each + more));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_recorded() {
        let cases = [
            (
                "invalid choice: 'status' (choose from 'describe', 'add-controller', 'remove-controller')",
                "kafka-metadata-quorum:  error:  invalid   choice:   'status'  (choose  from\n\
                 'describe', 'add-controller', 'remove-controller')\n",
            ),
            (
                "one of the arguments --bootstrap-server --bootstrap-controller is required",
                "kafka-metadata-quorum: error: one  of  the  arguments --bootstrap-server --\nbootstrap-controller is required\n",
            ),
            (
                "argument --bootstrap-controller: not allowed with argument --bootstrap-server",
                "kafka-metadata-quorum: error: argument  --bootstrap-controller: not allowed\nwith argument --bootstrap-server\n",
            ),
            ("too few arguments", "kafka-metadata-quorum: error: too few arguments\n"),
        ];
        for (message, expected) in cases {
            assert_eq!(argparse_error("", "kafka-metadata-quorum", message), expected);
        }
    }
}
