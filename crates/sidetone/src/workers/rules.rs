//! The rules that calls are held to.

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_core::rules::Rules;
use sidetone_core::sides::Sides;
use sidetone_store::{Result, StoreError};

use crate::app::App;

/// Days before today that rules are frozen for: as long as summaries are kept.
const FROZEN_DAYS: i64 = 400;

/// The rules by day, in memory.
pub(super) struct DayRules {
    by_day: HashMap<i64, Arc<Rules>>,
    /// Those the rules were made with.
    sides: Arc<Sides>,
    /// Whether rules of a day that has none are frozen.
    freezes: bool,
}

impl DayRules {
    pub(super) fn new(app: &App) -> Self {
        Self {
            by_day: HashMap::new(),
            sides: app.sides.get(),
            freezes: true,
        }
    }

    /// Those that are frozen; nothing is written.
    pub(super) fn frozen(app: &App) -> Self {
        Self {
            freezes: false,
            ..Self::new(app)
        }
    }

    /// Makes them anew if other rules of the operator were published.
    pub(super) fn follow_sides(&mut self, app: &App) {
        let sides = app.sides.get();
        if !Arc::ptr_eq(&sides, &self.sides) {
            self.sides = sides;
            self.by_day.clear();
        }
    }

    /// The rules of a day; frozen the first time a call of that day is folded. Calls dated before
    /// everything that is kept teach nothing and are held to the built-in rules.
    pub(super) async fn of(&mut self, day: i64, app: &App) -> Result<Arc<Rules>> {
        let of_operator = |rules: Rules| {
            Arc::new(Rules {
                sides: (*self.sides).clone(),
                ..rules
            })
        };
        if day < app.clock.now().day() - FROZEN_DAYS {
            return Ok(of_operator(Rules::built_in()));
        }
        if let Some(rules) = self.by_day.get(&day) {
            return Ok(rules.clone());
        }
        let rules = match self.freezes {
            true => app.store.freeze_rules(day).await,
            false => {
                let frozen = app.store.rules(day).await;
                frozen.map(|rules| rules.unwrap_or_else(Rules::built_in))
            }
        };
        let rules = match rules {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(
                    day,
                    damage,
                    "the rules of a day cannot be read; its calls are held to the built-in ones"
                );
                Rules::built_in()
            }
            frozen => frozen?,
        };
        let rules = of_operator(rules);
        self.by_day.insert(day, rules.clone());
        Ok(rules)
    }
}
