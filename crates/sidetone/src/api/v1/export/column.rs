//! Columns, and the values that a row has in them, read out of its JSON in one pass.
//!
//! There are hundreds of columns, and a row has values of few: each name in the JSON is looked up
//! among the columns, instead of each column in the JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::cell::Cell;
use super::fields::Kind;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Where they are in the JSON of a row.
    path: Vec<&'static str>,
}

impl Column {
    pub(super) fn new(name: String, path: &[&[&'static str]], kind: Kind) -> Self {
        let path = path.concat();
        Self { name, kind, path }
    }
}

/// The columns of a row, in their order.
#[derive(Debug)]
pub struct Columns {
    all: Vec<Column>,
    root: Place,
}

impl Columns {
    pub(super) fn new(all: Vec<Column>) -> Self {
        let root = Place::root(all.iter().map(|it| it.path.as_slice()));
        Self { all, root }
    }

    /// The values of a row, of which this is the JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn cells<'de, D: Deserializer<'de>>(&self, json: D) -> Result<Vec<Cell>, D::Error> {
        let mut cells = vec![Cell::Null; self.all.len()];
        let reader = Reader {
            place: &self.root,
            columns: &self.all,
            cells: &mut cells,
        };
        reader.deserialize(json)?;
        Ok(cells)
    }
}

impl Deref for Columns {
    type Target = [Column];

    fn deref(&self) -> &[Column] {
        &self.all
    }
}

/// What stands under a name.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The value of a column.
    Column(usize),
    /// An object, some of whose members are columns or lead to them.
    Object(BTreeMap<&'static str, Place>),
}

impl Place {
    /// The object that leads to columns that are at these paths.
    fn root<'a>(paths: impl Iterator<Item = &'a [&'static str]>) -> Self {
        let mut root = Self::Object(BTreeMap::new());
        for (column, path) in paths.enumerate() {
            root.put(path, column);
        }
        root
    }

    fn put(&mut self, path: &[&'static str], column: usize) {
        match (self, path) {
            (place, []) => *place = Self::Column(column),
            (Self::Object(members), [name, rest @ ..]) => {
                let members = members.entry(name);
                let member = members.or_insert_with(|| Self::Object(BTreeMap::new()));
                member.put(rest, column);
            }
            (Self::Column(_), [..]) => {}
        }
    }
}

/// Reads what stands at a place into cells, one for each column.
struct Reader<'a> {
    place: &'a Place,
    columns: &'a [Column],
    cells: &'a mut [Cell],
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        match self.place {
            Place::Column(column) => {
                let value = Value::deserialize(json)?;
                self.cells[*column] = Cell::of(self.columns[*column].kind, value);
                Ok(())
            }
            Place::Object(_) => json.deserialize_any(self),
        }
    }
}

/// Anything but an object has no columns in it.
impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Place::Object(members) = self.place else {
            return Err(A::Error::custom("no column is an object of columns"));
        };
        while let Some(place) = object.next_key_seed(Member(members))? {
            match place {
                Some(place) => object.next_value_seed(Reader {
                    place,
                    columns: self.columns,
                    cells: &mut *self.cells,
                })?,
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Finds the member of an object by its name.
struct Member<'a>(&'a BTreeMap<&'static str, Place>);

impl<'de, 'a> DeserializeSeed<'de> for Member<'a> {
    type Value = Option<&'a Place>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Member<'a> {
    type Value = Option<&'a Place>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::{ANNOTATIONS, FEEDBACK, SUMMARIES};
    use super::*;

    fn columns_at(place: &Place) -> usize {
        match place {
            Place::Column(_) => 1,
            Place::Object(members) => members.values().map(columns_at).sum(),
        }
    }

    #[test]
    fn no_column_stands_in_the_way_of_another() {
        for columns in [&SUMMARIES, &ANNOTATIONS, &FEEDBACK] {
            assert_eq!(columns_at(&columns.root), columns.len());
        }
    }
}
