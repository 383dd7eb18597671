//! What this engine says in its cursors: row numbers.

use sidetone_store::{Cursor, StoreError};

use crate::error::{Error, Result};

/// A cursor that says these numbers.
pub(crate) fn of<const N: usize>(numbers: [i64; N]) -> Cursor {
    Cursor::new(numbers.map(i64::to_le_bytes).as_flattened())
}

/// The numbers that a cursor says.
pub(crate) fn read<const N: usize>(cursor: &Cursor) -> Result<[i64; N]> {
    let (numbers, rest) = cursor.as_bytes().as_chunks::<8>();
    match <[[u8; 8]; N]>::try_from(numbers) {
        Ok(numbers) if rest.is_empty() => Ok(numbers.map(i64::from_le_bytes)),
        _ => Err(Error(StoreError::Invalid(
            "the cursor is of another list".into(),
        ))),
    }
}

/// The row behind which a list goes on; `None`: it begins.
pub(crate) fn behind(cursor: Option<&Cursor>) -> Result<i64> {
    cursor.map_or(Ok(0), |cursor| read(cursor).map(|[row]| row))
}
