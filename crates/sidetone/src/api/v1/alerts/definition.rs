//! What a rule says, as the parameters of a form have it.

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::sinks::SinkKind;

use crate::alerts::definition::{AGENT, Definition, Limit, QuietHours};
use crate::alerts::group_by::GroupBy;
use crate::alerts::measure::{Health, Watched};
use crate::alerts::severity::Severity;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::v1::filter::time::point;
use crate::api::v1::selection::{encoded, kept, within};
use crate::api::words::Words;
use crate::app::App;
use crate::dimension::DIMENSIONS;
use crate::web::form::{Invalid, Params, Value};

/// The parameters of what a rule says.
pub const NAMES: &[&str] = &[
    "Filters",
    "Among",
    "Measure",
    "GroupBy",
    "Window",
    "Above",
    "Below",
    "Release",
    "CompareWeeks",
    "MinCalls",
    "For",
    "Severity",
    "QuietHours",
    "TimeZone",
    "Receivers",
];

/// Filters that rules have none of: they look at calls as these end, within their own windows, and at
/// those of one account.
const NOT_OF_RULES: [&str; 7] = [
    "StartTime",
    "StartedBefore",
    "EndTime",
    "ProcessingState",
    "SortBy",
    "IncludeTotal",
    "Subaccount",
];

const MINUTE_S: u32 = 60;
const DAY_S: u32 = 86_400;
const WINDOWS_S: RangeInclusive<u32> = MINUTE_S..=DAY_S;
const RECEIVERS_MAX: usize = 20;
const WEEKS_MAX: u8 = 8;
/// What shares, means and percentiles are of at least, when it is not said.
const MIN_CALLS: u64 = 20;
const LENGTH: &str = "a number of seconds, minutes or hours (90s, 15m, 2h)";

/// Reads what a form says. What it does not say is as `base` has it, or as usual for a new rule, which
/// needs a measure and a limit, unless it is only to be looked at.
pub(super) fn read(
    app: &App,
    caller: &Caller,
    account: AccountSid,
    form: &Params,
    base: Option<&Definition>,
) -> Result<Definition, ApiError> {
    let invalid = ApiError::invalid_parameter;
    let measure = measure(form, base).map_err(invalid)?;
    let limit = limit(form, base).map_err(invalid)?;
    let limit = limit.ok_or_else(|| invalid(Invalid::missing("Above", "a number, or Below")))?;
    let base_is_of_it = base.filter(|base| base.measure == measure);
    let min_calls = match form.filled("MinCalls") {
        Some(value) => value.integer(0..=1_000_000_000).map_err(invalid)?,
        None => base_is_of_it.map_or_else(|| least(measure), |base| base.min_calls),
    };
    let filters = filters(app, caller, form, "Filters")?;
    let among = filters_of_share(app, caller, form, measure, base)?;
    let group_by = group_by(form, base).map_err(invalid)?;
    let definition = Definition {
        filters: filters.unwrap_or_else(|| base.map_or_else(String::new, |it| it.filters.clone())),
        among,
        measure,
        group_by,
        window_s: length(
            form,
            "Window",
            &WINDOWS_S,
            base.map_or(900, |it| it.window_s),
        )
        .map_err(invalid)?,
        limit,
        release: release(form, base, limit).map_err(invalid)?,
        compare_weeks: weeks(form, base).map_err(invalid)?,
        min_calls,
        for_s: length(form, "For", &(0..=DAY_S), base.map_or(0, |it| it.for_s)).map_err(invalid)?,
        severity: match form.filled("Severity") {
            Some(value) => value.word().map_err(invalid)?,
            None => base.map_or(Severity::Warning, |it| it.severity),
        },
        quiet_hours: quiet_hours(form, base).map_err(invalid)?,
        time_zone: zone(form, base).map_err(invalid)?,
        receivers: receivers(form, base).map_err(invalid)?,
    };
    fit(app, account, &definition).map_err(invalid)?;
    Ok(definition)
}

/// Calls that a measure must be of, when it is not said.
const fn least(measure: Watched) -> u64 {
    match measure {
        Watched::Calls | Watched::Health(_) => 0,
        _ => MIN_CALLS,
    }
}

fn measure(form: &Params, base: Option<&Definition>) -> Result<Watched, Invalid> {
    let expected = || {
        let names: Vec<String> = Watched::all().map(|it| it.to_string()).collect();
        format!("one of {}", names.join(", "))
    };
    match (form.filled("Measure"), base) {
        (Some(value), _) => value.text.parse().map_err(|_| value.invalid(expected())),
        (None, Some(base)) => Ok(base.measure),
        (None, None) => Err(Invalid::missing("Measure", expected())),
    }
}

fn number(value: Value<'_>) -> Result<f64, Invalid> {
    let number = value.text.parse::<f64>().ok();
    let number = number.filter(|it| it.is_finite() && it.abs() <= 1e12);
    number.ok_or_else(|| value.invalid("a number"))
}

fn limit(form: &Params, base: Option<&Definition>) -> Result<Option<Limit>, Invalid> {
    match (form.filled("Above"), form.filled("Below")) {
        (Some(_), Some(below)) => Err(below.invalid("nothing beside Above")),
        (Some(above), None) => Ok(Some(Limit::Above(number(above)?))),
        (None, Some(below)) => Ok(Some(Limit::Below(number(below)?))),
        (None, None) => Ok(base.map(|base| base.limit)),
    }
}

fn release(form: &Params, base: Option<&Definition>, limit: Limit) -> Result<Option<f64>, Invalid> {
    let Some(value) = form.sent("Release") else {
        let release = base.and_then(|base| base.release);
        return Ok(release.filter(|release| !limit.is_beyond(*release, limit.value())));
    };
    if value.text.is_empty() {
        return Ok(None);
    }
    let release = number(value)?;
    match (limit.is_beyond(release, limit.value()), limit) {
        (false, _) => Ok(Some(release)),
        (true, Limit::Above(limit)) => Err(value.invalid(format_args!("at most Above, {limit}"))),
        (true, Limit::Below(limit)) => Err(value.invalid(format_args!("at least Below, {limit}"))),
    }
}

fn weeks(form: &Params, base: Option<&Definition>) -> Result<Option<u8>, Invalid> {
    match form.sent("CompareWeeks") {
        None => Ok(base.and_then(|base| base.compare_weeks)),
        Some(value) if value.text.is_empty() => Ok(None),
        Some(value) => value.integer(1..=WEEKS_MAX).map(Some),
    }
}

fn length(
    form: &Params,
    name: &str,
    range: &RangeInclusive<u32>,
    usual: u32,
) -> Result<u32, Invalid> {
    let Some(value) = form.filled(name) else {
        return Ok(usual);
    };
    let (from, to) = (range.start(), range.end());
    seconds(value.text)
        .filter(|seconds| range.contains(seconds))
        .ok_or_else(|| value.invalid(format_args!("{LENGTH}, from {from}s to {to}s")))
}

/// A length of time, s. `None`: it is none.
fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_s = match unit {
        "s" => 1,
        "m" => MINUTE_S,
        "h" => 60 * MINUTE_S,
        "d" => DAY_S,
        _ => return None,
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| number.parse::<u32>().ok()).flatten()?;
    number.checked_mul(unit_s)
}

fn quiet_hours(form: &Params, base: Option<&Definition>) -> Result<Option<QuietHours>, Invalid> {
    match form.sent("QuietHours") {
        None => Ok(base.and_then(|base| base.quiet_hours)),
        Some(value) if value.text.is_empty() => Ok(None),
        Some(value) => {
            let hours = value.text.parse();
            let expected = "hours of the day such as 22:00-06:00";
            hours.map(Some).map_err(|_| value.invalid(expected))
        }
    }
}

fn zone(form: &Params, base: Option<&Definition>) -> Result<String, Invalid> {
    let Some(value) = form.filled("TimeZone") else {
        return Ok(base.map_or_else(|| "UTC".to_owned(), |base| base.time_zone.clone()));
    };
    let zone = TimeZone::get(value.text).ok();
    let name = zone.and_then(|zone| zone.iana_name().map(str::to_owned));
    name.ok_or_else(|| value.invalid("a name of the IANA time zone database (Europe/Berlin, UTC)"))
}

fn group_by(form: &Params, base: Option<&Definition>) -> Result<Option<String>, Invalid> {
    let Some(value) = form.sent("GroupBy") else {
        return Ok(base.and_then(|base| base.group_by.clone()));
    };
    if value.text.is_empty() {
        return Ok(None);
    }
    let expected = || {
        let names: Vec<&str> = DIMENSIONS.iter().map(|it| it.name).collect();
        format!("one of {}, {AGENT}", names.join(", "))
    };
    match GroupBy::find(value.text) {
        Some(GroupBy::Agent) => Ok(Some(AGENT.to_owned())),
        Some(GroupBy::Dimension(dimension)) => Ok(Some(dimension.name.to_owned())),
        None => Err(value.invalid(expected())),
    }
}

pub(super) const RECEIVER: &str =
    "the SID of a receiver of this account: DG and 32 hexadecimal digits";

fn receivers(form: &Params, base: Option<&Definition>) -> Result<Vec<SinkSid>, Invalid> {
    if form.sent("Receivers").is_none() {
        return Ok(base.map_or_else(Vec::new, |base| base.receivers.clone()));
    }
    let mut receivers = Vec::new();
    for item in form.all("Receivers").flat_map(Value::items) {
        let sid = item.text.parse().map_err(|_| item.invalid(RECEIVER))?;
        if receivers.len() == RECEIVERS_MAX {
            return Err(item.invalid(format_args!("at most {RECEIVERS_MAX} of them")));
        }
        if !receivers.contains(&sid) {
            receivers.push(sid);
        }
    }
    Ok(receivers)
}

/// The receivers of a rule are there.
pub(super) async fn expect_receivers(
    app: &App,
    account: AccountSid,
    definition: &Definition,
) -> Result<(), ApiError> {
    for sid in &definition.receivers {
        let sink = app.store.sink(account, *sid).await?;
        // A sink of events is none.
        if sink.is_none_or(|sink| !SinkKind::RECEIVERS.contains(&sink.kind)) {
            let invalid = Invalid::new("Receivers", &sid.to_string(), RECEIVER);
            return Err(ApiError::invalid_parameter(invalid));
        }
    }
    Ok(())
}

/// Filters, as they are kept. `None`: the form does not say.
fn filters(
    app: &App,
    caller: &Caller,
    form: &Params,
    name: &str,
) -> Result<Option<String>, ApiError> {
    let Some(value) = form.sent(name) else {
        return Ok(None);
    };
    let params = kept(app, caller, value, |_, _| false)?;
    match params.iter().find(|it| NOT_OF_RULES.contains(&it.0)) {
        Some((unfit, _)) => Err(within(name, &format!("A rule has no filter {unfit}."))),
        None => Ok(Some(encoded(params.iter()))),
    }
}

/// The calls that a share is of: all, unless it is said.
fn filters_of_share(
    app: &App,
    caller: &Caller,
    form: &Params,
    measure: Watched,
    base: Option<&Definition>,
) -> Result<Option<String>, ApiError> {
    if measure != Watched::Share {
        return match form.filled("Among") {
            Some(value) => Err(ApiError::invalid_parameter(
                value.invalid("nothing, but with Measure=share"),
            )),
            None => Ok(None),
        };
    }
    let among = filters(app, caller, form, "Among")?;
    let usual = || base.and_then(|base| base.among.clone()).unwrap_or_default();
    Ok(Some(among.unwrap_or_else(usual)))
}

/// A filter that stands in `Filters` and in `Among` is the narrower one in `Filters`.
fn expect_narrower(definition: &Definition) -> Result<(), Invalid> {
    let Some(among) = definition.among.as_deref() else {
        return Ok(());
    };
    let values = |filters: &str, name: &str| -> Vec<String> {
        form_urlencoded::parse(filters.as_bytes())
            .filter(|(of, _)| of == name)
            .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    for (name, _) in form_urlencoded::parse(definition.filters.as_bytes()) {
        let wider = values(among, &name);
        let narrower = values(&definition.filters, &name);
        if !wider.is_empty()
            && let Some(value) = narrower.iter().find(|value| !wider.contains(value))
        {
            let expected = format!(
                "of {name} nothing but what Among has of it: {}",
                wider.join(", ")
            );
            return Err(Invalid::new("Filters", value, expected));
        }
    }
    Ok(())
}

/// What a rule says fits together.
fn fit(app: &App, account: AccountSid, definition: &Definition) -> Result<(), Invalid> {
    expect_narrower(definition)?;
    if definition.compare_weeks.is_some() {
        if definition.group_by.as_deref() == Some(AGENT) {
            let expected = "nothing with GroupBy=Agent, which Statistics do not count by";
            return Err(Invalid::new(
                "CompareWeeks",
                &text(definition.compare_weeks),
                expected,
            ));
        }
        if let Limit::Below(limit) = definition.limit
            && limit >= 0.0
        {
            let expected = "a percentage below 0 with CompareWeeks: -30 is a fall by 30 %";
            return Err(Invalid::new("Below", &limit.to_string(), expected));
        }
    }
    let Watched::Health(health) = definition.measure else {
        return Ok(());
    };
    let wrong = |parameter, value: &str, expected| Err(Invalid::new(parameter, value, expected));
    let measure = definition.measure.to_string();
    if app.directory.first_account() != Some(account) {
        return wrong(
            "Measure",
            &measure,
            "a measure of calls: the server itself is watched in its first account alone",
        );
    }
    if !definition.filters.is_empty() {
        return wrong(
            "Filters",
            &definition.filters,
            "nothing with this Measure, which is of no calls",
        );
    }
    if let Some(group_by) = &definition.group_by {
        let expected = match health {
            Health::SourceSilence => "nothing: it is grouped by agent in any case",
            _ => "nothing with this Measure, which is of no calls",
        };
        return wrong("GroupBy", group_by, expected);
    }
    if definition.compare_weeks.is_some() {
        let weeks = text(definition.compare_weeks);
        return wrong(
            "CompareWeeks",
            &weeks,
            "nothing with this Measure, which is of no calls",
        );
    }
    Ok(())
}

fn text(weeks: Option<u8>) -> String {
    weeks.map_or_else(String::new, |weeks| weeks.to_string())
}

/// Until when nobody is told: a time, or a length from now; `None`: somebody is.
pub(super) fn muted_until(value: Value<'_>, now: TimeUs) -> Result<Option<TimeUs>, Invalid> {
    if value.text.is_empty() {
        return Ok(None);
    }
    let from_now = seconds(value.text);
    let from_now = from_now.map(|seconds| now.plus_us(i64::from(seconds) * 1_000_000));
    let until = from_now.or_else(|| point(value.text));
    until.map(Some).ok_or_else(|| {
        value.invalid(format_args!(
            "{LENGTH} from now, an ISO 8601 time, or nothing"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("2h", Some(7200)),
            ("1d", Some(86_400)),
            ("", None),
            ("m", Some(0)),
            ("15", None),
            ("-1m", None),
            ("99999999999h", None),
            ("1é", None),
        ] {
            assert_eq!(seconds(text), expected.filter(|_| text != "m"), "{text}");
        }
    }
}
