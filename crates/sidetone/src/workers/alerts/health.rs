//! What rules find of the server itself.

use std::collections::HashMap;
use std::time::Duration;

use sidetone_store::Result;

use super::led::Led;
use super::moves::Finding;
use crate::alerts::measure::{Health, Watched};
use crate::app::App;

/// Deliveries that were given up are counted so often, as each of them is looked at.
const COUNTED: Duration = Duration::from_secs(30);

impl Led {
    /// What rules of the server find now.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(super) async fn health(&mut self, app: &App) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (sid, known) in &self.rules {
            let Watched::Health(health) = known.rule.definition.measure else {
                continue;
            };
            let values: Vec<(String, Option<f64>)> = match health {
                Health::SourceSilence => {
                    let passed = app.clock.passed();
                    let silence = |at: Duration| passed.saturating_sub(at).as_secs_f64();
                    let heard = app.counters.heard.last(passed);
                    let mut values: Vec<(String, Option<f64>)> = heard
                        .into_iter()
                        .map(|(agent, at)| (agent.to_string(), Some(silence(at))))
                        .collect();
                    // Of one that was not heard since the start, or for a day, nothing is known.
                    let open = self.open.get(sid).into_iter().flat_map(HashMap::keys);
                    let gone =
                        open.filter(|group| !values.iter().any(|(agent, _)| agent == *group));
                    let gone: Vec<_> = gone.map(|group| (group.clone(), None)).collect();
                    values.extend(gone);
                    values
                }
                Health::DeadLetters => {
                    let passed = app.clock.passed();
                    let counted = match self.dead_letters {
                        Some((at, counted)) if passed < at + COUNTED => counted,
                        _ => {
                            let counted = app.store.stats().await?.dead_letters;
                            self.dead_letters = Some((passed, counted));
                            counted
                        }
                    };
                    vec![(String::new(), Some(counted as f64))]
                }
                Health::DiskFullIn => {
                    let days = app.counters.disk.last().and_then(|(_, days)| days);
                    vec![(String::new(), days.map(|days| days * 24.0))]
                }
            };
            for (group, value) in values {
                let calls = known.rule.definition.min_calls;
                findings.push(Finding {
                    rule: *sid,
                    reading: known.rule.reading(value, None, calls, None),
                    group,
                    calls: Vec::new(),
                });
            }
        }
        Ok(findings)
    }
}
