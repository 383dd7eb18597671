//! The RTCP reports of one call, as the relay writes them down.

use serde_json::json;
use sidetone_core::time::{SECOND_US, TimeUs};

use super::messages::{Messages, Side};
use super::phone::Phone;
use crate::chance::Dice;

/// How often a phone reports.
const INTERVAL_US: i64 = 5 * SECOND_US;
/// Packets a second, and ticks of the codec's clock a packet: 20 ms of PCMU.
const PACKETS_PER_S: i64 = 50;
const TICKS: i64 = 160;
/// From 1900, when NTP begins, to 1970.
const NTP_EPOCH_S: i64 = 2_208_988_800;

/// What a phone has counted of the other's stream.
#[derive(Debug, Default)]
struct Heard {
    expected: i64,
    lost: i64,
    /// The other's last report: the middle of its NTP time, and when it came.
    last: Option<(i64, TimeUs)>,
}

/// Reports of both phones between answer and end: when the relay saw each, whose it is, and its
/// text.
pub(super) fn reports<'a>(
    dice: &mut Dice,
    messages: &'a Messages,
    answered_at: TimeUs,
    ends_at: TimeUs,
) -> Vec<(TimeUs, &'a Phone, String)> {
    let mut heard = [Heard::default(), Heard::default()];
    let mut reports = Vec::new();
    let offset_us = i64::from(dice.between(0, 2_000_000));
    for number in 1.. {
        for (place, side) in [Side::Caller, Side::Callee].into_iter().enumerate() {
            let (phone, other) = (messages.phone(side), messages.phone(side.other()));
            let since_us = number * INTERVAL_US + i64::try_from(place).unwrap_or(0) * offset_us;
            let sent_at = answered_at.plus_us(since_us);
            let seen_at = sent_at.plus_us(phone.delay_us);
            if seen_at >= ends_at {
                return reports;
            }
            let [own, others] = match side {
                Side::Caller => [0, 1],
                Side::Callee => [1, 0],
            };
            let ntp = Ntp::of(sent_at);
            let block = heard[own].block(dice, phone, other, since_us, sent_at);
            heard[others].last = Some((ntp.middle(), seen_at.plus_us(other.delay_us)));
            let packets = since_us * PACKETS_PER_S / SECOND_US;
            let report = json!({
                "sender_information": {
                    "ntp_timestamp_sec": ntp.seconds, "ntp_timestamp_usec": ntp.fraction,
                    "octets": packets * TICKS, "rtp_timestamp": packets * TICKS, "packets": packets,
                },
                "ssrc": phone.ssrc, "type": 200, "report_count": 1, "report_blocks": [block],
            });
            reports.push((seen_at, phone, report.to_string()));
        }
    }
    reports
}

impl Heard {
    /// What a phone says of the other's stream.
    fn block(
        &mut self,
        dice: &mut Dice,
        phone: &Phone,
        other: &Phone,
        since_us: i64,
        sent_at: TimeUs,
    ) -> serde_json::Value {
        let expected = since_us * PACKETS_PER_S / SECOND_US;
        let new = expected - self.expected;
        let share = phone.loss * dice.within(0.3, 1.7);
        let lost = (share * new as f64) as i64;
        self.expected = expected;
        self.lost += lost;
        let (lsr, dlsr) = self.last.map_or((0, 0), |(middle, came_at)| {
            let since_us = sent_at.micros() - came_at.micros();
            (middle, since_us.max(0) * 65_536 / SECOND_US)
        });
        json!({
            "source_ssrc": other.ssrc, "highest_seq_no": 1_000 + expected, "fraction_lost": lost * 256 / new.max(1),
            "ia_jitter": dice.between(phone.jitter_ticks / 2, phone.jitter_ticks * 3 / 2), "packets_lost": self.lost,
            "lsr": lsr, "dlsr": dlsr,
        })
    }
}

/// A time as NTP writes it.
#[derive(Debug, Clone, Copy)]
struct Ntp {
    seconds: i64,
    /// In 2³² to the second.
    fraction: i64,
}

impl Ntp {
    fn of(at: TimeUs) -> Self {
        let us = at.micros();
        Self {
            seconds: us.div_euclid(SECOND_US) + NTP_EPOCH_S,
            fraction: (us.rem_euclid(SECOND_US) << 32) / SECOND_US,
        }
    }

    /// The 32 bits around the point, which reports about it name.
    const fn middle(self) -> i64 {
        (self.seconds & 0xffff) << 16 | self.fraction >> 16
    }
}
