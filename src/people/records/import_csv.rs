//! The CSV of a list, as spreadsheets write it: commas, semicolons or tabs between cells, a line that says
//! which (`sep=;`), and line ends of any system.

use super::import_list::{ListError, import_columns};

/// What may stand between cells. No name of a column contains one.
const DELIMITERS: [char; 4] = ['\t', ';', ',', '|'];

/// The columns of a list. The name of a column that only has empty cells may be empty: spreadsheets write
/// such columns after a cell was deleted.
pub(super) struct CsvList {
    pub columns: Vec<String>,
    pub rows: Vec<CsvRow>,
}

/// A row, and the line it begins at, counted from 1.
pub(super) struct CsvRow {
    pub line: u64,
    /// As many cells as there are columns, or why there are not.
    pub cells: Result<Vec<String>, String>,
}

/// Parses CSV whose line ends are `\n`. Empty lines, and rows of empty cells, are left out.
pub(super) fn read(text: &str) -> Result<CsvList, ListError> {
    let (stated, text, first_line) = take_separator_line(text);
    let header = text.lines().find(|line| !line.trim().is_empty());
    let delimiter = stated.unwrap_or_else(|| find_delimiter(header.unwrap_or_default()));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .trim(csv::Trim::All)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut lines = LineCounter {
        text,
        offset: 0,
        line: first_line,
    };
    let mut columns: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| ListError::Csv(error.to_string()))?
    {
        let offset = record.position().map_or(0, csv::Position::byte);
        let line = lines.line_at(usize::try_from(offset).unwrap_or(usize::MAX));
        if record.iter().all(str::is_empty) {
            continue;
        }
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        match &columns {
            None => {
                check_header(&cells)?;
                columns = Some(cells);
            }
            Some(columns) => rows.push(CsvRow {
                line,
                cells: fit_cells(cells, columns, delimiter),
            }),
        }
    }
    let columns = columns.ok_or(ListError::Empty)?;
    Ok(CsvList { columns, rows })
}

/// Excel's first line `sep=;`, the rest, and the line at which it begins.
fn take_separator_line(text: &str) -> (Option<char>, &str, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.trim_start_matches('"');
    let stated = first
        .get(.."sep=".len())
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .and_then(|_| first.get("sep=".len()..)?.chars().next());
    match stated.filter(|sign| sign.is_ascii() && !sign.is_ascii_alphanumeric() && *sign != '"') {
        Some(sign) => (Some(sign), rest, 2),
        None => (None, text, 1),
    }
}

fn find_delimiter(header: &str) -> char {
    let count = |sign: &char| header.matches(*sign).count();
    let found = DELIMITERS.into_iter().filter(|sign| count(sign) > 0);
    found.max_by_key(count).unwrap_or(',')
}

fn check_header(columns: &[String]) -> Result<(), ListError> {
    let known = import_columns();
    for (at, column) in columns.iter().enumerate() {
        if column.is_empty() {
            continue;
        }
        if !known.contains(&column.as_str()) {
            return Err(ListError::UnknownColumn(column.clone()));
        }
        if columns.iter().take(at).any(|earlier| earlier == column) {
            return Err(ListError::TwinColumn(column.clone()));
        }
    }
    if columns.iter().any(|column| column == "username") {
        Ok(())
    } else {
        Err(ListError::NoUsername)
    }
}

fn fit_cells(
    mut cells: Vec<String>,
    columns: &[String],
    delimiter: char,
) -> Result<Vec<String>, String> {
    // A quote that is not closed takes the lines after it into its cell.
    if cells.iter().any(|cell| cell.contains('\n')) {
        return Err(
            "has a line break in a cell; see that each quotation mark is closed".to_owned(),
        );
    }
    let is_unnamed = |at: usize| columns.get(at).is_none_or(String::is_empty);
    let is_longer = cells.len() > columns.len();
    let has_unnamed =
        (cells.iter().enumerate()).any(|(at, cell)| !cell.is_empty() && is_unnamed(at));
    if cells.len() < columns.len() || (is_longer && has_unnamed) {
        return Err(format!(
            "has {} cells instead of {}; a cell with {} in it needs quotation marks round it",
            cells.len(),
            columns.len(),
            name_delimiter(delimiter),
        ));
    }
    if has_unnamed {
        return Err("has a cell in a column without a name; name it in the header".to_owned());
    }
    cells.truncate(columns.len());
    Ok(cells)
}

fn name_delimiter(delimiter: char) -> String {
    match delimiter {
        '\t' => "a tab".to_owned(),
        ',' => "a comma".to_owned(),
        ';' => "a semicolon".to_owned(),
        other => format!("a {other}"),
    }
}

/// Counts lines up to rising offsets. The csv library counts empty lines to the row after them.
struct LineCounter<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line of the first character at or after `offset` that is no line end.
    fn line_at(&mut self, offset: usize) -> u64 {
        let bytes = self.text.as_bytes();
        let ends = |byte: &&u8| **byte == b'\n';
        let rest = bytes.get(offset..).unwrap_or_default();
        let start = offset + rest.iter().take_while(ends).count();
        let passed = bytes.get(self.offset..start).unwrap_or_default();
        self.line += u64::try_from(passed.iter().filter(ends).count()).unwrap_or(0);
        self.offset = start;
        self.line
    }
}
