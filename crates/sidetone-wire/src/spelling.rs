//! Names that were mistyped.

use strsim::osa_distance;

/// The known name that a given one was most likely meant to be: the same but for upper and lower
/// case and separators, or with few other letters. `None`: it is like none.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is that long is no slip of the pen, and would take long to compare.
    if given.len() > 64 {
        return None;
    }
    let bare = |name: &str| -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let given = bare(given);
    let known = known.into_iter().map(|name| {
        let bare = bare(name);
        (osa_distance(&given, &bare), bare.len(), name)
    });
    // One letter of three may be another, but not so many that it is another word.
    known
        .filter(|(distance, length, _)| *distance <= (length / 3).min(3))
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = [
            "CallScore",
            "CallState",
            "From",
            "To",
            "StartTime",
            "PageSize",
        ];
        for (given, expected) in [
            ("CalScore", Some("CallScore")),
            ("call_score", Some("CallScore")),
            ("callscore", Some("CallScore")),
            ("CallScroe", Some("CallScore")),
            ("Stat", None),
            ("StartTmie", Some("StartTime")),
            ("page-size", Some("PageSize")),
            ("Form", Some("From")),
            ("Foo", None),
            ("", None),
            ("TO", Some("To")),
            ("T", None),
            ("AccountSid", None),
        ] {
            assert_eq!(nearest(given, known), expected, "{given}");
        }
        assert_eq!(nearest(&"C".repeat(100_000), known), None);
    }
}
