//! Rows that are written into a Parquet file together: held column by column, as they are written.

use std::fs::File;

use anyhow::{Context, bail};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::writer::SerializedFileWriter;

use crate::api::v1::export::cell::Cell;
use crate::api::v1::export::column::Column;
use crate::api::v1::export::fields::Kind;

/// A row group that is being gathered.
pub(super) struct RowGroup {
    pub(super) rows: usize,
    columns: Vec<Values>,
}

/// The values of a column, and for each row how far it is defined.
struct Values {
    typed: Typed,
    /// 0: null; 1: a value, or a list without words; 2: a word of a list.
    defined: Vec<i16>,
    /// 1: another word of the same list. Of lists only.
    repeated: Vec<i16>,
}

enum Typed {
    Booleans(Vec<bool>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Vec<ByteArray>),
    Words(Vec<ByteArray>),
}

impl RowGroup {
    pub(super) fn of(columns: &[Column]) -> Self {
        let columns = columns.iter().map(|it| Values::of(it.kind));
        Self {
            rows: 0,
            columns: columns.collect(),
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, cells: Vec<Cell>) {
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            values.push(cell);
        }
        self.rows += 1;
    }

    /// Writes the rows, and is empty then.
    pub(super) fn write(&mut self, file: &mut SerializedFileWriter<File>) -> anyhow::Result<()> {
        let mut group = file.next_row_group()?;
        for values in &mut self.columns {
            let mut column = group.next_column()?.context("a column is missing")?;
            values.write(column.untyped())?;
            column.close()?;
            values.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Values {
    const fn of(kind: Kind) -> Self {
        let typed = match kind {
            Kind::Boolean => Typed::Booleans(Vec::new()),
            Kind::Integer | Kind::Time => Typed::Integers(Vec::new()),
            Kind::Number => Typed::Numbers(Vec::new()),
            Kind::Text | Kind::Json => Typed::Texts(Vec::new()),
            Kind::Words => Typed::Words(Vec::new()),
        };
        Self {
            typed,
            defined: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// Adds the value of a row. A cell has the kind of its column, or is null.
    fn push(&mut self, cell: Cell) {
        match (&mut self.typed, cell) {
            (Typed::Booleans(values), Cell::Boolean(value)) => values.push(value),
            (Typed::Integers(values), Cell::Integer(value)) => values.push(value),
            (Typed::Integers(values), Cell::Time(value)) => values.push(value.micros()),
            (Typed::Numbers(values), Cell::Number(value)) => values.push(value),
            (Typed::Texts(values), Cell::Text(value)) => values.push(value.into_bytes().into()),
            (Typed::Words(values), Cell::Words(words)) => {
                if words.is_empty() {
                    self.repeated.push(0);
                    self.defined.push(1);
                }
                for (index, word) in words.into_iter().enumerate() {
                    values.push(word.into_bytes().into());
                    self.repeated.push(i16::from(index > 0));
                    self.defined.push(2);
                }
                return;
            }
            (Typed::Words(_), _) => {
                self.repeated.push(0);
                return self.defined.push(0);
            }
            _ => return self.defined.push(0),
        }
        self.defined.push(1);
    }

    fn write(&self, writer: &mut ColumnWriter<'_>) -> anyhow::Result<()> {
        let defined = Some(self.defined.as_slice());
        match (writer, &self.typed) {
            (ColumnWriter::BoolColumnWriter(writer), Typed::Booleans(values)) => {
                writer.write_batch(values, defined, None)?;
            }
            (ColumnWriter::Int64ColumnWriter(writer), Typed::Integers(values)) => {
                writer.write_batch(values, defined, None)?;
            }
            (ColumnWriter::DoubleColumnWriter(writer), Typed::Numbers(values)) => {
                writer.write_batch(values, defined, None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(writer), Typed::Texts(values)) => {
                writer.write_batch(values, defined, None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(writer), Typed::Words(values)) => {
                writer.write_batch(values, defined, Some(&self.repeated))?;
            }
            _ => bail!("a column is of a type that none has"),
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.defined.clear();
        self.repeated.clear();
        match &mut self.typed {
            Typed::Booleans(values) => values.clear(),
            Typed::Integers(values) => values.clear(),
            Typed::Numbers(values) => values.clear(),
            Typed::Texts(values) | Typed::Words(values) => values.clear(),
        }
    }
}
