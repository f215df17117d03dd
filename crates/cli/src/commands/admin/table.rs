//! Lists for people: columns as wide as their longest entry.

/// What stands where there is nothing.
pub const NOTHING: &str = "-";

/// Rows below a line of headings; nothing at all without rows.
pub fn table<const COLUMNS: usize>(headings: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |cells: [&str; COLUMNS]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let head = line(headings);
    rows.iter().fold(head, |text, row| text + &line(row.each_ref().map(String::as_str)))
}

/// A value, or a dash.
pub fn or_nothing(value: Option<impl ToString>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
}

/// `yes` or a dash.
pub fn yes(value: bool) -> String {
    if value { "yes".to_owned() } else { NOTHING.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_entry() {
        let rows = [["ä".to_owned(), "1".to_owned()], ["abcd".to_owned(), NOTHING.to_owned()]];
        assert_eq!(table(["id", "n"], &rows), "id    n\nä     1\nabcd  -\n");
        assert_eq!(table(["id"], &[]), "");
    }
}
