//! `sidetone check --rules`

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;

use anyhow::bail;
use clap::Args;
use serde_json::Value;
use sidetone_core::sides::{Side, SideRule, Sides};
use sidetone_core::sip::IpLocation;

use crate::config::Settings;
use crate::tables::locations::Locations;

/// One side of a call, made up to try the rules.
#[derive(Debug, Args)]
pub(super) struct Example {
    /// With --rules: say which rule fits a side whose signalling comes from this address
    #[arg(long, requires = "rules")]
    source: Option<IpAddr>,
    /// With --source: the capture id of the agent that sees it
    #[arg(long, requires = "source", default_value_t = 0)]
    capture_id: u32,
    /// With --source: the host of its address, as in sip:user@HOST
    #[arg(long, requires = "source")]
    domain: Option<String>,
}

/// Prints the rules, or what they say of the example.
pub(super) fn run(file: Option<&Path>, example: &Example) -> anyhow::Result<()> {
    if file.is_none() && !Path::new("sidetone.toml").exists() {
        bail!("there is no sidetone.toml here; name the file with --config");
    }
    let config = Settings::default().resolve(file)?;
    let sides = config.sides;
    let database = config.hep.location_database;
    let locations = Locations::load(database.as_deref())?;
    for warning in warnings(&sides) {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    let text = match example.source {
        None => {
            let mut text = table(&sides);
            if let Some(digest) = sides.digest() {
                text.push_str(&format!("digest: {digest}\n"));
            }
            text
        }
        Some(ip) => {
            let side = Side {
                ip,
                agent: example.capture_id,
                host: example.domain.as_deref(),
            };
            let mut text = verdict(&sides, &side);
            if database.is_some() {
                text.push_str(&place(locations.of(ip)));
            }
            text
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn verdict(sides: &Sides, side: &Side<'_>) -> String {
    match sides.rule(side) {
        Some((number, rule)) => format!(
            "rule {number} fits: {}\nthe side is: {}\n",
            conditions(rule),
            meaning(rule)
        ),
        None => "no rule fits; the side keeps what its packets say\n".to_owned(),
    }
}

/// What the location database says of the example's address.
fn place(location: Option<IpLocation>) -> String {
    let Some(IpLocation { country_code, city }) = location else {
        return "location_database does not list the address\n".to_owned();
    };
    let city = city.map(|city| format!(", city {city}"));
    format!(
        "location_database says, where nothing else does: country_code {country_code}{}\n",
        city.unwrap_or_default()
    )
}

fn table(sides: &Sides) -> String {
    if sides.0.is_empty() {
        return "there are no [[side]] rules\n".to_owned();
    }
    let rows: Vec<_> = sides
        .0
        .iter()
        .map(|rule| (conditions(rule), meaning(rule)))
        .collect();
    let width = rows
        .iter()
        .map(|(conditions, _)| conditions.chars().count())
        .max();
    let width = width.unwrap_or(0).max(2);
    let mut text = format!("rule  {:width$}  then\n", "if");
    for (number, (conditions, meaning)) in (1..).zip(&rows) {
        text.push_str(&format!("{number:>4}  {conditions:width$}  {meaning}\n"));
    }
    text
}

/// What is in the file but cannot do what its author meant.
fn warnings(sides: &Sides) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut catch_all = None;
    for (number, rule) in (1..).zip(&sides.0) {
        if let Some(earlier) = catch_all {
            warnings.push(format!(
                "rule {number} is never reached: rule {earlier} before it fits every side"
            ));
        }
        if says(rule, false).is_empty() {
            warnings.push(format!("rule {number} says nothing of the sides it fits"));
        }
        if catch_all.is_none() && says(rule, true).is_empty() {
            catch_all = Some(number);
        }
    }
    warnings
}

fn conditions(rule: &SideRule) -> String {
    joined(&says(rule, true), " and ", "any side")
}

fn meaning(rule: &SideRule) -> String {
    joined(&says(rule, false), ", ", "nothing")
}

fn joined(parts: &[String], by: &str, none: &str) -> String {
    if parts.is_empty() {
        none.to_owned()
    } else {
        parts.join(by)
    }
}

/// The members of a rule that are given, as the file names them: its conditions, or what it says.
fn says(rule: &SideRule, conditions: bool) -> Vec<String> {
    const CONDITIONS: [&str; 3] = ["networks", "capture_ids", "domains"];
    let Ok(Value::Object(members)) = serde_json::to_value(rule) else {
        return Vec::new();
    };
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(|item| {
                item.as_str()
                    .map_or_else(|| item.to_string(), str::to_owned)
            });
            items.collect::<Vec<_>>().join(" or ")
        }
        other => other.to_string(),
    };
    members
        .iter()
        .filter(|(name, _)| CONDITIONS.contains(&name.as_str()) == conditions)
        .map(|(name, value)| format!("{name} {}", shown(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(text: &str) -> Sides {
        #[derive(serde::Deserialize)]
        struct File {
            side: Sides,
        }
        toml::from_str::<File>(text).unwrap().side
    }

    const RULES: &str = "
        [[side]]
        networks = ['203.0.113.0/24', '2001:db8::/32']
        capture_ids = [7]
        edge = 'carrier'
        carrier = 'Example Telecom'
        [[side]]
        location = 'ashburn'
        [[side]]
        domains = ['trunk.example.com']
    ";

    #[test]
    fn says_what_each_rule_does() {
        assert_eq!(
            table(&sides(RULES))
                .lines()
                .map(str::trim_end)
                .collect::<Vec<_>>(),
            [
                "rule  if                                                          then",
                "   1  capture_ids 7 and networks 203.0.113.0/24 or 2001:db8::/32  carrier Example Telecom, edge carrier",
                "   2  any side                                                    location ashburn",
                "   3  domains trunk.example.com                                   nothing",
            ]
        );
    }

    #[test]
    fn says_what_becomes_of_an_example() {
        let side = |ip: &str, agent| Side {
            ip: ip.parse().unwrap(),
            agent,
            host: None,
        };
        let rules = sides(RULES);
        assert!(
            verdict(&rules, &side("203.0.113.7", 7))
                .ends_with("the side is: carrier Example Telecom, edge carrier\n")
        );
        assert!(verdict(&rules, &side("203.0.113.7", 8)).starts_with("rule 2 fits: any side\n"));
        assert!(verdict(&Sides::default(), &side("::1", 8)).starts_with("no rule fits"));
    }

    #[test]
    fn warns_of_rules_that_do_nothing() {
        assert_eq!(
            warnings(&sides(RULES)),
            [
                "rule 3 is never reached: rule 2 before it fits every side",
                "rule 3 says nothing of the sides it fits",
            ]
        );
    }
}
