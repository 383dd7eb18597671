//! What rules that compare weeks compare with: the same time of the day in the weeks before.

use std::collections::HashMap;

use sidetone_core::id::AlertRuleSid;
use sidetone_core::time::{HOUR_US, TimeUs};
use sidetone_store::{Result, StoreError};

use super::led::Led;
use crate::alerts::counted::{queries, values};
use crate::alerts::rule::Rule;
use crate::app::App;

/// How long what was counted is compared with, µs.
const FRESH_US: i64 = HOUR_US / 4;
/// Rules that are counted for at a time.
const AT_ONCE: usize = 4;

impl Led {
    /// Counts what some rules compare with, where it is not known for now.
    pub(super) async fn compare(&mut self, app: &App, now: TimeUs) -> Result<()> {
        let quarter = now.micros().div_euclid(FRESH_US);
        let due = self.rules.iter().filter_map(|(sid, known)| {
            let weeks = known.rule.definition.compare_weeks?;
            (self.compared.get(sid) != Some(&quarter)).then_some((*sid, weeks))
        });
        let due: Vec<(AlertRuleSid, u8)> = due.take(AT_ONCE).collect();
        for (sid, weeks) in due {
            let Some(known) = self.rules.get(&sid) else {
                continue;
            };
            match means(app, &known.rule, weeks, now).await {
                Ok(means) => self.watches.compare(sid, means),
                Err(StoreError::TooExpensive(why)) => {
                    tracing::warn!(
                        rule.sid = %sid, why,
                        "the weeks before are too dear to count for a rule: it compares with nothing"
                    );
                    self.watches.compare(sid, HashMap::new());
                }
                Err(error) => return Err(error),
            }
            self.compared.insert(sid, quarter);
        }
        Ok(())
    }
}

/// The mean over the weeks before, by group. A week in which a group had too few calls does not count.
async fn means(app: &App, rule: &Rule, weeks: u8, now: TimeUs) -> Result<HashMap<String, f64>> {
    let mut sums: HashMap<String, (f64, u32)> = HashMap::new();
    for week in 1..=weeks {
        let until = rule.weeks_before(now, week);
        let Some(queries) = queries(rule, until.plus_us(-rule.window_us()), until) else {
            break;
        };
        let told = app.store.statistics(&queries).await?;
        for counted in values(rule, &told) {
            let is_enough = counted.calls >= rule.definition.min_calls.max(1);
            if let Some(value) = counted.value.filter(|_| is_enough) {
                let sum = sums.entry(counted.group).or_default();
                sum.0 += value;
                sum.1 += 1;
            }
        }
    }
    let mean = |(group, (sum, of)): (String, (f64, u32))| (group, sum / f64::from(of));
    Ok(sums.into_iter().map(mean).collect())
}
