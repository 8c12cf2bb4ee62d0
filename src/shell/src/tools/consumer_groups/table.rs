//! Columns of text. Serves the views of kafka-consumer-groups; invariant: a column is as wide as its widest cell, and at least as wide
//! as the real tool makes it.

/// A column: its header, and its width at least; 0 leaves it without padding.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The header.
    pub header: &'static str,
    /// At least so wide.
    pub least: usize,
    /// Whether longer cells make it wider.
    pub grows: bool,
}

/// A column that grows with its cells.
pub const fn growing(header: &'static str, least: usize) -> Column {
    Column { header, least, grows: true }
}

/// A column of one width.
pub const fn fixed(header: &'static str, least: usize) -> Column {
    Column { header, least, grows: false }
}

/// An empty line, the header and the rows; each line with `tail` at its end.
pub fn lines(columns: &[Column], rows: &[Vec<String>], tail: &str) -> Vec<String> {
    let width = |(at, column): (usize, &Column)| {
        let longest = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        if column.grows { column.least.max(longest) } else { column.least }
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}{tail}", cells.join(" "))
    };
    let mut lines = vec![String::new(), line(&mut columns.iter().map(|column| column.header))];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_grow() {
        let columns = [growing("A", 3), fixed("B", 2), fixed("C", 0)];
        let rows = vec![vec!["four".to_owned(), "x".to_owned(), "last".to_owned()]];
        assert_eq!(lines(&columns, &rows, ""), ["", "A    B  C", "four x  last"]);
    }
}
