//! The columns of what is exported: flat, typed, and the same in every format. `docs/export.md`
//! lists them.

use std::sync::LazyLock;

use super::column::{Column, Columns};
use super::fields::{
    AGENTS, ANNOTATION, CALL, CHANGE, EDGE, EDGES, Field, PARTY, RATING, STREAM, TRUST,
};

/// The name that each row's place has in text formats, behind the columns: where to go on after it.
pub const CURSOR: &str = "cursor";

/// Fields as columns, within what is called `prefix` and is at `at`.
fn within(prefix: &str, at: &[&'static str], fields: &[Field]) -> Vec<Column> {
    let column =
        |(name, path, kind): &Field| Column::new(format!("{prefix}{name}"), &[at, path], *kind);
    fields.iter().map(column).collect()
}

/// A row of these is a call: its summary as `GET …/Summaries` serves it, and what is said of it.
pub static SUMMARIES: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = within("", &[], CALL);
    columns.extend(within("annotation_", &["annotation"], ANNOTATION));
    for side in ["from", "to"] {
        columns.extend(within(&format!("{side}_"), &[side], PARTY));
    }
    columns.extend(within("trust_", &["trust"], TRUST));
    for edge in EDGES {
        columns.extend(within(&format!("{edge}_"), &[edge], EDGE));
        for stream in ["inbound", "outbound"] {
            let at = [edge, "metrics", stream];
            columns.extend(within(&format!("{edge}_{stream}_"), &at, STREAM));
        }
    }
    columns.extend(within("", &[], AGENTS));
    Columns::new(columns)
});

/// A row of these is a change of a call's annotation.
pub static ANNOTATIONS: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = within("", &[], CHANGE);
    columns.extend(within("", &["after"], ANNOTATION));
    columns.extend(within("before_", &["before"], ANNOTATION));
    Columns::new(columns)
});

/// A row of these is the feedback on a call.
pub static FEEDBACK: LazyLock<Columns> = LazyLock::new(|| Columns::new(within("", &[], RATING)));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_one_column() {
        for columns in [&SUMMARIES, &ANNOTATIONS, &FEEDBACK] {
            let names: BTreeSet<&str> = columns.iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names.len(), columns.len());
            assert!(!names.contains(CURSOR));
        }
    }

    /// The document names each field once, for what there are several of by `EDGE_` and so on.
    #[test]
    fn the_document_has_every_column() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/export.md");
        let document = std::fs::read_to_string(path).unwrap();
        let all = [
            ("", CALL),
            ("annotation_", ANNOTATION),
            ("before_", ANNOTATION),
            ("SIDE_", PARTY),
            ("trust_", TRUST),
            ("EDGE_", EDGE),
            ("EDGE_STREAM_", STREAM),
        ];
        let mut names: Vec<String> = Vec::new();
        for (prefix, fields) in all {
            names.extend(fields.iter().map(|(name, ..)| format!("{prefix}{name}")));
        }
        names.extend(ANNOTATIONS.iter().map(|it| it.name.clone()));
        names.extend(FEEDBACK.iter().map(|it| it.name.clone()));
        for name in names {
            assert!(document.contains(&format!("`{name}`")), "{name}");
        }
    }
}
