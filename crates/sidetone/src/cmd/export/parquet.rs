//! Rows as Apache Parquet, in numbered parts. A part is there when it is whole, and knows where the
//! next one begins.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::row_group::RowGroup;
use super::rows::{Output, Row};
use super::what::What;
use crate::api::v1::export::column::Column;
use crate::api::v1::export::fields::Kind;

/// Rows of a part; what an interruption costs at most.
const PART_ROWS: usize = 100_000;
/// Rows that are held in memory until they are written.
const GROUP_ROWS: usize = 10_000;
/// Under which name a part keeps the cursor behind its last row.
const CURSOR: &str = "sidetone.cursor";

/// Parts of an export in a directory.
pub(super) struct Parts {
    directory: PathBuf,
    what: What,
    schema: TypePtr,
    /// Of the part before the next.
    number: usize,
    part: Option<Part>,
    group: RowGroup,
    /// Behind the last row that was taken.
    cursor: Option<String>,
}

/// A part that is being written, under another name until it is whole.
struct Part {
    writer: SerializedFileWriter<File>,
    rows: usize,
}

impl Parts {
    /// Opens a directory, and says behind which row it goes on, if any part is there.
    pub(super) fn open(
        directory: &Path,
        what: What,
        resume: bool,
    ) -> anyhow::Result<(Self, Option<String>)> {
        std::fs::create_dir_all(directory)?;
        let mut parts = Self {
            directory: directory.to_owned(),
            what,
            schema: schema(what.columns())?,
            number: 0,
            part: None,
            group: RowGroup::of(what.columns()),
            cursor: None,
        };
        while parts.path(parts.number + 1).exists() {
            parts.number += 1;
        }
        if parts.number == 0 {
            return Ok((parts, None));
        }
        if !resume {
            bail!("it has parts already; --resume goes on behind them, --output names another one");
        }
        let last = parts.path(parts.number);
        let reader = SerializedFileReader::new(File::open(&last)?)
            .with_context(|| format!("{} cannot be read", last.display()))?;
        let kept = reader.metadata().file_metadata().key_value_metadata();
        let kept = kept.and_then(|all| all.iter().find(|it| it.key == CURSOR));
        let cursor = kept.context("it holds parts of something else")?;
        let cursor = cursor.value.clone().filter(|it| !it.is_empty());
        parts.cursor.clone_from(&cursor);
        Ok((parts, cursor))
    }

    fn path(&self, number: usize) -> PathBuf {
        let what = self.what.as_str();
        self.directory.join(format!("{what}-{number:05}.parquet"))
    }

    fn unfinished(&self) -> PathBuf {
        self.directory
            .join(format!(".{}.unfinished", self.what.as_str()))
    }

    /// Writes the rows that are held as a group.
    fn write_group(&mut self) -> anyhow::Result<()> {
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.begin_part()?,
        };
        part.rows += self.group.rows;
        self.group.write(&mut part.writer)?;
        self.part = Some(part);
        Ok(())
    }

    fn begin_part(&self) -> anyhow::Result<Part> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(self.unfinished())?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("sidetone ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(file, self.schema.clone(), Arc::new(properties))?;
        Ok(Part { writer, rows: 0 })
    }

    /// Makes the part that is being written one that is there.
    fn end_part(&mut self) -> anyhow::Result<()> {
        if self.group.rows > 0 || (self.part.is_none() && self.number == 0) {
            self.write_group()?;
        }
        let Some(Part { mut writer, .. }) = self.part.take() else {
            return Ok(());
        };
        let cursor = self.cursor.clone().unwrap_or_default();
        writer.append_key_value_metadata(KeyValue::new(CURSOR.to_owned(), cursor));
        writer.into_inner()?.sync_all()?;
        self.number += 1;
        std::fs::rename(self.unfinished(), self.path(self.number))?;
        Ok(File::open(&self.directory)?.sync_all()?)
    }
}

impl Output for Parts {
    fn write(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        for row in rows {
            let cursor = row.cursor;
            self.group.push(row.cells);
            // A part ends where another export can go on.
            if cursor.is_some() {
                self.cursor = cursor;
                let in_part = self.part.as_ref().map_or(0, |part| part.rows);
                if in_part + self.group.rows >= PART_ROWS {
                    self.end_part()?;
                    continue;
                }
            }
            if self.group.rows >= GROUP_ROWS {
                self.write_group()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.end_part()
    }
}

fn schema(columns: &[Column]) -> anyhow::Result<TypePtr> {
    let fields = columns.iter().map(field);
    let fields = fields.collect::<parquet::errors::Result<_>>()?;
    let root = Type::group_type_builder("export").with_fields(fields);
    Ok(Arc::new(root.build()?))
}

fn field(column: &Column) -> parquet::errors::Result<TypePtr> {
    let name = &column.name;
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Time => {
            let unit = TimeUnit::MICROS;
            let is_adjusted_to_u_t_c = true;
            let time = LogicalType::timestamp(is_adjusted_to_u_t_c, unit);
            (Physical::INT64, Some(time))
        }
        Kind::Words => return words(name),
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    Ok(Arc::new(field.build()?))
}

/// A list in three levels, as the format's `LogicalTypes.md` has it.
fn words(name: &str) -> parquet::errors::Result<TypePtr> {
    let element = Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String));
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element.build()?)]);
    let words = Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list.build()?)]);
    Ok(Arc::new(words.build()?))
}
