//! What filters say: values of which one is enough, and values that are not wanted.
//!
//! A parameter may come several times. Where its values are of a closed set, each may hold several, with
//! commas between; a text never does. A `!` before a value says that it is not wanted; `\!` stands for a
//! `!` that the value begins with.

use sidetone_core::filter::SummaryFilter;

use crate::web::form::{Invalid, Params, Value};

/// Values of one parameter, and of those that lead to the same filter.
const VALUES_MAX: usize = 500;

/// What a parameter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice<T> {
    /// One of these is enough.
    pub(super) any: Vec<T>,
    /// None of these.
    pub(super) none: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        let (any, none) = (Vec::new(), Vec::new());
        Self { any, none }
    }
}

impl<T: PartialEq> Choice<T> {
    /// Reads the values of a closed set, which may stand in lists.
    ///
    /// # Errors
    /// When one of them is none of the set.
    pub(super) fn of_lists(
        params: &Params,
        name: &str,
        read: impl Fn(Value<'_>) -> Result<T, Invalid>,
    ) -> Result<Self, Invalid> {
        Self::of_many(params, name, |value| Ok(vec![read(value)?]))
    }

    /// The same of values that stand for several each.
    ///
    /// # Errors
    /// The same.
    pub(super) fn of_many(
        params: &Params,
        name: &str,
        read: impl Fn(Value<'_>) -> Result<Vec<T>, Invalid>,
    ) -> Result<Self, Invalid> {
        let mut choice = Self::default();
        for value in params.all(name) {
            for item in value.items() {
                let (is_wanted, item) = sign(item)?;
                let text = item.text.trim();
                choice.add(is_wanted, read(Value { text, ..item })?, item)?;
            }
        }
        Ok(choice)
    }

    /// Reads texts, each as it is.
    ///
    /// # Errors
    /// When one of them cannot be what is looked for.
    pub(super) fn of_texts(
        params: &Params,
        name: &str,
        read: impl Fn(Value<'_>) -> Result<Vec<T>, Invalid>,
    ) -> Result<Self, Invalid> {
        Self::of_untrimmed(params, name, |value| {
            let text = value.text.trim();
            read(Value { text, ..value })
        })
    }

    /// The same with the white space around each, where a plus may have been.
    ///
    /// # Errors
    /// The same.
    pub(super) fn of_untrimmed(
        params: &Params,
        name: &str,
        read: impl Fn(Value<'_>) -> Result<Vec<T>, Invalid>,
    ) -> Result<Self, Invalid> {
        let mut choice = Self::default();
        let sent = params.iter().filter(|(given, _)| *given == name);
        for (_, text) in sent.filter(|(_, text)| !text.trim().is_empty()) {
            let (is_wanted, value) = sign(Value { name, text })?;
            choice.add(is_wanted, read(value)?, value)?;
        }
        Ok(choice)
    }

    fn add(&mut self, is_wanted: bool, values: Vec<T>, said: Value<'_>) -> Result<(), Invalid> {
        let side = if is_wanted {
            &mut self.any
        } else {
            &mut self.none
        };
        for value in values {
            if !side.contains(&value) {
                side.push(value);
            }
        }
        if side.len() > VALUES_MAX {
            return Err(said.invalid(format_args!("at most {VALUES_MAX} values")));
        }
        Ok(())
    }

    /// Narrows a filter by it.
    pub(super) fn put(
        self,
        filter: &mut SummaryFilter,
        field: fn(&mut SummaryFilter) -> &mut Vec<T>,
    ) {
        *field(filter) = self.any;
        if !self.none.is_empty() {
            let mut unwanted = SummaryFilter::all(filter.account);
            *field(&mut unwanted) = self.none;
            filter.unwanted.push(unwanted);
        }
    }
}

/// Whether a value is wanted, and the value.
fn sign(value: Value<'_>) -> Result<(bool, Value<'_>), Invalid> {
    let Value { name, text } = value;
    let begin = text.trim_start();
    if let Some(text) = begin.strip_prefix('!') {
        if text.trim().is_empty() {
            return Err(value.invalid("a value after the exclamation mark"));
        }
        return Ok((false, Value { name, text }));
    }
    let is_escaped = begin.trim_start_matches('\\').starts_with('!');
    Ok(match begin.strip_prefix('\\') {
        Some(text) if is_escaped => (true, Value { name, text }),
        _ => (true, value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, is_list: bool, any: &[&str], none: &[&str]) {
        let params = Params::decode(query.as_bytes()).unwrap();
        let read = |value: Value<'_>| Ok(vec![value.text.to_owned()]);
        let choice = if is_list {
            Choice::of_many(&params, "A", read)
        } else {
            Choice::of_texts(&params, "A", read)
        };
        let choice = choice.unwrap();
        assert_eq!(choice.any, any, "{query}");
        assert_eq!(choice.none, none, "{query}");
    }

    #[test]
    fn one_of_some_values_is_enough() {
        for is_list in [true, false] {
            check("", is_list, &[], &[]);
            check("A=&A=+", is_list, &[], &[]);
            check("A=a&B=x&A=b&A=a", is_list, &["a", "b"], &[]);
            check("A=+a+", is_list, &["a"], &[]);
        }
        check("A=a,b&A=,c,", true, &["a", "b", "c"], &[]);
        check("A=a,b&A=,c,", false, &["a,b", ",c,"], &[]);
    }

    #[test]
    fn an_exclamation_mark_negates() {
        for is_list in [true, false] {
            check("A=!a&A=b&A=!c", is_list, &["b"], &["a", "c"]);
            check("A=+!+a", is_list, &[], &["a"]);
            check("A=%5C!a&A=!%5C!a", is_list, &["!a"], &["\\!a"]);
            check(
                "A=%5C%5C!a&A=%5Ca&A=a!",
                is_list,
                &["\\!a", "\\a", "a!"],
                &[],
            );
            check("A=!!a", is_list, &[], &["!a"]);
        }
        check("A=a,!b,%5C!c", true, &["a", "!c"], &["b"]);
        check("A=a,!b", false, &["a,!b"], &[]);
    }

    #[test]
    fn something_must_be_negated() {
        let params = Params::decode(b"A=!").unwrap();
        let read = |_: Value<'_>| Ok(vec![()]);
        for refused in [
            Choice::of_many(&params, "A", read),
            Choice::of_texts(&params, "A", read),
        ] {
            assert_eq!(
                refused.unwrap_err().message,
                "Invalid A '!'. Expected a value after the exclamation mark."
            );
        }
    }

    #[test]
    fn values_are_few() {
        let query: String = (0..1001).map(|n| format!("A={n}&")).collect();
        let params = Params::decode(query.as_bytes()).unwrap();
        let read = |value: Value<'_>| Ok(vec![value.text.to_owned()]);
        assert!(Choice::of_texts(&params, "A", read).is_err());
    }
}
