//! Tables on standard output, as wide as their cells; rows may come one by one.

use crate::visible;

/// Columns that were measured.
pub(super) struct Table<const N: usize> {
    /// Names of the columns; those of numbers begin with `>`.
    heads: [&'static str; N],
    widths: [usize; N],
}

impl<const N: usize> Table<N> {
    pub(super) fn new(heads: [&'static str; N]) -> Self {
        let mut table = Self { heads, widths: [0; N] };
        table.measure(&table.head());
        table
    }

    /// Makes room for a row.
    pub(super) fn measure(&mut self, cells: &[String; N]) {
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(visible::cell(cell).chars().count());
        }
    }

    pub(super) fn head(&self) -> [String; N] {
        self.heads.map(|head| head.trim_start_matches('>').to_owned())
    }

    pub(super) fn line(&self, cells: &[String; N]) -> String {
        let mut line = String::new();
        for ((cell, width), head) in cells.iter().zip(self.widths).zip(self.heads) {
            let cell = visible::cell(cell);
            let cell =
                if head.starts_with('>') { format!("{cell:>width$}") } else { format!("{cell:width$}") };
            line = line + &cell + "  ";
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// All of a table at once: its head and its rows.
    pub(super) fn lines(mut self, rows: &[[String; N]]) -> Vec<String> {
        for row in rows {
            self.measure(row);
        }
        std::iter::once(&self.head()).chain(rows).map(|row| self.line(row)).collect()
    }
}
