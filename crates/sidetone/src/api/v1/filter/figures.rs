//! Parameters beyond the original's that ask for figures: how long a call was, how well it was heard.

use sidetone_core::filter::SummaryFilter;

use crate::web::form::{Invalid, Params, Value};

/// Reads the least and the most that is asked for.
///
/// # Errors
/// When a value is no such number.
pub(super) fn read(params: &Params, filter: &mut SummaryFilter) -> Result<(), Invalid> {
    let whole = |name| {
        let value = params.filled(name);
        value.map(|value| value.integer(0..=u32::MAX)).transpose()
    };
    let hundredths = |name, least, most| {
        let value = params.filled(name);
        value.map(|value| decimal(value, least, most)).transpose()
    };
    filter.min_duration_s = whole("MinDuration")?;
    filter.max_duration_s = whole("MaxDuration")?;
    filter.min_pdd_ms = whole("MinPdd")?;
    filter.min_loss = hundredths("MinPacketLoss", 0, 100)?;
    filter.min_jitter = hundredths("MinJitter", 0, 1_000_000)?;
    filter.max_mos = hundredths("MaxMos", 1, 5)?;
    Ok(())
}

/// A number with at most two decimals, in hundredths.
fn decimal(value: Value<'_>, least: u32, most: u32) -> Result<u32, Invalid> {
    let (whole, decimals) = value.text.split_once('.').unwrap_or((value.text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hundredths = (is_digits(whole) && is_digits(decimals) && decimals.len() <= 2)
        .then(|| format!("{whole}{decimals:0<2}"))
        .and_then(|digits| digits.parse::<u32>().ok())
        .filter(|hundredths| (least * 100..=most * 100).contains(hundredths));
    hundredths.ok_or_else(|| {
        value.invalid(format_args!(
            "a number from {least} to {most} with at most two decimals"
        ))
    })
}

/// A SIP response, or all of a class (`4xx`).
///
/// # Errors
/// When it is neither.
pub(super) fn responses(value: Value<'_>) -> Result<Vec<u16>, Invalid> {
    let expected = "an integer from 100 to 699, or a class such as 4xx";
    let class = value
        .text
        .strip_suffix("xx")
        .or(value.text.strip_suffix("XX"));
    if let Some(class) = class {
        let class = Value {
            text: class,
            ..value
        }
        .integer(1..=6);
        let class = class.map_err(|_| value.invalid(expected))?;
        return Ok((class * 100..class * 100 + 100).collect());
    }
    let code = value.integer(100..=699);
    Ok(vec![code.map_err(|_| value.invalid(expected))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_hundredths() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5", Some(500)),
            ("5.5", Some(550)),
            ("0.05", Some(5)),
            ("100", Some(10_000)),
            ("100.01", None),
            ("1.234", None),
            ("1.", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("99999999999", None),
        ] {
            let name = "MinPacketLoss";
            assert_eq!(
                decimal(Value { name, text }, 0, 100).ok(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn responses_come_in_classes() {
        let read = |text| {
            let name = "SipResponse";
            responses(Value { name, text })
        };
        assert_eq!(read("486"), Ok(vec![486]));
        assert_eq!(read("5xx").unwrap().len(), 100);
        for wrong in ["99", "700", "7xx", "xx", "4x", "busy"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
