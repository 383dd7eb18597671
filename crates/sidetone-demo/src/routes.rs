//! How well a route carries calls, and when it does not.

use sidetone_core::time::{HOUR_US, TimeUs};

use super::chance::Dice;

/// What happens to one stream of packets on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conditions {
    /// Share of packets lost, 0–1.
    pub(super) loss: f64,
    /// Mean interarrival jitter, ms.
    pub(super) jitter_ms: f64,
    /// Probability that a report of ten seconds holds a spike of jitter.
    pub(super) spikes: f64,
    /// Mean time through the platform, ms.
    pub(super) latency_ms: f64,
    /// Mean round-trip time, ms; SDKs report it.
    pub(super) rtt_ms: f64,
    /// No packet comes at all.
    pub(super) silent: bool,
}

impl Conditions {
    /// A route on a good day.
    pub(super) fn good(dice: &mut Dice) -> Self {
        let mut conditions = Self {
            loss: if dice.happens(0.7) {
                0.0
            } else {
                dice.within(0.0, 0.006)
            },
            jitter_ms: dice.within(0.4, 3.4),
            spikes: if dice.happens(0.1) { 0.05 } else { 0.0 },
            latency_ms: dice.within(18.0, 62.0),
            rtt_ms: dice.within(28.0, 110.0),
            silent: false,
        };
        // Now and then a call is unlucky on the best of routes.
        if dice.happens(0.02) {
            conditions.loss += dice.within(0.01, 0.07);
        }
        if dice.happens(0.02) {
            conditions = conditions.with_jitter(dice.within(6.0, 14.0));
        }
        conditions
    }

    /// What our own software sends: as good as it gets.
    pub(super) fn own(dice: &mut Dice) -> Self {
        Self {
            loss: 0.0,
            jitter_ms: dice.within(0.1, 0.6),
            spikes: 0.0,
            latency_ms: dice.within(18.0, 62.0),
            rtt_ms: 0.0,
            silent: false,
        }
    }

    /// The same with more jitter, half of the reports holding a spike.
    fn with_jitter(self, jitter_ms: f64) -> Self {
        Self {
            jitter_ms,
            spikes: 0.5,
            ..self
        }
    }

    /// How well one can talk through this, 1 (not) to 5 (as if in one room). A listener's view, not
    /// a standard's.
    pub(super) fn pleasure(self) -> f64 {
        if self.silent {
            return 1.0;
        }
        let loss = self.loss * 30.0;
        let jitter = (self.jitter_ms - 5.0).max(0.0) * 0.09;
        let latency = (self.latency_ms - 120.0).max(0.0) / 90.0;
        let rtt = (self.rtt_ms - 280.0).max(0.0) / 160.0;
        (4.8 - loss - jitter - latency - rtt).clamp(1.0, 5.0)
    }
}

/// The conditions towards a carrier at some time.
pub(super) fn towards(carrier: &str, at: TimeUs, dice: &mut Dice) -> Conditions {
    let good = Conditions::good(dice);
    let hour = at.hour().rem_euclid(24);
    let weekend = matches!(at.day().rem_euclid(7), 2 | 3);
    match carrier {
        // Its interconnection is too narrow for the evening.
        "Cascade Wireless" if (17..20).contains(&hour) => Conditions {
            loss: dice.within(0.015, 0.11),
            jitter_ms: dice.within(3.0, 9.0),
            spikes: 0.3,
            ..good
        },
        // A flapping link in the early hours.
        "Rheinfunk" if (5..9).contains(&hour) && dice.happens(0.6) => {
            good.with_jitter(dice.within(7.0, 24.0))
        }
        // Weekend calls take the long way round.
        "Bluewater Voice" if weekend || hour >= 22 => Conditions {
            latency_ms: dice.within(120.0, 260.0),
            rtt_ms: dice.within(250.0, 480.0),
            ..good
        },
        // One border controller in thirty forgets to open a port.
        "Lumière Télécom" if dice.happens(0.06) => Conditions {
            silent: true,
            ..good
        },
        _ if dice.happens(0.006) => Conditions {
            silent: true,
            ..good
        },
        _ => good,
    }
}

/// By how much alerting takes longer than usual.
pub(super) fn pdd_factor(carrier: &str, at: TimeUs, dice: &mut Dice) -> f64 {
    match carrier {
        // Every third day its calls go through a second transit carrier.
        "Coolibah Mobile" if at.day().rem_euclid(3) == 0 => dice.within(1.3, 2.4),
        "Nordwort Telefon" if (11..13).contains(&at.hour().rem_euclid(24)) => dice.within(1.0, 2.0),
        _ => 1.0,
    }
}

/// How busy an hour is, 0–1: offices of three continents.
pub(super) fn busyness(at: TimeUs) -> f64 {
    const BY_HOUR: [f64; 24] = [
        0.30, 0.26, 0.22, 0.20, 0.20, 0.26, 0.36, 0.55, 0.74, 0.84, 0.86, 0.84, 0.85, 0.94, 1.0,
        1.0, 0.98, 0.92, 0.82, 0.70, 0.60, 0.50, 0.42, 0.35,
    ];
    let hour = usize::try_from(at.hour().rem_euclid(24)).unwrap_or(0);
    let next = BY_HOUR[(hour + 1) % 24];
    let share = at.micros().rem_euclid(HOUR_US) as f64 / HOUR_US as f64;
    let weekend = matches!(at.day().rem_euclid(7), 2 | 3);
    (BY_HOUR[hour] * (1.0 - share) + next * share) * if weekend { 0.6 } else { 1.0 }
}

/// What reaches an agent's headset and what comes from it, by how the agent is connected.
pub(super) fn internet(access: Access, dice: &mut Dice) -> Conditions {
    let good = Conditions::good(dice);
    match access {
        Access::Office => Conditions {
            rtt_ms: dice.within(18.0, 60.0),
            ..good
        },
        Access::HomeWifi if dice.happens(0.22) => Conditions {
            loss: dice.within(0.01, 0.09),
            rtt_ms: dice.within(60.0, 220.0),
            ..good.with_jitter(dice.within(5.0, 22.0))
        },
        Access::HomeWifi => Conditions {
            rtt_ms: dice.within(35.0, 120.0),
            ..good
        },
        Access::Mobile if dice.happens(0.3) => Conditions {
            loss: dice.within(0.005, 0.12),
            rtt_ms: dice.within(220.0, 620.0),
            ..good.with_jitter(dice.within(4.0, 18.0))
        },
        Access::Mobile => Conditions {
            rtt_ms: dice.within(70.0, 200.0),
            ..good
        },
    }
}

/// How an agent's device reaches the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Wired, in the office.
    Office,
    /// A wireless network at home.
    HomeWifi,
    /// A telephone on the move.
    Mobile,
}
