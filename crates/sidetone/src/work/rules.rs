//! The rules that calls are judged by.

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_core::rules::Rules;
use sidetone_store::{Result, StoreError};

use crate::app::App;
use crate::tables::Tables;

/// Days before today that rules are frozen for: as long as summaries are kept.
const FROZEN_DAYS: i64 = 400;

/// The rules by day, in memory.
pub(super) struct DayRules {
    by_day: HashMap<i64, Arc<Rules>>,
    /// Those the rules were made with.
    tables: Arc<Tables>,
}

impl DayRules {
    pub(super) fn new(app: &App) -> Self {
        Self {
            by_day: HashMap::new(),
            tables: app.tables.get(),
        }
    }

    /// Makes them anew if the configuration was read again.
    pub(super) fn follow_tables(&mut self, app: &App) {
        let tables = app.tables.get();
        if !Arc::ptr_eq(&tables, &self.tables) {
            self.tables = tables;
            self.by_day.clear();
        }
    }

    /// The rules of a day; frozen the first time a call of that day is folded. Calls dated before
    /// everything that is kept teach nothing and are judged by the built-in rules.
    pub(super) async fn of(&mut self, day: i64, app: &App) -> Result<Arc<Rules>> {
        let of_operator = |rules: Rules| {
            Arc::new(Rules {
                sides: self.tables.sides.clone(),
                ..rules
            })
        };
        if day < app.clock.now().day() - FROZEN_DAYS {
            return Ok(of_operator(Rules::built_in()));
        }
        if let Some(rules) = self.by_day.get(&day) {
            return Ok(rules.clone());
        }
        let rules = match app.store.freeze_rules(day).await {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(
                    day,
                    damage,
                    "the rules of a day cannot be read; its calls are judged by the built-in ones"
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
